import { trackDiffers } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { findTable } from "../catalog.ts";
import { createSchemaOf } from "../create-table.ts";
import { quotedTable } from "../names.ts";
import type { MergeShape } from "./shape.ts";
import { TRACK, trackTable } from "./temporary.ts";

/** The track table for SQL, made when it is not there; without a name, one that lasts as long as the flow. */
export const openTrack = async (
  session: Session,
  shape: MergeShape,
  table: string | undefined,
): Promise<string> => {
  if (table === undefined) return TRACK;
  const sql = quotedTable(table);
  if (await checkTrack(session, shape, table)) {
    // One from before records were known by a hash of their input has no column for it.
    const known = await findTable(session, table);
    if (!known?.columns.some(({ name }) => name === "input")) {
      await session.script(`alter table ${sql} add column input bigint`);
    }
    return sql;
  }
  await createSchemaOf(session, table);
  await session.script(trackTable(shape, sql, ""));
  return sql;
};

/** Whether the track table is there; throws when it is of another shape. */
export const checkTrack = async (
  session: Session,
  shape: MergeShape,
  table: string,
): Promise<boolean> => {
  const found = await findTable(session, table);
  if (found === undefined) return false;
  const known = found.columns.map(({ name }) => name);
  const older = [...shape.key.map(({ name }) => name), "hash", "version", "run"];
  const wanted = [...older, "input"];
  if (![wanted.join(), older.join()].includes(known.join())) {
    throw trackDiffers(table, wanted, known);
  }
  return true;
};
