import { keyOutsideIndex } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { quoted } from "../names.ts";
import type { MergeShape } from "./shape.ts";
import type { UniqueKey } from "./unique-key.ts";

/**
 * More conditions on the target, so that a partial index can be used: PostgreSQL takes it for literals
 * alone. `rows` is a table of keys; those outside of the index are refused: nothing would tell them apart.
 */
export const narrowing = async (
  session: Session,
  { shape, unique, rows: keys }: { shape: MergeShape; unique: UniqueKey; rows: string },
): Promise<string> => {
  const { condition } = unique;
  if (condition === undefined) return "";
  const outside = await session.query(outsideIndex(condition, keys));
  if (outside.count > 0) throw keyOutsideIndex(shape.table.name, condition);
  const { rows } = await session.query<{ conditions: string }>(narrowed(shape, keys));
  return rows[0]?.conditions ?? "";
};

/** A row when a key is outside of the partial index. */
export const outsideIndex = (condition: string, keys: string): string =>
  `select from ${keys} where (${condition}) is not true limit 1`;

/** The conditions as text, of the values that the key's columns have throughout a table of keys. */
export const narrowed = ({ key }: MergeShape, keys: string): string =>
  `select concat(${key
    .map(({ name }) => {
      const column = `${quoted(name)}::text`;
      const condition = `' and target.${quoted(name).replaceAll("'", "''")} = ' || quote_literal(min(${column}))`;
      return `case when min(${column}) = max(${column}) then ${condition} end`;
    })
    .join(", ")}) as conditions from ${keys}`;
