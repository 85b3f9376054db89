/** One statement of a user's own, whose rows are to be looked at. It only reads, whatever it says. */

import { READING_WORDS, sqlRefused, sqlWrites } from "../core/errors.ts";
import { frameOf, placeInText } from "../core/place.ts";
import { isDatabaseError, type Session } from "../core/session.ts";
import { bare, firstWord } from "../core/sql-text.ts";
import { asTable, positionOf } from "./statement.ts";

/** What a question gives; one of the two can be read, once. */
export interface Answer {
  readonly names: readonly string[];
  /** The values as PostgreSQL writes them, page by page. */
  texts(): AsyncGenerator<(string | null)[][]>;
  /** Each row as JSON. */
  objects(): AsyncGenerator<string>;
}

/** Reads the answer to a statement, in a read-only transaction that ends with `work`. */
export const question = async <T>(
  session: Session,
  statement: string,
  work: (answer: Answer) => Promise<T>,
): Promise<T> => {
  const sql = bare(statement).trimEnd();
  const word = firstWord(sql).word.toLowerCase();
  if (!READING_WORDS.includes(word)) throw sqlWrites({ word });
  await session.begin();
  try {
    await session.query("set transaction read only");
    const { rows } = await asked<{ names: string }>(session, sql, COLUMNS);
    // All values are null, so the rest are names; a parser would take two of the same name for one.
    const names = [...(rows[0]?.names ?? "").matchAll(/("(?:[^"\\]|\\.)*"):null/g)].map(
      ([, name = ""]): string => JSON.parse(name),
    );
    return await work({
      names,
      texts: () => texts(session, sql, names.length),
      objects: () => objects(session, sql),
    });
  } finally {
    await session.rollback();
  }
};

/** What is put before a statement, and behind it. */
interface Around {
  readonly before: string;
  readonly after: string;
}

/** One row of nulls, which has the names where the statement gives no row. */
const COLUMNS: Around = {
  before:
    "select (select row_to_json(one)::text from (select given.*) as one) as names from (select) as any_row left join (select * from ",
  after: " limit 0) as given on $1::boolean",
};

async function* texts(
  session: Session,
  sql: string,
  columns: number,
): AsyncGenerator<(string | null)[][]> {
  // Two columns may have the same name.
  const names = Array.from({ length: columns }, (_, index) => `c${index}`);
  const values = names.map((name) => `${name}::text`).join(", ");
  const before = `declare answer no scroll cursor for select ${values} from `;
  const list = columns === 0 ? "" : ` (${names.join(", ")})`;
  await asked(session, sql, { before, after: `${list} where $1::boolean` });
  for await (const rows of pages<Record<string, string | null>>(session, sql)) {
    yield rows.map((row) => names.map((name) => row[name] ?? null));
  }
}

async function* objects(session: Session, sql: string): AsyncGenerator<string> {
  const before = "declare answer no scroll cursor for select row_to_json(given)::text as row from ";
  await asked(session, sql, { before, after: " where $1::boolean" });
  for await (const rows of pages<{ row: string }>(session, sql)) {
    for (const { row } of rows) yield row;
  }
}

const PAGE_ROWS = 1000;

async function* pages<Row>(session: Session, sql: string): AsyncGenerator<readonly Row[]> {
  for (;;) {
    const { rows } = await refusing(
      () => session.query<Row>(`fetch ${PAGE_ROWS} from answer`),
      sql,
    );
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE_ROWS) return;
  }
}

/** With its parameter, PostgreSQL takes one statement and no more: no `commit` can end the transaction. */
const asked = <Row>(session: Session, sql: string, { before, after }: Around) =>
  refusing(
    () => session.query<Row>(`${before}${asTable(sql, "given")}${after}`, [true]),
    sql,
    before.length + "(".length,
  );

const READ_ONLY_TRANSACTION = "25006";
const NOT_SUPPORTED = "0A000";

const refusing = async <T>(work: () => Promise<T>, sql: string, offset = 0): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    // A `with` that writes is not supported inside of another statement.
    const isWriting = error.code === NOT_SUPPORTED && /\b(insert|update|delete|merge)\b/i.test(sql);
    if (error.code === READ_ONLY_TRANSACTION || isWriting) throw sqlWrites({ cause: error });
    const at = positionOf(error, offset);
    if (at === undefined) throw sqlRefused(undefined, error);
    const { line, column } = placeInText("", sql, Math.min(at, sql.length));
    throw sqlRefused({ line, column, frame: frameOf(sql.split("\n"), { line, column }) }, error);
  }
};
