/** What people call the values of a column, where they are numbers: `72 (Observé)`. */

import type { TargetColumn } from "../catalog.ts";
import { quoted } from "../names.ts";
import { literal } from "./key-sql.ts";
import type { MergeShape } from "./shape.ts";

/** An SQL query of values and labels, by column; a name may end in `*`. */
export type Labels = Readonly<Record<string, string>>;

/** The query for the values of a column; a whole name comes before one with `*`. */
export const labelQuery = (labels: Labels, column: string): string | undefined => {
  const pattern = Object.keys(labels).find(
    (name) => isPattern(name) && column.startsWith(name.slice(0, -1)),
  );
  return labels[column] ?? (pattern === undefined ? undefined : labels[pattern]);
};

/** Whether a name stands for all columns that begin so. */
export const isPattern = (name: string): boolean => name.endsWith("*");

/** The columns that have labels. */
export const labelled = ({ columns, labels }: MergeShape): TargetColumn[] =>
  columns.flatMap(({ target, json }) =>
    json === undefined && labelQuery(labels, target.name) !== undefined ? [target] : [],
  );

/** `text`, which is SQL for a column's value as text, followed by the value's label where it has one; a place as `POINT(4.84 45.76)`. */
export const readable = (
  { labels }: Pick<MergeShape, "labels">,
  { name, type }: TargetColumn,
  text: string,
): string => {
  const query = labelQuery(labels, name);
  if (query === undefined) return IS_PLACE.test(type) ? `ST_AsText((${text})::geometry)` : text;
  // Compared in the column's own type, so that an index is used.
  return `${text} || coalesce(' (' || (select label.label::text from (${query}\n) as label (value, label)
    where label.value = (${text})::${type} limit 1) || ')', '')`;
};

/**
 * SQL for what tells people which row of the table it is, besides its key: `id_synthese 4711, Aglais io`. Null where
 * nothing does.
 */
export const rowLabel = (
  { identity, key, named }: Pick<MergeShape, "identity" | "key" | "named">,
  alias: string,
): string => {
  const value = ({ name }: TargetColumn) => `${alias}.${quoted(name)}::text`;
  const others = identity.filter(({ name }) => !key.some((column) => column.name === name));
  const parts = [
    ...others.map((column) => `${literal(`${column.name} `)} || ${value(column)}`),
    ...named.map(value),
  ];
  return parts.length === 0 ? "null::text" : `nullif(concat_ws(', ', ${parts.join(", ")}), '')`;
};

const IS_PLACE = /(^|\.)geometry\b/;

/** The same where the column's name is a value, too: `name` is SQL for it. */
export const readableOf = (shape: MergeShape, name: string, text: string): string => {
  const places = shape.columns
    .map(({ target }) => target)
    .filter(({ type }) => IS_PLACE.test(type));
  const columns = [...labelled(shape), ...places];
  if (columns.length === 0) return text;
  const cases = columns.map(
    (column) => `when '${column.name.replaceAll("'", "''")}' then ${readable(shape, column, text)}`,
  );
  return `case ${name} ${cases.join("\n    ")} else ${text} end`;
};
