/** The names of the temporary tables of a merge, and of their columns. */

import { quoted } from "../names.ts";

/** The row's number in its chunk. */
export const NUMBER = "runner_n";
/** The hash of what is compared. */
export const HASH = "runner_hash";
/** The hash of the record as it was read. */
export const INPUT = "runner_input";

/** What is asked of the target first: number, key and hashes. */
export const PROBE = "pg_temp.runner_probe";
/** The rows that may differ from the target, as they came. */
export const STAGE = "pg_temp.runner_stage";
/** The same with everything derived: a view. */
export const ROW = "pg_temp.runner_row";
/** How they differ. */
export const DIFF = "pg_temp.runner_diff";
/** New rows whose unique value the target has already. */
export const CONFLICT = "pg_temp.runner_conflict";
/** Rows whose key a row of the target has got: one of another origin (`adopted`), or the flow's own (`rekeyed`). */
export const MOVED = "pg_temp.runner_moved";
/** What the server said of rows that were tried one by one. */
export const JUDGED = "pg_temp.runner_judged";
/** Rows that are set aside, and why. */
export const REFUSED = "pg_temp.runner_refused";
/** What a person should know of the rows of a chunk. */
export const FOUND = "pg_temp.runner_finding";
/** Numbers of the staged rows whose key the target does not have. */
export const FRESH = "pg_temp.runner_fresh";
/** Values of `adopt`'s `within` whose rows are in `ADOPTABLE`. */
export const ADOPT_SCOPE = "pg_temp.runner_adopt_scope";
/** Rows of other origins that records of this flow may be. */
export const ADOPTABLE = "pg_temp.runner_adoptable";
/** Which of them a record of this chunk may be. */
export const MATCH = "pg_temp.runner_match";
/** Rows whose record is gone. */
export const GONE = "pg_temp.runner_gone";
/** What is to be updated, old and new, where a plan lists it. */
export const LISTED = "pg_temp.runner_listed";
/** What is remembered where no table is named for it. */
export const TRACK = "pg_temp.runner_track";

/** The name of a column with the primary key of the target's row. */
export const rowColumn = (name: string): string => quoted(`row ${name}`);
