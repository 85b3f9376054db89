/** The view that derives what is computed of the rows as they came. */

import { quoted } from "../names.ts";
import type { MergeShape } from "./shape.ts";
import { HASH, NUMBER } from "./temporary.ts";

/** The statement that derives what is computed; `stage` is where the rows are, as they came. */
export const rowView = (shape: MergeShape, stage: string): string => {
  const { key, columns, derived } = shape;
  const direct = columns
    .filter(
      ({ json, target }) => !json && !derived.some(({ column }) => column.name === target.name),
    )
    .map(({ target }) => `stage.${quoted(target.name)}`);
  const computed = derived.map(({ column }) => quoted(column.name));
  const laterals = derived.map(
    ({ column, sql }, index) =>
      `cross join lateral (select (${sql})::${column.type} as ${quoted(column.name)}) as derived_${index}`,
  );
  const objects = columns.flatMap(({ json, target }) =>
    json
      ? [
          `${joined(json.compared)} as ${quoted(target.name)}`,
          `${joined(json.others)} as ${quoted(beside(target.name))}`,
        ]
      : [],
  );
  const selected = [
    `stage.${NUMBER}`,
    `stage.${HASH}`,
    ...key.map(({ name }) => `stage.${quoted(name)}`),
    ...direct,
    ...computed,
    ...objects,
  ];
  return `select ${selected.join(", ")} from ${stage} as stage ${laterals.join(" ")}`;
};

/** The view's column for the part of a JSON object that is not compared. */
export const beside = (name: string): string => `${name} beside`;

const joined = (parts: readonly string[]): string =>
  parts.length === 0
    ? "'{}'::jsonb"
    : parts.map((name) => `coalesce(stage.${quoted(name)}, '{}'::jsonb)`).join(" || ");
