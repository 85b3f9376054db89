/** What a component is lent when it is to say, before anything runs, whether all that it needs is there. */

import type { Batch } from "./batch.ts";
import { ConstantColumn } from "./columns.ts";
import type { Session } from "./session.ts";

/** How things stand: nothing to do; worth knowing; a run would fail or do harm. */
export type Level = "ok" | "warning" | "problem";

/** One line of `runner doctor`: what is so and, unless it is well, what to do. */
export interface Verdict {
  readonly level: Level;
  /** Stable, for tools. */
  readonly code: string;
  readonly message: string;
  /** The name in the component's YAML that it is about. */
  readonly subject?: string | undefined;
  /** The character of the subject that it is about, from 1. */
  readonly position?: number | undefined;
  /** Whether it is about this machine (disk, accounts): `validate --connect`, which asks the database, leaves it out. */
  readonly isLocal?: boolean;
  /** Whether it is the cause of whatever else would be found, so that nothing else is worth telling. */
  readonly isDecisive?: boolean;
}

/** A verdict out of a message of the catalogue. */
export const judged = (level: Level, { code, message, subject, position }: Said): Verdict => ({
  level,
  code,
  message,
  subject,
  ...(position ? { position } : {}),
});

type Said = Pick<Verdict, "code" | "message" | "subject" | "position">;

/** The same about this machine. */
export const judgedHere = (level: Level, error: Said) => ({
  ...judged(level, error),
  isLocal: true,
});

/** All is well; `what` was looked at. */
export const well = (what: string, message: string): Verdict => ({
  level: "ok",
  code: what,
  message,
});

/** What will be there when a flow begins: made by the pipeline's setup, or by an earlier flow. */
export interface Coming {
  hasTable(table: string): boolean;
  /** Whether what makes or alters the table knows a column of that name. */
  hasColumn(table: string, column: string): boolean;
  /** Whether what makes or alters any table knows a column of that name: for messages that do not say which table. */
  hasColumnSomewhere(column: string): boolean;
  hasUniqueIndex(table: string): boolean;
  /** Names of the schemas and extensions that setup makes. */
  readonly containers: readonly string[];
  /** The same, for another walk that is to note by itself what sinks write. */
  copy(): Coming;
  /** Notes that a sink writes a table, and makes these columns if it is not there. */
  noteWritten(table: string, made: readonly string[]): void;
  /** Whether setup or an earlier flow writes the table: what is in it now says nothing. */
  isWritten(table: string): boolean;
}

/** The same where something may make anything besides: a part of the pipeline that could not be read. */
export const anythingComing = (known: Coming): Coming => ({
  ...known,
  hasTable: () => true,
  hasColumn: () => true,
  hasColumnSomewhere: () => true,
  hasUniqueIndex: () => true,
  isWritten: () => true,
  copy: () => anythingComing(known.copy()),
});

/** What a component is lent for its examination. */
export interface View {
  /** What comes: the columns as far as they are known, and the records that are known already. */
  readonly batch: Batch;
  readonly coming: Coming;
  readonly signal: AbortSignal;
  /**
   * Asks the database, inside a read-only transaction. What is thrown becomes a problem, unless it only says
   * that something is not there yet; the answer is undefined then, and where there is no database to ask.
   */
  ask<T>(work: (session: Session) => Promise<T>): Promise<T | undefined>;
  tell(finding: Verdict): void;
}

/** A column of which the database has told the type, and no value yet. */
export class TypedColumn extends ConstantColumn {
  readonly type: string;

  constructor(type: string) {
    super(null);
    this.type = type;
  }
}
