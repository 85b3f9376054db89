/** What the steps of a merge share. */

import type { Rejected } from "../../core/batch.ts";
import type { Session } from "../../core/session.ts";
import type { Changes, Findings } from "../../core/tally.ts";
import type { Chunk } from "../chunks.ts";
import type { Adopt } from "./adopt-sql.ts";
import type { MergeShape } from "./shape.ts";
import type { UniqueKey } from "./unique-key.ts";

/** What became of the rows of a chunk. */
export interface Merged extends Changes, Findings {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Changed rows that were left as they are. */
  readonly held: number;
  /** Rows of another origin that have the key of a row of this flow from now on. */
  readonly adopted: number;
  /** Rows of the flow's own that have got a new key. */
  readonly rekeyed: number;
  readonly rejected: readonly Rejected[];
}

/** Of a chunk without a row to write. */
export const NOTHING_MERGED: Merged = {
  inserted: 0,
  updated: 0,
  unchanged: 0,
  held: 0,
  adopted: 0,
  rekeyed: 0,
  findings: [],
  rejected: [],
  changes: {},
  examples: [],
};

/** Of two parts. */
export const sum = (a: Merged, b: Merged): Merged => {
  const changes = { ...a.changes };
  for (const [name, rows] of Object.entries(b.changes)) changes[name] = (changes[name] ?? 0) + rows;
  return {
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    unchanged: a.unchanged + b.unchanged,
    held: a.held + b.held,
    adopted: a.adopted + b.adopted,
    rekeyed: a.rekeyed + b.rekeyed,
    findings: [...a.findings, ...b.findings],
    rejected: [],
    changes,
    examples: [...a.examples, ...b.examples],
  };
};

/** Merges a chunk in the session's open transaction, for the first time if nothing else is said. */
export type Merger = (chunk: Chunk, attempt?: number) => Promise<Merged>;

/** What the flow's columns are to the target, and what is remembered of its rows. */
export interface MergeParts {
  readonly shape: MergeShape;
  readonly unique: UniqueKey;
  /** The track table for SQL. */
  readonly track: string;
  /** Whose rows of the track they are. */
  readonly pipeline: string;
  /** The table, for SQL, of what was written into each column; undefined where nothing outlasts the flow. */
  readonly written: string | undefined;
  readonly adopt: Adopt | undefined;
}

/** What a merge needs to know besides the rows. */
export interface MergeSettings extends MergeParts {
  readonly run: string;
  /** Other sessions merge at the same time; each chunk is a transaction then. */
  readonly isShared: boolean;
  /** The flow under which all that is written becomes findings; undefined where nobody asked for a list. */
  readonly listedAs: string | undefined;
}

/** A chunk on its way into the target. */
export interface Merge {
  readonly session: Session;
  readonly settings: MergeSettings;
  readonly where: string;
  /** Columns of which the flow has an example: no more are looked for. */
  readonly exemplified: Set<string>;
  /** What does not go may be another session's doing: the chunk is to be merged once more before rows are judged. */
  readonly isHasty: boolean;
}
