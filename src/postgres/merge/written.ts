/**
 * What a merge has written into each column of a row: a hash of the value, beside the track. By it a value that
 * a person has corrected is told from one whose record has changed.
 */

import { trackDiffers } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { findTable, type TargetColumn } from "../catalog.ts";
import { quoted, quotedList, quotedTable } from "../names.ts";
import { sameKey } from "./key-sql.ts";
import type { MergeShape } from "./shape.ts";

/** The table beside a track. */
export const writtenTable = (track: string): string => `${track}_written`;

/** The columns that are remembered: those that an update may write, each as a whole. */
export const writtenColumns = ({ columns }: Pick<MergeShape, "columns">): TargetColumn[] =>
  columns.flatMap(({ target, json, isUpdated }) => (json || !isUpdated ? [] : [target]));

/** The hash of a value, which is never null: 0 is that of an empty one. */
export const hashOf = (alias: string, { name, type }: TargetColumn): string => {
  const value = `${alias}.${quoted(name)}`;
  const hash = BY_TYPE[type];
  return `coalesce(${hash === undefined ? `hashtext(${value}::text)` : `${hash}(${value})`}, 0)`;
};

/** Without a detour over their text. */
const BY_TYPE: Readonly<Record<string, string>> = {
  integer: "hashint4",
  bigint: "hashint8",
  text: "hashtext",
};

/** `fresh` with what was last written into its row, as `was`. */
export const withWritten = (shape: MergeShape, written: string | undefined): string =>
  written === undefined ? "" : ` left join ${written} as was on ${sameKey(shape, "was", "fresh")}`;

/**
 * Makes the table where it is not there, and gives it the columns that it lacks; its name for SQL. Undefined where
 * there is nothing to remember.
 */
export const openWritten = async (
  session: Session,
  shape: MergeShape,
  track: string,
): Promise<string | undefined> => {
  const wanted = writtenColumns(shape).map(({ name }) => name);
  if (wanted.length === 0) return undefined;
  const table = writtenTable(track);
  const sql = quotedTable(table);
  const known = await checkWritten(session, shape, table);
  if (known === undefined) {
    await session.script(`
    create table ${sql} (
      ${shape.key.map(({ name, declaredType }) => `${quoted(name)} ${declaredType} not null,`).join(" ")}
      ${wanted.map((name) => `${quoted(name)} integer,`).join(" ")}
      primary key (${quotedList(shape.key.map(({ name }) => name))})
    )`);
    return sql;
  }
  const added = wanted.filter((name) => !known.includes(name));
  if (added.length > 0) {
    const adding = added.map((name) => `add column ${quoted(name)} integer`);
    await session.script(`alter table ${sql} ${adding.join(", ")}`);
  }
  return sql;
};

/** The columns of the table, undefined when it is not there; throws when its key is another. */
export const checkWritten = async (
  session: Session,
  { key }: MergeShape,
  table: string,
): Promise<readonly string[] | undefined> => {
  const found = await findTable(session, table);
  if (found === undefined) return undefined;
  const names = (columns: readonly TargetColumn[]) => columns.map(({ name }) => name);
  const known = names(found.columns);
  const primary = names(found.columns.filter(({ isPrimary }) => isPrimary));
  if (primary.toSorted().join() !== names(key).toSorted().join())
    throw trackDiffers(table, names(key), known);
  return known;
};
