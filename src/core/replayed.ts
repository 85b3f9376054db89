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

/** The columns that a flow's rejects had, a list for each time that they were others; the latest first. */
export const rejectedColumns = async (
  session: Session,
  pipeline: string,
  flow: string,
): Promise<(readonly string[])[]> => {
  const { rows } = await session.query<{ columns: string[] }>(
    `select columns from (
       select f.reject_columns as columns, r.run from runner.flow f join runner.run r using (run)
        where r.pipeline = $1 and f.flow = $2 and r.replay is null
       union all
       select array(select jsonb_array_elements_text(undone -> 'columns')), run from runner.run
        where pipeline = $1 and undone ->> 'flow' = $2 and replay is null
     ) as known
      where columns <> '{}' group by columns order by max(run) desc`,
    [pipeline, flow],
  );
  return rows.map(({ columns }) => columns);
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

/** Repaired records that go with the rows of a table, and the file that brought the last of them. */
export interface Forgotten {
  readonly records: number;
  readonly file: string;
}

/**
 * Forgets inside the session's transaction what was replayed into a table that is emptied: those records are
 * rejects again, and the same file brings them again. Gives what that was; undefined when it was nothing.
 */
export const forgetReplayed = async (
  session: Session,
  { pipeline, flow }: { pipeline: string; flow: string },
): Promise<Forgotten | undefined> => {
  // Asked first, so that a role without the right to delete needs it only for this.
  const { rows } = await session.query<{ records: number; file: string | null }>(
    `select (select count(*) from runner.replayed where pipeline = $1 and flow = $2)::int as records,
            (select r.replay from runner.replayed d join runner.run r using (run)
              where d.pipeline = $1 and d.flow = $2 order by d.run desc limit 1) as file`,
    [pipeline, flow],
  );
  const [{ records, file } = { records: 0, file: null }] = rows;
  if (records === 0) return undefined;
  await session.query("delete from runner.replayed where pipeline = $1 and flow = $2", [
    pipeline,
    flow,
  ]);
  return { records, file: file ?? "their file" };
};
