/** What is said of a table that a run empties: how much it held, and what of that is not loaded anew. */

import type { Context } from "./component.ts";
import { count } from "./progress.ts";
import type { Forgotten } from "./replayed.ts";

/** What a table held before it was emptied. */
export interface Held {
  readonly any: boolean;
  /** How many rows, counted up to a limit: in a plan alone, as it takes long. Undefined where the role may not read them. */
  readonly rows?: number;
}

/** Counting more takes longer than anybody wants to know it exactly. */
export const COUNTED_ROWS = 1_000_000;

/** Says in a plan how many rows go, and always which of them nobody but a person brings back. */
export const tellReplaced = (
  table: string,
  { held: { rows = 0 }, inserted, forgotten }: Replaced,
  { log, mode }: Context,
): void => {
  if (mode === "plan" && rows > 0 && inserted > 0) {
    const before = rows > COUNTED_ROWS ? `more than ${count(COUNTED_ROWS)}` : count(rows);
    const now = inserted === 1 ? "1 row takes" : `${count(inserted)} rows take`;
    log.info(`\`${table}\`: ${now} the place of the ${before} it held.`);
  }
  if (forgotten === undefined) return;
  const { records, file } = forgotten;
  const they =
    records === 1
      ? "1 of its rows is a record that was"
      : `${count(records)} of its rows are records that were`;
  const when = mode === "plan" ? "after such a run" : "after this run";
  log.warn(
    `\`${table}\` is emptied, and ${they} repaired and replayed: replay ${file} again ${when}.`,
  );
};

interface Replaced {
  readonly held: Held;
  readonly inserted: number;
  readonly forgotten: Forgotten | undefined;
}

/** Says after a replay that its rows do not outlive the next run. */
export const tellUntilNext = (
  table: string,
  { name, inserted }: { name: string; inserted: number },
  { log }: Context,
): void => {
  const they = inserted === 1 ? "this record" : "these records";
  log.info(
    `The next run empties \`${table}\` (\`mode: replace\`), ${they} with it: replay ${name} again after it.`,
  );
};
