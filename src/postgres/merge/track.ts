import { trackDiffers } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { findTable } from "../catalog.ts";
import { createSchemaOf } from "../create-table.ts";
import { quotedTable } from "../names.ts";
import { TRACKED } from "./given.ts";
import type { MergeShape } from "./shape.ts";
import { TRACK } from "./temporary.ts";
import { trackTable } from "./temporary-tables.ts";

/** The track table for SQL, made when it is not there; without a name, one that lasts as long as the flow. */
export const openTrack = async (
  session: Session,
  shape: MergeShape,
  table: string | undefined,
): Promise<string> => {
  if (table === undefined) return TRACK;
  const sql = quotedTable(table);
  const known = await checkTrack(session, shape, table);
  if (known !== undefined) {
    await completeTrack(session, sql, known);
    return sql;
  }
  await createSchemaOf(session, table);
  await session.script(trackTable(shape, sql, ""));
  return sql;
};

/** The columns of the track table, undefined when it is not there; throws when it is of another shape. */
export const checkTrack = async (
  session: Session,
  shape: MergeShape,
  table: string,
): Promise<readonly string[] | undefined> => {
  const found = await findTable(session, table);
  if (found === undefined) return undefined;
  const known = found.columns.map(({ name }) => name);
  const wanted = [...shape.key.map(({ name }) => name), ...TRACKED];
  const least = wanted.length - ADDED.length;
  const shapes = ADDED.map((_, index) => wanted.slice(0, least + index)).concat([wanted]);
  if (!shapes.some((names) => names.join() === known.join())) {
    throw trackDiffers(table, wanted, known);
  }
  return known;
};

/** Columns that a track table of an earlier version lacks. */
const ADDED = TRACKED.slice(-2);

/** Adds to a track table of an earlier version, with these columns, what it lacks; gives whether that was anything. */
export const completeTrack = async (
  session: Session,
  sql: string,
  known: readonly string[],
): Promise<boolean> => {
  const added = ADDED.filter((name) => !known.includes(name));
  if (added.length === 0) return false;
  await session.script(
    `alter table ${sql} ${added.map((name) => `add column ${name} bigint`).join(", ")}`,
  );
  return true;
};
