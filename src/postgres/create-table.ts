import type { Complain } from "../core/complaint.ts";
import type { Around } from "../core/component.ts";
import {
  createColumnUnused,
  createLacksColumns,
  primaryKeyUnknown,
  type RunnerError,
  tableDiffers,
  unknownType,
} from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { Type } from "../core/type.ts";
import { findTable, requireOwnPlace, requireTable, type TargetTable } from "./catalog.ts";
import { typeProblems } from "./declared-types.ts";
import { differingKey } from "./differing-key.ts";
import { differingTypes } from "./differing-types.ts";
import { quoted, quotedList, quotedTable, tableParts } from "./names.ts";
import { bareType } from "./type-names.ts";

/** The option `create` of a sink. */
export const createOption = Type.Optional(
  Type.Object(
    {
      columns: Type.Record(
        Type.String(),
        Type.String({
          pattern: "^[A-Za-z_][A-Za-z0-9_ .,()\\[\\]]*$",
          form: "an SQL type such as `bigint` or `varchar(255)`",
        }),
        {
          minProperties: 1,
          description:
            "Each column and its SQL type: `{ gbif_id: bigint }`; `not null`, `default` and the like may stand behind it.",
        },
      ),
      primary_key: Type.Optional(
        Type.Array(Type.String(), { minItems: 1, description: "The columns of the primary key." }),
      ),
    },
    {
      description: "Creates the table, and its schema, if it is not there.",
      additionalProperties: false,
    },
  ),
);

/** Throws when the primary key is not among the columns, or a type is none. */
export const checkShape = (shape: TableShape | undefined): void => {
  const known = Object.keys(shape?.columns ?? {});
  const unknown = shape?.primary_key?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw primaryKeyUnknown(unknown, known);
  const [problem] = typeProblems(shape);
  if (problem) throw problem;
};

/** Throws when a flow has columns that the table will not have. */
export const checkCreated = (
  table: string,
  shape: TableShape | undefined,
  given: readonly string[] | undefined,
): void => {
  const missing = shape && given?.filter((name) => !(name in shape.columns));
  if (missing?.length) throw createLacksColumns(table, missing);
};

/** Warns of columns that the table will have and nothing fills. */
export const warnUnused = (
  { table, create }: { readonly table: string; readonly create?: TableShape | undefined },
  filled: readonly string[],
  { complain, around }: { readonly complain: Complain; readonly around: Around },
): void => {
  // What one flow does not give, another may.
  if (create === undefined || around.isShared) return;
  for (const [name, type] of Object.entries(create.columns)) {
    if (filled.includes(name) || FILLS_ITSELF.test(type)) continue;
    const { code, message } = createColumnUnused(
      table,
      name,
      filled.filter((one) => !(one in create.columns)),
    );
    complain(code, around.locate(`${name}: ${type}`), message, { isWarning: true });
  }
};

const FILLS_ITSELF = /serial|\bdefault\b|\bgenerated\b/i;

/** A table as a pipeline declares it. */
export interface TableShape {
  /** Name → SQL type, `varchar(255)` and `not null` included. */
  readonly columns: Readonly<Record<string, string>>;
  readonly primary_key?: readonly string[];
}

/** The table that a sink is to write, made if that is declared; throws when it is not there otherwise. */
export const openTarget = async (
  session: Session,
  { table, create }: { readonly table: string; readonly create?: TableShape | undefined },
  warn: (sentence: string) => void,
): Promise<TargetTable> => {
  await requireOwnPlace(session, table);
  if (create) await createTable(session, { table, create }, warn);
  return requireTable(session, table);
};

/**
 * Creates the table, and its schema, unless it is there. One that is there is left as it is: if it
 * lacks a column, the error has the statement that adds it; `warn` is told of other types.
 */
const createTable = async (
  session: Session,
  { table, create: shape }: { readonly table: string; readonly create: TableShape },
  warn: (sentence: string) => void,
): Promise<void> => {
  const found = await findTable(session, table);
  if (found) {
    const differing = await differences(session, found, shape);
    checkDeclared(found, shape, differing);
    for (const { message } of differing) warn(message);
    return;
  }
  await checkTypes(session, shape);
  await createSchemaOf(session, table);
  const columns = Object.entries(shape.columns).map(([name, type]) => `${quoted(name)} ${type}`);
  if (shape.primary_key) columns.push(`primary key (${quotedList(shape.primary_key)})`);
  await session.query(`create table ${quotedTable(table)} (${columns.join(", ")})`);
};

/** What is to be said of a table that is there with other types or another key than are declared. */
export const differences = async (
  session: Session,
  found: TargetTable,
  shape: TableShape,
): Promise<readonly RunnerError[]> =>
  [await differingTypes(session, found, shape), await differingKey(session, found, shape)].filter(
    (one) => one !== undefined,
  );

/**
 * Throws `table_differs`, with the statement that adds them and what else differs, when a table lacks columns that are
 * declared.
 */
export const checkDeclared = (
  found: TargetTable,
  shape: TableShape,
  also: readonly RunnerError[],
): void => {
  const known = found.columns.map(({ name }) => name);
  const missing = Object.entries(shape.columns).filter(([name]) => !known.includes(name));
  if (missing.length === 0) return;
  const adds = missing.map(([name, type]) => `add column ${quoted(name)} ${type}`);
  throw tableDiffers(
    found.name,
    missing.map(([name]) => name),
    { statement: `alter table ${found.sql} ${adds.join(", ")};`, also },
  );
};

/** Throws for a type that the database does not know; asked one by one, so that the error can name the column. */
export const checkTypes = async (session: Session, shape: TableShape): Promise<void> => {
  for (const [column, type] of Object.entries(shape.columns)) {
    const { rows } = await session.query<{ known: boolean }>(
      "select to_regtype($1) is not null as known",
      [bareType(type)],
    );
    if (!rows[0]?.known) throw unknownType(column, type);
  }
};

/** Makes the table's schema. `create schema if not exists` asks for the right to create even where there is nothing to do. */
export const createSchemaOf = async (session: Session, table: string): Promise<void> => {
  const { schema } = tableParts(table);
  if (schema === undefined) return;
  const { rows } = await session.query<{ present: boolean }>(
    "select exists (select from pg_namespace where nspname = $1) as present",
    [schema],
  );
  if (!rows[0]?.present) await session.query(`create schema ${quoted(schema)}`);
};
