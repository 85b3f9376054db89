/** The columns in which rows are sent. */

import type { TargetColumn } from "../catalog.ts";
import type { MergeShape } from "./shape.ts";
import { HASH, INPUT, NUMBER } from "./temporary.ts";

/** The columns of `probe`, in the order in which they are sent. */
export const probeColumns = (shape: MergeShape): TargetColumn[] => [
  column(NUMBER, "integer", true),
  ...shape.key.map((target) => ({ ...target, isNotNull: true })),
  ...hashColumns(shape),
];

const hashColumns = ({ input }: MergeShape): TargetColumn[] => [
  column(HASH, "uuid", true),
  ...(input === undefined ? [] : [column(INPUT, "bigint")]),
];

/** The columns of `stage`, in the order in which they are sent. */
export const stageColumns = (shape: MergeShape): TargetColumn[] => {
  const inJson = shape.columns.flatMap(({ json }) => [
    ...(json?.compared ?? []),
    ...(json?.others ?? []),
  ]);
  const given = (name: string): TargetColumn =>
    inJson.includes(name)
      ? column(name, "jsonb")
      : (shape.table.columns.find((target) => target.name === name) ?? column(name, "text"));
  const hashes = hashColumns(shape);
  return [
    ...probeColumns(shape).slice(0, -hashes.length),
    ...shape.hashed.map(given),
    ...hashes,
    ...shape.unhashed.map(given),
  ];
};

const column = (name: string, type: string, isNotNull = false): TargetColumn => ({
  name,
  type,
  declaredType: type,
  maxLength: undefined,
  hasModifier: false,
  isNotNull,
  isRequired: isNotNull,
});
