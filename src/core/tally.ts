import type { Batch, Input, Rejected } from "./batch.ts";
import type { Commit } from "./component.ts";
import type { Session } from "./session.ts";

/** What a batch adds to the account; a batch itself will do. */
export type Taken = Pick<Batch, "read" | "unchanged" | "filtered" | "rejects">;

/** What became of the records of one transaction. A sink gets it from its context, one per commit. */
export interface Tally {
  /** Counts a batch in: its records read, unchanged, filtered and rejected. The sink calls it once per batch. */
  take(batch: Taken): void;
  /**
   * Sets aside records that the target refused, and writes all rejects so far into the run's state, inside the
   * session's open transaction. The sink calls it once per chunk: the next one is in the making meanwhile.
   */
  refuse(session: Session, rejected: readonly Rejected[]): Promise<void>;
  /**
   * Remembers, inside the session's transaction, that this input goes into a target; false when an
   * earlier run of the flow has brought it there.
   */
  firstTime(session: Session, target: string, input: Input): Promise<boolean>;
  /**
   * Writes counts and the last rejects into the run's state inside the session's open transaction, judges the
   * reject limits, renews the run's lease, and commits. The result is what the sink yields.
   */
  commit(session: Session, counts: Partial<Commit & Changes & Findings>): Promise<Commit>;
}

/** What an update changed, for people. */
export interface Changes {
  /** Rows updated, by column. */
  readonly changes: Readonly<Record<string, number>>;
  /** A few of each column. */
  readonly examples: readonly {
    readonly key: string;
    readonly label: string | null;
    readonly column: string;
    readonly old: string | null;
    readonly new: string | null;
  }[];
}

/** A row that a person should look at, or know what happened to. */
export interface Finding {
  readonly kind:
    | "held"
    | "overruled"
    | "corrected"
    | "superseded"
    | "adoptable"
    | "adopted"
    | "rekeyed"
    | "vanished"
    | "deleted";
  /** The row's key, for people. */
  readonly key: string;
  /** What says to people which row it is, besides the key: its number, its name. */
  readonly label: string | null;
  /** Null when it is about the whole row. */
  readonly column: string | null;
  readonly old: string | null;
  readonly new: string | null;
}

/** `2, 1234 (id_synthese 4711, Aglais io)`: a row as people look it up. */
export const rowOf = ({ key, label }: Pick<Finding, "key" | "label">): string =>
  label === null ? key : `${key} (${label})`;

/** They are stored in `runner.finding`, with the rows they are about. */
export interface Findings {
  readonly findings: readonly Finding[];
}
