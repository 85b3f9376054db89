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
  const found = await findTable(session, table);
  if (found === undefined) {
    await createSchemaOf(session, table);
    await session.script(trackTable(shape, sql, ""));
    return sql;
  }
  const known = found.columns.map(({ name }) => name);
  const wanted = [...shape.key.map(({ name }) => name), "hash", "version", "run", "input"];
  // One from before records were known by a hash of their input.
  const isOlder = known.length === wanted.length - 1 && !known.includes("input");
  if (isOlder) await session.script(`alter table ${sql} add column input bigint`);
  const columns = isOlder ? [...known, "input"] : known;
  if (wanted.join() !== columns.join()) throw trackDiffers(table, wanted, known);
  return sql;
};
