import { type RunnerError, typesDiffer } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import type { TargetColumn, TargetTable } from "./catalog.ts";
import type { TableShape } from "./create-table.ts";
import { quoted } from "./names.ts";
import { canFit } from "./type-kinds.ts";
import { bareType } from "./type-names.ts";

/** A column that is there with another type than is declared. */
interface Differing {
  readonly name: string;
  readonly there: string;
  readonly declared: string;
  /** As it stands in the YAML. */
  readonly where: string;
  /** Whether a value of the one may be one of the other. */
  readonly fits: boolean;
}

/**
 * What is to be said of a table whose columns are of other types than are declared: nothing changes them. Throws it
 * where no value of the one is ever one of the other.
 */
export const differingTypes = async (
  session: Session,
  { name, sql, columns }: TargetTable,
  shape: TableShape,
): Promise<RunnerError | undefined> => {
  const all: Differing[] = [];
  const types = await catalogTypes(session, shape);
  for (const column of columns) {
    const declared = shape.columns[column.name];
    const type = declared === undefined ? undefined : types.get(declared);
    // What this database does not know is told where a table is made.
    if (declared === undefined || !type || isSame(type, declared, column)) continue;
    all.push({
      name: column.name,
      there: column.declaredType,
      declared: typeIn(declared),
      where: `${column.name}: ${declared}`,
      fits: canFit(type, column.type),
    });
  }
  const never = all.filter(({ fits }) => !fits);
  const told = never.length > 0 ? never : all;
  if (told.length === 0) return undefined;
  const changes = told.map(({ name: column, declared }) => {
    const target = quoted(column);
    return `alter column ${target} type ${declared} using ${target}::text::${declared}`;
  });
  const statement = `alter table ${sql} ${changes.join(", ")};`;
  const error = typesDiffer(name, told, { fits: never.length === 0, statement });
  if (never.length > 0) throw error;
  return error;
};

/** The names by which the catalog knows declared types, without their length; null for those that it does not know. */
const catalogTypes = async (
  session: Session,
  { columns }: TableShape,
): Promise<ReadonlyMap<string, string | null>> => {
  const declared = [...new Set(Object.values(columns))];
  const { rows } = await session.query<{ type: string | null }>(
    `select format_type(to_regtype(name), -1) as type
       from unnest($1::text[]) with ordinality as given (name, at) order by at`,
    [declared.map(bareType)],
  );
  return new Map(declared.map((type, at) => [type, rows[at]?.type ?? null]));
};

const isSame = (type: string, declared: string, column: TargetColumn): boolean =>
  type === column.type && lengthOf(declared, type) === lengthOf(column.declaredType, type);

/** `(10,2)` in one form: blanks do not count, nor does what PostgreSQL adds. */
const lengthOf = (type: string, base: string): string => {
  const given = /\(([^)]*)\)/.exec(type)?.[1]?.replace(/\s+/g, "").toLowerCase();
  if (given === undefined) return /^(character|bpchar|bit)$/.test(base) ? "1" : "";
  return base === "numeric" && !given.includes(",") ? `${given},0` : given;
};

/** Without `not null` and the like behind it. */
const typeIn = (declared: string): string => {
  const bare = bareType(declared);
  const length = /\([^)]*\)/.exec(declared)?.[0] ?? "";
  const [first = "", ...rest] = bare.trim().split(/\s+/);
  // `timestamp(3) with time zone`
  return length === "" ? bare : [first + length, ...rest].join(" ");
};
