/** `values: { sql, column }` of a predicate: what the pipeline's database says. */

import { gbifNoValues, gbifStatementFailed, unknownColumn } from "../core/errors.ts";
import { formatPlace } from "../core/place.ts";
import { type Database, isDatabaseError, type Session } from "../core/session.ts";
import { entryOf, type YamlMap, type YamlValue } from "../core/yaml-value.ts";
import { quoted } from "../postgres/names.ts";
import { asTable, statementColumns } from "../postgres/statement.ts";
import { isStatement, textIn } from "./predicate.ts";

/** A query whose statements are replaced by their values; opens the database only when there are any. */
export const withDatabaseValues = async (
  query: YamlValue,
  database: Database,
): Promise<YamlValue> => {
  if (query.kind === "scalar") return query;
  if (query.kind === "list") {
    const items: YamlValue[] = [];
    for (const item of query.items) items.push(await withDatabaseValues(item, database));
    return { ...query, items };
  }
  const entries: YamlMap["entries"][number][] = [];
  for (const entry of query.entries) {
    const { key, value } = entry;
    const replaced =
      key === "values" && isStatement(value)
        ? await valuesOf(value, database)
        : await withDatabaseValues(value, database);
    entries.push({ ...entry, value: replaced });
  }
  return { ...query, entries };
};

/** Sorted, each once; never none: a list that is empty by accident must not change what is asked. */
const valuesOf = async (statement: YamlMap, database: Database): Promise<YamlValue> => {
  const sql = textIn(entryOf(statement, "sql")?.value ?? statement);
  const named = entryOf(statement, "column")?.value;
  const { place } = entryOf(statement, "sql")?.value ?? statement;
  await using session = await database.session();
  const texts = await distinctTexts(session, sql, named && textIn(named)).catch(
    (error: unknown) => {
      throw isDatabaseError(error) ? gbifStatementFailed(formatPlace(place), error) : error;
    },
  );
  if (texts.length === 0) throw gbifNoValues(formatPlace(place));
  const items = texts
    .toSorted()
    .map((text) => ({ kind: "scalar" as const, place, value: text, source: text }));
  return { kind: "list", place, items };
};

const distinctTexts = async (
  session: Session,
  sql: string,
  named: string | undefined,
): Promise<string[]> => {
  const columns = await statementColumns(session, sql);
  const column = named ?? columns[0];
  if (column === undefined || columns.length === 0) return [];
  if (!columns.includes(column)) throw unknownColumn(column, columns);
  const { rows } = await session.query<{ value: string }>(
    `select distinct btrim(${quoted(column)}::text) as value from ${asTable(sql, "given")}
      where btrim(${quoted(column)}::text) <> ''`,
  );
  return rows.map(({ value }) => value);
};
