/** Which rejects were repaired and are loaded: `runner.replayed`. */

import type { Session } from "./session.ts";

/** Those of some rejects that were repaired and are loaded by now, by flow and name: `flow id`. */
export const replayedRejects = async (
  session: Session,
  pipeline: string,
  flows: readonly string[],
): Promise<ReadonlySet<string>> => {
  const { rows } = await session.query<{ name: string }>(
    `select flow || ' ' || reject as name from runner.replayed where pipeline = $1 and flow = any($2)`,
    [pipeline, flows],
  );
  return new Set(rows.map(({ name }) => name));
};

/** Remembers inside the session's transaction which repaired records it brings. */
export const rememberReplayed = async (
  session: Session,
  { pipeline, flow, run }: { pipeline: string; flow: string; run: string },
  ids: readonly string[],
): Promise<void> => {
  await session.query(
    `insert into runner.replayed (pipeline, flow, reject, run)
     select $1, $2, id, $3 from unnest($4::text[]) as id on conflict do nothing`,
    [pipeline, flow, run, ids],
  );
};
