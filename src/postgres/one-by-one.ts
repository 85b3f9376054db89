import type { RefusedValue } from "../core/batch.ts";
import { unescaped } from "../core/columns.ts";
import type { Session } from "../core/session.ts";
import type { TargetTable } from "./catalog.ts";
import { quoted, quotedList } from "./names.ts";
import { conditionName } from "./sqlstate.ts";

/** A row that the server refused: its number among those sent, from 0, and why. */
export interface Refused {
  readonly row: number;
  readonly code: string;
  readonly message: string;
  /** For which value; undefined when it is not known to be one. */
  readonly refused: RefusedValue | undefined;
}

/**
 * Inserts rows of COPY text each by itself and says which the server refused.
 *
 * They are copied into a temporary table of text columns, which takes anything, and inserted from there
 * by a plpgsql block. Casts name the type without its modifier: a cast to `varchar(10)` cuts off in
 * silence, an assignment refuses.
 */
export const insertOneByOne = async (
  session: Session,
  target: { table: TargetTable; names: readonly string[]; data: Buffer },
): Promise<{ inserted: number; refused: Refused[] }> => {
  const { names, data } = target;
  const fields = names.map((_, index) => `c${index}`);
  await session.script(`
    drop table if exists pg_temp.runner_suspect;
    create temporary table runner_suspect (
      n integer generated always as identity, ${fields.map((field) => `${field} text`).join(", ")}
    ) on commit drop;
    ${judgeFunction(target.table, names, fields)}`);
  await session.copyIn(`copy pg_temp.runner_suspect (${fields.join(", ")}) from stdin`, data);
  const { rows } = await session.query<Judged>("select * from pg_temp.runner_judge()");
  const inserted = rows.find(({ state }) => state === null)?.row_number ?? 0;
  const lines = data.toString("utf8").split("\n");
  const refused = rows
    .filter(({ state }) => state !== null)
    .map((judged) => {
      const row = judged.row_number - 1;
      const values = (lines[row] ?? "").split("\t");
      const column = judged.column_name || columnAtFault(judged.message, target, values);
      const code = conditionName(judged.state ?? "");
      const value = values[names.indexOf(column ?? "")];
      const refused =
        column && value !== undefined ? { column, value: unescapedOrNull(value) } : undefined;
      return { row, code, message: refusalMessage(judged, column), refused };
    });
  return { inserted, refused };
};

/** Out of COPY text. */
const unescapedOrNull = (text: string): string | null => (text === "\\N" ? null : unescaped(text));

/** A line that `runner_judge()` gives. */
export interface Judged {
  /** The `n` of a refused row; in the line without a state, how many rows were done. */
  readonly row_number: number;
  readonly state: string | null;
  readonly message: string;
  readonly detail: string;
  readonly column_name: string;
}

const judgeFunction = (
  table: TargetTable,
  names: readonly string[],
  fields: readonly string[],
): string => {
  const values = names.map((name, index) => {
    const type = table.columns.find((column) => column.name === name)?.type ?? "text";
    return `suspect.${fields[index]}::${type}`;
  });
  return judging(
    "select * from pg_temp.runner_suspect order by n",
    `insert into ${table.sql} (${quotedList(names)}) values (${values.join(", ")})`,
  );
};

/**
 * Makes `pg_temp.runner_judge()`, which does a statement for each row of a query, its `n` a number in
 * `suspect.n`, and gives a line for each row that the server refused and one for how many rows were done.
 */
export const judging = (suspects: string, statement: string): string => `
    create or replace function pg_temp.runner_judge()
    returns table (row_number integer, state text, message text, detail text, column_name text)
    language plpgsql as $judge$
    declare
      suspect record;
      done integer := 0;
      loaded integer;
    begin
      for suspect in ${suspects} loop
        begin
          ${statement};
          get diagnostics loaded = row_count;
          done := done + loaded;
        exception when others then
          if sqlstate !~ '^(22|23|P0|54)' then raise; end if;
          get stacked diagnostics state = returned_sqlstate, message = message_text,
            detail = pg_exception_detail, column_name = column_name;
          row_number := suspect.n;
          return next;
        end;
      end loop;
      row_number := done;
      state := null;
      return next;
    end $judge$;`;

/**
 * The column that a message about a value must mean; undefined when several could be meant.
 *
 * PostgreSQL names the value (`invalid input syntax for type date: "x"`) or only the type
 * (`value too long for type character varying(3)`), as a cast knows nothing of its column.
 */
const columnAtFault = (
  message: string,
  { table, names }: { table: TargetTable; names: readonly string[] },
  /** Of the row, as COPY text. */
  values: readonly string[],
): string | undefined => {
  const value = /: "(.*)"$|^value "(.*)" is out of range/s.exec(message);
  const quotedValue = value?.[1] ?? value?.[2];
  const candidates = names.filter((name, index) => {
    const given = values[index] ?? "";
    if (quotedValue !== undefined) return unescaped(given) === quotedValue;
    const limit = table.columns.find((column) => column.name === name)?.maxLength;
    return message.startsWith("value too long") && limit !== undefined && given.length > limit;
  });
  return candidates.length === 1 ? candidates[0] : undefined;
};

/** What a data manager reads of a refusal. */
export const refusalMessage = ({ message, detail }: Judged, column: string | undefined): string => {
  const text = message.replace(/\.?$/, "");
  const where = column && !text.includes(quoted(column)) ? ` (column ${quoted(column)})` : "";
  return `Postgres refused: ${text}${where}.${detail ? ` ${detail}` : ""}`;
};
