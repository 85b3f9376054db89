import type { Rejected } from "../core/batch.ts";
import { rowsSuppressed } from "../core/errors.ts";
import type { DatabaseError, Session } from "../core/session.ts";
import { attempt } from "./attempt.ts";
import type { TargetTable } from "./catalog.ts";
import type { CopyRows } from "./chunks.ts";
import { quotedList } from "./names.ts";
import { insertOneByOne } from "./one-by-one.ts";
import { type Guard, guardFor, newPartition } from "./suspects.ts";

/** What became of a chunk. */
export interface Loaded {
  readonly inserted: number;
  readonly rejected: readonly Rejected[];
}

/**
 * Loads chunks into a table by COPY, each in a savepoint; what the server refuses, for whatever reason,
 * becomes rejects and the rest is loaded.
 *
 * A refused chunk is rolled back. If the refusal names a column, rows whose value of it is not plain are
 * set apart and the others are sent again; otherwise all count as suspect. Suspects go through a table
 * of text columns and are inserted one by one, so that the server says of each what it thinks.
 */
export const chunkLoader = (session: Session, table: TargetTable, names: readonly string[]) => {
  const copy = `copy ${table.sql} (${quotedList(names)}) from stdin`;
  /** By position in `names`; learned from refusals, and used for every chunk after. */
  const guards = new Map<number, Guard>();

  let partition: ReturnType<typeof newPartition> | undefined;
  const apart = (data: Buffer) => {
    partition ??= newPartition(names.length, guards);
    return partition(data);
  };

  /** Undefined when it was loaded. */
  const send = async (data: Buffer, rows: number): Promise<DatabaseError | undefined> => {
    if (rows === 0) return undefined;
    return attempt(session, async () => {
      const inserted = await session.copyIn(copy, data);
      if (inserted !== rows) throw rowsSuppressed(table.name, rows - inserted);
    });
  };

  return async (chunk: CopyRows): Promise<Loaded> => {
    for (;;) {
      const parts = guards.size > 0 ? apart(chunk.data) : wholly(chunk);
      const refusal = await send(parts.plain, parts.plainRows);
      if (refusal === undefined) {
        return oneByOne(chunk, parts.suspect, parts.suspectRows, parts.plainRows);
      }
      const learned = guardFor(refusal, table, names);
      if (!learned || guards.has(learned.position)) {
        // Nothing more to be learned from the refusal: every row is a suspect.
        return oneByOne(chunk, chunk.data, [...Array(chunk.rows).keys()], 0);
      }
      guards.set(learned.position, learned.guard);
    }
  };

  async function oneByOne(
    chunk: CopyRows,
    data: Buffer,
    rows: readonly number[],
    copied: number,
  ): Promise<Loaded> {
    if (rows.length === 0) return { inserted: copied, rejected: [] };
    const { inserted, refused } = await insertOneByOne(session, { table, names, data });
    if (inserted + refused.length !== rows.length) {
      throw rowsSuppressed(table.name, rows.length - inserted - refused.length);
    }
    const rejected = refused.map(({ row, ...reason }) => ({
      ...chunk.record(rows[row] as number),
      ...reason,
    }));
    return { inserted: copied + inserted, rejected };
  }
};

const wholly = (chunk: CopyRows) => ({
  plain: chunk.data,
  plainRows: chunk.rows,
  suspect: Buffer.alloc(0),
  suspectRows: [],
});
