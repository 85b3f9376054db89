import { keyOutsideIndex } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { quoted } from "../names.ts";
import type { MergeShape } from "./shape.ts";
import { constants } from "./sql.ts";
import type { UniqueKey } from "./unique-key.ts";

/**
 * More conditions on the target, so that a partial index can be used: PostgreSQL takes it for literals
 * alone. `rows` is a table of keys; those outside of the index are refused: nothing would tell them apart.
 */
export const narrowing = async (
  session: Session,
  {
    shape,
    unique: { condition },
    rows: keys,
  }: { shape: MergeShape; unique: UniqueKey; rows: string },
): Promise<string> => {
  if (condition === undefined) return "";
  const outside = await session.query(
    `select from ${keys} where (${condition}) is not true limit 1`,
  );
  if (outside.rows.length > 0) throw keyOutsideIndex(shape.table.name, condition);
  const { rows } = await session.query<Record<string, string | null>>(constants(shape, keys));
  return Object.values(rows[0] ?? {})
    .map((value, index) =>
      value === null ? "" : ` and target.${quoted(shape.key[index]?.name ?? "")} = ${value}`,
    )
    .join("");
};
