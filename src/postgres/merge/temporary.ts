/** The temporary tables of a merge. */

import type { TargetColumn } from "../catalog.ts";
import { quoted, quotedList } from "../names.ts";
import type { MergeShape } from "./shape.ts";

/** The row's number in its chunk. */
export const NUMBER = "runner_n";
/** The hash of what is compared. */
export const HASH = "runner_hash";
/** The hash of the record as it was read. */
export const INPUT = "runner_input";

export const PROBE = "pg_temp.runner_probe";
export const STAGE = "pg_temp.runner_stage";
export const ROW = "pg_temp.runner_row";
export const DIFF = "pg_temp.runner_diff";
/** Numbers of the staged rows whose key the target does not have. */
export const FRESH = "pg_temp.runner_fresh";
/** Values of `adopt`'s `within` whose rows are in `ADOPTABLE`. */
export const ADOPT_SCOPE = "pg_temp.runner_adopt_scope";
/** Rows of other origins that records of this flow may be. */
export const ADOPTABLE = "pg_temp.runner_adoptable";
/** Rows whose record is gone. */
export const GONE = "pg_temp.runner_gone";
/** What is to be updated, old and new, where a plan lists it. */
export const LISTED = "pg_temp.runner_listed";
/** What is remembered where no table is named for it. */
export const TRACK = "pg_temp.runner_track";

/**
 * The temporary tables: what is asked of the target first (`probe`), the rows that may differ from it
 * as they came (`stage`), the same with everything derived (`row`, a view), and how they differ (`diff`).
 */
export const temporaryTables = (shape: MergeShape, track: string | undefined): string => `
    ${dropTemporary()}
    create temporary table runner_probe (${probeColumns(shape).map(definition).join(", ")});
    create temporary table runner_stage (${stageColumns(shape).map(definition).join(", ")}, primary key (${NUMBER}));
    create temporary table runner_diff (n integer primary key, verdict text not null, changed text not null, beside text not null${shape.identity.map(({ name, type }) => `, ${rowColumn(name)} ${type}`).join("")});
    ${track === undefined ? trackTable(shape, "runner_track", "temporary") : ""}
    create temporary view runner_row as ${rowView(shape, STAGE)};`;

/** The name of a column with the primary key of the target's row. */
export const rowColumn = (name: string): string => quoted(`row ${name}`);

const definition = ({ name, declaredType, isNotNull }: TargetColumn): string =>
  `${quoted(name)} ${declaredType}${isNotNull ? " not null" : ""}`;

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

export const dropTemporary = (): string => `
    drop view if exists ${ROW};
    drop table if exists ${PROBE}, ${STAGE}, ${DIFF}, ${TRACK}, ${FRESH}, ${ADOPT_SCOPE}, ${ADOPTABLE}, ${GONE}, ${LISTED};`;

/** What is remembered of each row: half of each page is left free, since every run touches every row. */
export const trackTable = ({ key }: MergeShape, table: string, kind: "temporary" | ""): string => `
    create ${kind} table ${table} (
      ${key.map(({ name, declaredType }) => `${quoted(name)} ${declaredType} not null`).join(", ")},
      hash uuid not null, version text not null, run bigint not null, input bigint,
      primary key (${quotedList(key.map(({ name }) => name))})
    ) with (fillfactor = 50);`;

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
