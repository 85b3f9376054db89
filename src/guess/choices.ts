/** What a pipeline needs to know of a table, chosen among what was seen of it. */

import { type GuessedColumn, type GuessedType, isFew } from "./column-guess.ts";
import type { SeenTable } from "./look.ts";

/** The column that tells records apart: a number for choice, the one that is called an id. */
export const idOf = ({ columns }: Pick<SeenTable, "columns">): GuessedColumn | undefined =>
  columns
    .filter(({ isUnique }) => isUnique)
    .toSorted((a, b) => idRank(a) - idRank(b))
    .find((column) => idRank(column) < NO_ID);

/** The column that would tell records apart, did not a few of them have no value in it or that of another. */
export const nearlyIdOf = (
  table: Pick<SeenTable, "columns" | "rows">,
): GuessedColumn | undefined => {
  if (idOf(table)) return undefined;
  const isNearly = ({ filled, repeated }: GuessedColumn): boolean =>
    isFew(table.rows - filled, table.rows) && isFew(repeated?.count ?? 0, filled);
  return table.columns
    .filter((column) => idRank(column) < NO_ID && isNearly(column))
    .toSorted((a, b) => idRank(a) - idRank(b))[0];
};

const NO_ID = 4;

const idRank = ({ name, type }: GuessedColumn): number => {
  if (/^gbifid$/i.test(name)) return 0;
  if (name === "id") return 1;
  if (/^(occurrence|event|taxon)id$/i.test(name)) return 2;
  return /id$|^id_?(obs|donnee|releve|occurrence|synthese)|^identifiant$/i.test(name) ||
    type === "uuid"
    ? 3
    : NO_ID;
};

/** The column that says when: `eventDate` for choice, else the one of most dates. */
export const datesOf = ({ columns }: Pick<SeenTable, "columns">): GuessedColumn | undefined => {
  const dates = columns.filter(({ isDates }) => isDates);
  const named = dates.find(({ name }) => /^eventdate$/i.test(name));
  const others = dates.filter(({ name }) => !OTHER_DATES.test(name));
  return named ?? others.toSorted((a, b) => b.filled - a.filled)[0];
};

/** When a record was entered, named or changed is not when something was seen. */
const OTHER_DATES =
  /^(modified|created|last|date_?(identified|modified|created|entered|last|saisie|maj|modif|crea|import|det))/i;

/** The columns whose numbers have a decimal comma, or spaces between thousands. */
export const commasOf = ({ columns }: Pick<SeenTable, "columns">): readonly GuessedColumn[] =>
  columns.filter(({ hasDecimalComma }) => hasDecimalComma);

/** The column whose links end in a number that is worth a column. */
export const linkOf = ({ columns }: Pick<SeenTable, "columns">): GuessedColumn | undefined => {
  const links = columns.filter(({ link }) => link !== undefined);
  return links.find(({ name }) => /^references$/i.test(name)) ?? links[0];
};

/** The column that leads from a record to that of the core; in the core itself, its identifier. */
export const tieOf = ({ columns, core_id }: SeenTable): GuessedColumn | undefined =>
  columns.find(({ name }) => name === core_id);

/** The type for each column. */
export type Types = ReadonlyMap<GuessedColumn, GuessedType>;

/**
 * The types for the columns of tables that are joined: what ties them to the core has one type in all.
 * Dates stay as they are written, since `date_min` and `date_max` hold what they mean: a year or an
 * interval may come later, or be what a repair is.
 */
export const typesOf = (tables: readonly SeenTable[]): Types => {
  const tied = tieType(tables.flatMap((table) => tieOf(table) ?? []));
  const types = new Map<GuessedColumn, GuessedType>();
  for (const table of tables) {
    const [id, tie, dates] = [idOf(table), tieOf(table), datesOf(table)];
    for (const column of table.columns) {
      const own = column === dates ? "text" : columnType(column, column === id);
      types.set(column, column === tie ? tied : own);
    }
  }
  return types;
};

const tieType = (ties: readonly GuessedColumn[]): GuessedType => {
  const types = ties.filter(({ filled }) => filled > 0).map(({ type }) => type);
  if (types.every((type) => type === "integer" || type === "bigint")) return "bigint";
  return types.every((type) => type === "uuid") ? "uuid" : "text";
};

/**
 * The type for a column by itself. Numbers that are names stay text: a catalogue number has a letter
 * sooner or later, and a key of GBIF since 2025.
 */
const columnType = (column: GuessedColumn, isId: boolean): GuessedType => {
  const { type, hasDecimalComma } = column;
  if (hasDecimalComma) return "numeric";
  const isNumber = type === "integer" || type === "bigint";
  if (isId && isNumber) return "bigint";
  return isNumber && isOfNames(column) ? "text" : type;
};

/** Whether a column's numbers are names. */
export const isOfNames = ({ name }: GuessedColumn): boolean => NAMES.test(name);

const NAMES = /(number|numbers|code|id|key|keys)$/i;
