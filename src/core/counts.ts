/** What became of records, in numbers, and where a run stores them. */

import type { Commit } from "./component.ts";
import type { Session } from "./session.ts";

/** `read` is the sum of those in `COUNTED`, each counted where it happens. */
export interface Counts extends Commit {
  readonly read: number;
  readonly rejected: number;
  readonly filtered: number;
}

/** The counts of a flow, in the order in which people read them. */
export const COUNTED = [
  "read",
  "inserted",
  "updated",
  "unchanged",
  "held",
  "rejected",
  "filtered",
] as const;

/** Counts beside the account: of rows that are counted above too, or that are no records of this run. */
export const NOTED = ["adopted", "rekeyed", "vanished", "deleted", "staged"] as const;

const STORED = [...COUNTED, ...NOTED] as const;

/** Of a transaction that did nothing to its target. */
export const NO_ROWS: Commit = {
  inserted: 0,
  updated: 0,
  unchanged: 0,
  held: 0,
  adopted: 0,
  rekeyed: 0,
  vanished: 0,
  deleted: 0,
  staged: 0,
};

/** Of a flow that read nothing. */
export const NOTHING: Counts = { ...NO_ROWS, read: 0, rejected: 0, filtered: 0 };

/** Whether each record that was read is counted once more, as what became of it. */
export const addsUp = ({ read, inserted, updated, unchanged, held, rejected, filtered }: Counts) =>
  read === inserted + updated + unchanged + held + rejected + filtered;

/** Records that the target has now as they were read. */
export const loadedOf = ({ inserted, updated, unchanged }: Commit): number =>
  inserted + updated + unchanged;

/** Of two transactions together. */
export const sum = (a: Counts, b: Counts): Counts =>
  Object.fromEntries(STORED.map((name) => [name, a[name] + b[name]])) as unknown as Counts;

/**
 * Adds the counts of a transaction to those of the run's flow, inside the session's transaction; `columns` are
 * those of the records that were set aside.
 */
export const storeCounts = async (
  session: Session,
  counts: Counts,
  { run, flow, columns }: { run: string; flow: string; columns: readonly string[] },
): Promise<void> => {
  await session.query(WRITE_COUNTS, [
    run,
    flow,
    ...STORED.map((name) => counts[name]),
    counts.rejected > 0 ? columns : null,
  ]);
};

const WRITE_COUNTS = `
insert into runner.flow (run, flow, ${STORED.join(", ")}, reject_columns)
values ($1, $2, ${STORED.map((_, index) => `$${index + 3}`).join(", ")}, $${STORED.length + 3}::text[])
on conflict (run, flow) do update set committed_at = now(),
  reject_columns = coalesce(excluded.reject_columns, flow.reject_columns),
  ${STORED.map((name) => `${name} = flow.${name} + excluded.${name}`).join(", ")}`;
