/**
 * Tells rows that the server might refuse from those that it surely takes.
 *
 * One bad row aborts a whole COPY. When a chunk was refused for a column, the values of that column are
 * looked at from then on: rows whose value is not of the plainest form that its type accepts are sent
 * apart, where the server judges them one by one. A form that is too strict costs time, never a row.
 */

import type { DatabaseError } from "../core/session.ts";
import { newSplitter } from "../core/split.ts";
import type { TargetColumn, TargetTable } from "./catalog.ts";

/** Whether the server surely takes this value (COPY text without escapes) for a column. */
export type Guard = (value: string) => boolean;

const DATE = "\\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30))";
const TIME = "(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,6})?)?";
const NUMBER = /^-?\d{1,15}(?:\.\d{1,15})?$/;

/** Forms that need no second look, by type. */
const PLAIN: Readonly<Record<string, RegExp>> = {
  smallint: /^-?\d{1,4}$/,
  integer: /^-?\d{1,9}$/,
  bigint: /^-?\d{1,18}$/,
  numeric: NUMBER,
  real: NUMBER,
  "double precision": NUMBER,
  boolean: /^(?:true|false|t|f)$/,
  date: new RegExp(`^${DATE}$`),
  "timestamp without time zone": new RegExp(`^${DATE}(?:[ T]${TIME})?$`),
  "timestamp with time zone": new RegExp(`^${DATE}(?:[ T]${TIME}Z?)?$`),
  uuid: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
};

const NULL = "\\N";

/** The guard that would have kept the refused row out of its COPY, and the column's position; or undefined. */
export const guardFor = (
  error: DatabaseError,
  table: TargetTable,
  names: readonly string[],
): { position: number; guard: Guard } | undefined => {
  const name = error.column ?? columnOf(error);
  const column = table.columns.find((candidate) => candidate.name === name);
  const guard = column && guardOf(column);
  return guard && { position: names.indexOf(column.name), guard };
};

/** The column in `COPY table, line 2, column a: "zz"`. */
const columnOf = ({ where }: DatabaseError): string | undefined =>
  /^COPY .*?, line \d+, column ([^:]+)(?::|$)/m.exec(where ?? "")?.[1];

const guardOf = (column: TargetColumn): Guard | undefined => {
  const { maxLength, isNotNull } = column;
  const form = column.hasModifier ? undefined : PLAIN[column.type];
  if (form === undefined && maxLength === undefined && !isNotNull) return undefined;
  return (value) => {
    if (value === NULL) return !isNotNull;
    return (form?.test(value) ?? true) && value.length <= (maxLength ?? value.length);
  };
};

/** Rows of COPY text, apart: those that all guards let pass, and the others with their numbers. */
export interface Parted {
  /** Valid until the next chunk is parted. */
  readonly plain: Buffer;
  readonly suspect: Buffer;
  readonly plainRows: number;
  readonly suspectRows: readonly number[];
}

/** Parts chunk after chunk; chunks are megabytes, so what is plain of each lies in the same memory. */
export const newPartition = (columns: number, guards: ReadonlyMap<number, Guard>) => {
  const split = newSplitter();
  let room = Buffer.alloc(0);
  const joined = (pieces: readonly Buffer[], most: number): Buffer => {
    if (room.length < most) room = Buffer.allocUnsafeSlow(most);
    let end = 0;
    for (const piece of pieces) end += piece.copy(room, end);
    return room.subarray(0, end);
  };
  return (data: Buffer): Parted => {
    const plain: Buffer[] = [];
    const suspect: Buffer[] = [];
    const suspectRows: number[] = [];
    // COPY text has no raw tab or line end inside a value.
    const { fences, starts } = split(data, { separator: TAB, fields: columns });
    const isPlain = (first: number): boolean => {
      for (const [column, guard] of guards) {
        const start = (fences[first + column] ?? 0) + 1;
        if (!guard(data.toString("utf8", start, fences[first + column + 1]))) return false;
      }
      return true;
    };
    let plainStart = 0;
    for (let row = 0; row < starts.length; row++) {
      if (isPlain(row * (columns + 1))) continue;
      const [start, end] = [starts[row], starts[row + 1] ?? data.length];
      plain.push(data.subarray(plainStart, start));
      suspect.push(data.subarray(start, end));
      suspectRows.push(row);
      plainStart = end;
    }
    plain.push(data.subarray(plainStart));
    return {
      plain: suspect.length === 0 ? data : joined(plain, data.length),
      suspect: Buffer.concat(suspect),
      plainRows: starts.length - suspectRows.length,
      suspectRows,
    };
  };
};

const TAB = 0x09;
