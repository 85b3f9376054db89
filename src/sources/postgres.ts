import { existsSync } from "node:fs";
import { defineSource } from "../core/component.ts";
import { sqlFileMissing, sqlOrQuery } from "../core/errors.ts";
import { path as pathOption } from "../core/options.ts";
import { fileLabel } from "../core/place.ts";
import { type Static, Type } from "../core/type.ts";
import { sqlUse } from "../core/uses.ts";
import { readRows } from "../postgres/read-rows.ts";
import { readStatement } from "../postgres/statement.ts";
import { statementTypes } from "../postgres/statement-types.ts";

const options = Type.Object({
  sql: Type.Optional(Type.String({ minLength: 1, description: "The statement, written here." })),
  query: Type.Optional(pathOption("A file with the statement, such as `queries/staged.sql`.")),
});

/** Reads what a statement selects from the pipeline's database. */
export const postgres = defineSource({
  name: "postgres",
  summary:
    "Reads the rows that a statement selects from the pipeline's database; it is a single `select`, given by `sql` or in a file by `query`.",
  options,
  example: 'postgres: { sql: "select * from pinv_gbif.tmp_gbif_data order by gbif_id" }',
  check: async ({ sql, query }) => {
    if (sql === undefined && query !== undefined && !existsSync(query))
      throw sqlFileMissing(fileLabel(query));
  },
  uses: () => [sqlUse],
  examine: async (settings, { ask }) => {
    const statement = await readStatement(chosen(settings));
    return ask((session) => statementTypes(session, statement));
  },
  create: (settings) => {
    const source = chosen(settings);
    return async function* ({ database, signal, log }) {
      const statement = await readStatement(source);
      await using session = await database.session();
      log.now(`${statement.name} is selecting`);
      yield* readRows(session, statement, { signal });
    };
  },
});

const chosen = ({ sql, query }: Static<typeof options>) => {
  const given = [sql, query].filter((one) => one !== undefined).length;
  if (given !== 1) throw sqlOrQuery(given);
  return sql === undefined ? { query: query ?? "" } : { sql };
};
