import { defineSource } from "../core/component.ts";
import { sqlOrQuery, unknownColumns } from "../core/errors.ts";
import { TypedColumn } from "../core/examination.ts";
import { path as pathOption, tableName } from "../core/options.ts";
import { haveConnections } from "../core/session.ts";
import { readSql, sqlTextIn } from "../core/sql-file.ts";
import { checkGivesRows } from "../core/sql-text.ts";
import { type Static, Type } from "../core/type.ts";
import { readRows } from "../postgres/read-rows.ts";
import { readStatement } from "../postgres/statement.ts";
import { examineStatement } from "../postgres/statement-rights.ts";
import { sqlUses } from "../postgres/tables-read.ts";
import { readChanged } from "../postgres/unchanged.ts";

const options = Type.Object({
  sql: Type.Optional(Type.String({ minLength: 1, description: "The statement, written here." })),
  query: Type.Optional(pathOption("A file with the statement, such as `queries/staged.sql`.")),
  unchanged: Type.Optional(
    Type.Object(
      {
        track: tableName("What the sink `postgres_upsert` names as `track`."),
        table: tableName("The table that it writes."),
        key: Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
          minProperties: 1,
          description:
            "The columns of its key, and SQL over the statement's columns that gives their values.",
        }),
        ignore: Type.Array(Type.String({ minLength: 1 }), {
          uniqueItems: true,
          default: [],
          description:
            "Columns whose change alone is none: those that end in columns that are `not_compared`.",
        }),
        hash: Type.String({
          minLength: 1,
          default: "input_hash",
          description:
            "The column that gets the hash of each record, for the sink's `track_input`.",
        }),
        order_by: Type.Array(Type.String({ minLength: 1 }), {
          uniqueItems: true,
          default: [],
          description:
            "Columns in whose order records are read. Faster than `order by` in the statement, which sorts those that are not read as well.",
        }),
      },
      {
        additionalProperties: false,
        description:
          "Records that an earlier run made into a row, and that are as they were then, are counted as unchanged and not read again. When the pipeline, a table of a lookup or a file of the mapping changes, all are read.",
      },
    ),
  ),
});

/** Reads what a statement selects from the pipeline's database. */
export const postgres = defineSource({
  name: "postgres",
  summary:
    "Reads the rows that a statement selects from the pipeline's database; it is a single `select`, given by `sql` or in a file by `query`.",
  options,
  example: 'postgres: { sql: "select * from pinv_gbif.tmp_gbif_data order by gbif_id" }',
  check: async ({ sql, query }) => {
    if (sql !== undefined) checkGivesRows(sql);
    else if (query !== undefined) checkGivesRows(readSql(query), query);
  },
  uses: ({ sql, query }) =>
    sql === undefined ? sqlUses(sqlTextIn(query ?? ""), query) : sqlUses(sql),
  examine: async (settings, { ask }) => {
    const statement = readStatement(chosen(settings));
    const typed = await ask((session) => examineStatement(session, statement));
    const { unchanged } = settings;
    if (unchanged === undefined || typed === undefined) return typed;
    const unknown = unchanged.order_by.filter((name) => !typed.names.includes(name));
    if (unknown.length > 0) throw unknownColumns(unknown, typed.names);
    return typed.with(unchanged.hash, new TypedColumn("bigint"));
  },
  create: (settings) => {
    const source = chosen(settings);
    return async function* (context) {
      const { database, signal, log, run, basis } = context;
      const statement = readStatement(source);
      const { unchanged: option } = settings;
      await using session = await database.session();
      log.now(`${statement.name} is selecting`);
      const batches =
        option === undefined
          ? readRows(session, statement, { signal })
          : readChanged(session, statement, {
              option,
              run,
              basis,
              signal,
              isAtOnce: haveConnections(context),
            });
      for await (const batch of batches) {
        // It has selected: what is shown from here on is how far the rows are.
        log.now("");
        yield batch;
      }
    };
  },
});

const chosen = ({ sql, query }: Static<typeof options>) => {
  const given = [sql, query].filter((one) => one !== undefined).length;
  if (given !== 1) throw sqlOrQuery(given);
  return sql === undefined ? { query: query ?? "" } : { sql };
};
