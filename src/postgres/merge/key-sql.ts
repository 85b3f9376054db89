/** Pieces of SQL that the statements of a merge have in common. */

import { quoted } from "../names.ts";
import type { MergeShape, Plain } from "./shape.ts";

type Keyed = Pick<MergeShape, "key">;

/** `a.k1 = b.k1 and a.k2 = b.k2` */
export const sameKey = ({ key }: Keyed, a: string, b: string): string =>
  key.map(({ name }) => `${a}.${quoted(name)} = ${b}.${quoted(name)}`).join(" and ");

export const keyOf = ({ key }: Keyed, alias: string): string =>
  key.map(({ name }) => `${alias}.${quoted(name)}`).join(", ");

/** The values of the key as an array of text. */
export const keyArray = ({ key }: Keyed, alias: string): string =>
  `array[${key.map(({ name }) => `${alias}.${quoted(name)}::text`).join(", ")}]`;

/** The key for people: `3, 12 `. */
export const keyText = ({ key }: Keyed, alias: string): string =>
  `concat_ws(', ', ${key.map(({ name }) => `${alias}.${quoted(name)}::text`).join(", ")})`;

/** A value in SQL. */
export const literal = (value: Plain): string =>
  value === null ? "null" : `'${String(value).replaceAll("'", "''")}'`;

/** `column = value` of each, as in an update. */
export const assignments = (values: readonly (readonly [string, Plain])[]): string[] =>
  values.map(([name, value]) => `${quoted(name)} = ${literal(value)}`);
