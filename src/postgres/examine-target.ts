/** What a sink will find of its target: the checks that a run makes before it sends anything, without making anything. */

import { ConstantColumn } from "../core/columns.ts";
import {
  columnsComputed,
  type RunnerError,
  typeCannotFit,
  valueCannotFit,
} from "../core/errors.ts";
import { type Coming, TypedColumn, type View } from "../core/examination.ts";
import { isDatabaseError, type Session } from "../core/session.ts";
import {
  findTable,
  requireOwnPlace,
  requireTable,
  type TargetColumn,
  type TargetTable,
} from "./catalog.ts";
import { checkDeclared, checkTypes, differences, type TableShape } from "./create-table.ts";
import { type Right, requireCreate, requireRights } from "./rights.ts";
import { canFit } from "./type-kinds.ts";
import { bareType } from "./type-names.ts";

export interface Wanted {
  readonly table: string;
  readonly create?: TableShape | undefined;
  readonly rights: readonly Right[];
  /** Columns that the flow or the sink names. */
  readonly names: readonly string[];
}

/**
 * The target as it will be when the flow begins, and whether it is there already. What setup or an earlier
 * flow will make has columns of the type text, which takes everything. Throws what a run would throw.
 */
export const examineTarget = async (
  session: Session,
  { table, create, rights, names }: Wanted,
  coming: Coming,
): Promise<{
  readonly target: TargetTable;
  readonly isThere: boolean;
  /** What is to be said of its types and its key, where they are others than declared. */
  readonly differing: readonly RunnerError[];
}> => {
  await requireRights(session, table, rights);
  await requireOwnPlace(session, table);
  const found = await findTable(session, table);
  if (found === undefined && create) {
    await checkTypes(session, create);
    await requireCreate(session, table);
  }
  if (found === undefined && !create && !coming.hasTable(table)) await requireTable(session, table);
  const known = found?.columns ?? Object.entries(create?.columns ?? {}).map(declared);
  const added = [...new Set(names)].filter(
    (name) => !known.some((column) => column.name === name) && coming.hasColumn(table, name),
  );
  if (rights.includes("insert")) coming.noteWritten(table, Object.keys(create?.columns ?? {}));
  const target = {
    ...(found ?? { name: table, sql: table }),
    columns: [...known, ...added.map((name) => declared([name, "text"]))],
  };
  const differing = found && create ? await differences(session, found, create) : [];
  if (found && create) checkDeclared(target, create, differing);
  return { target, isThere: found !== undefined, differing };
};

const declared = ([name, type]: readonly [string, string]): TargetColumn => ({
  name,
  type: bareType(type),
  declaredType: type,
  maxLength: undefined,
  hasModifier: false,
  isNotNull: false,
  isRequired: false,
});

/** Says of each column of the flow whose values the target's can never take that it is so. */
export const checkFit = async (
  { ask, batch }: Pick<View, "ask" | "batch">,
  target: TargetTable,
): Promise<void> => {
  await ask((session) => checkComputed(session, target, batch.names));
  for (const column of target.columns) {
    if (!batch.names.includes(column.name)) continue;
    const given = batch.column(column.name);
    if (given instanceof TypedColumn && canFit(given.type, column.type)) continue;
    if (given instanceof ConstantColumn)
      await ask((session) => checkColumn(session, target, { column, given }));
  }
};

const checkColumn = async (
  session: Session,
  target: TargetTable,
  { column, given }: { column: TargetColumn; given: ConstantColumn },
): Promise<void> => {
  if (given instanceof TypedColumn) throw typeCannotFit(target.name, column, given.type);
  await checkValue(session, target, { column, value: given.text() });
};

/** Throws when the flow gives columns that the database alone may fill. */
const checkComputed = async (
  session: Session,
  { name, sql }: TargetTable,
  given: readonly string[],
): Promise<void> => {
  const { rows } = await session.query<{ name: string }>(
    `select attname as name from pg_attribute
      where attrelid = to_regclass($1) and attname = any ($2) and (attgenerated <> '' or attidentity = 'a')
      order by attnum`,
    [sql, given],
  );
  if (rows.length > 0)
    throw columnsComputed(
      name,
      rows.map((row) => row.name),
    );
};

/** Throws when a value of the pipeline itself is none of the column's type. */
export const checkValue = async (
  session: Session,
  target: TargetTable,
  { column, value }: { column: TargetColumn; value: string | null },
): Promise<void> => {
  if (value === null) return;
  if (column.maxLength !== undefined && [...value].length > column.maxLength) {
    throw valueCannotFit(target.name, column, { value, reason: "it is longer" });
  }
  await session.begin();
  try {
    await session.query(`select ($1::text)::${column.declaredType}`, [value]);
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    throw valueCannotFit(target.name, column, { value, reason: error.message });
  } finally {
    await session.rollback();
  }
};
