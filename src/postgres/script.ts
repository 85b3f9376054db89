/** Setup scripts: SQL files that psql can run too, with two of its commands. */

import { scriptCommits, setupFailed } from "../core/errors.ts";
import { fileLabel, formatPlace, placeInText } from "../core/place.ts";
import {
  type Cells,
  type DatabaseError,
  inTransaction,
  isDatabaseError,
  type Session,
} from "../core/session.ts";
import { readSql, sqlFilesOf, stretchesOf } from "../core/sql-file.ts";
import { statementsIn } from "../core/sql-text.ts";
import { transactionControl } from "./transaction-control.ts";

/**
 * Runs an SQL file. Up to each line that is a command of psql it is one transaction, unless it says otherwise
 * itself.
 *
 * `\gexec` on a line of its own takes the result of the statement before it and executes each cell as a
 * statement, outside any transaction: what `create index concurrently` asks for. `\ir file` runs another
 * script, whose path is relative to this one.
 *
 * Who has a transaction open, such as a rehearsal, gives `onSkipped`: it is told of the cells that
 * PostgreSQL refuses there. An index that would be made concurrently is made there all the same, not
 * concurrently: what follows may need it. A script that ends transactions itself is refused before it does.
 */
export const runScript = async (
  session: Session,
  path: string,
  onSkipped?: (sql: string) => void,
): Promise<void> => {
  // Before the first is sent, all can be read.
  sqlFilesOf(path);
  await runOne(session, path, onSkipped);
};

const runOne = async (
  session: Session,
  path: string,
  onSkipped: ((sql: string) => void) | undefined,
): Promise<void> => {
  const place = (offset: number | undefined) =>
    offset === undefined
      ? fileLabel(path)
      : formatPlace(placeInText(path, readSql(path), offset + 1));
  for (const [index, { sql, start, command, commandStart }] of stretchesOf(path).entries()) {
    if (onSkipped) assertNoControl(sql, (offset) => place(start + offset));
    const rows = await sendAll(session, sql, (error, offset) =>
      setupFailed(place(offset === undefined ? undefined : start + offset), error, index > 0),
    );
    if (command === undefined) continue;
    if (command !== "gexec") {
      await runOne(session, command.file, onSkipped);
      continue;
    }
    const statements = rows.flat().filter((cell) => cell !== null);
    await executeEach(session, statements.map(String), onSkipped).catch((error: unknown) => {
      if (!isDatabaseError(error)) throw error;
      throw setupFailed(place(commandStart), error, true);
    });
  }
};

/**
 * Sends statements as one transaction, and one by one, so that each failure has a place; a text that ends
 * transactions itself is sent as it is. Answers with the rows of the last.
 */
const sendAll = async (
  session: Session,
  sql: string,
  failed: (error: DatabaseError, offset: number | undefined) => unknown,
): Promise<readonly Cells[]> => {
  const send = (part: string, start: number | undefined) =>
    session.script(part).catch((error: unknown) => {
      if (!isDatabaseError(error)) throw error;
      throw failed(error, offsetOf(part, start ?? 0, error.position) ?? start);
    });
  const statements = statementsIn(sql);
  const [first] = statements;
  if (first === undefined) return [];
  if (transactionControl(sql)) return send(sql, undefined);
  // One by itself may be what no transaction can have in it.
  if (statements.length === 1) return send(first.sql, first.start);
  return inTransaction(session, async () => {
    let rows: readonly Cells[] = [];
    for (const statement of statements) rows = await send(statement.sql, statement.start);
    return rows;
  });
};

const assertNoControl = (sql: string, place: (offset: number) => string): void => {
  const control = transactionControl(sql);
  if (control) throw scriptCommits(place(control.offset), control.command);
};

const executeEach = async (
  session: Session,
  statements: readonly string[],
  onSkipped: ((sql: string) => void) | undefined,
): Promise<void> => {
  for (const sql of statements) {
    if (onSkipped) await tried(session, sql, onSkipped);
    else await session.script(sql);
  }
};

const CANNOT_BE_IN_TRANSACTION = "25001";

const tried = async (
  session: Session,
  sql: string,
  onSkipped: (sql: string) => void,
): Promise<void> => {
  try {
    await inTransaction(session, () => session.script(sql));
  } catch (error) {
    if (!isDatabaseError(error) || error.code !== CANNOT_BE_IN_TRANSACTION) throw error;
    onSkipped(sql);
    if (isConcurrentIndex(sql)) {
      await inTransaction(session, () => session.script(sql.replace(CONCURRENTLY, "$1")));
    }
  }
};

const CONCURRENTLY = /^(\s*create\s+(?:unique\s+)?index\s+)concurrently\s+/i;

/** Whether a statement makes an index without keeping writers of the table waiting. */
export const isConcurrentIndex = (sql: string): boolean => CONCURRENTLY.test(sql);

/** PostgreSQL counts characters from 1, JavaScript the halves of those beyond the first 65,536. */
const offsetOf = (sql: string, start: number, position: string | undefined): number | undefined =>
  position === undefined
    ? undefined
    : start + [...sql].slice(0, Number(position) - 1).join("").length;
