/** Setup scripts: SQL files that psql can run too, with two of its commands. */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { scriptCommits, setupFailed } from "../core/errors.ts";
import { fileLabel } from "../core/place.ts";
import { inTransaction, isDatabaseError, type Session } from "../core/session.ts";
import { transactionControl } from "./transaction-control.ts";

/**
 * Runs an SQL file. Up to each line that is a command of psql it is sent as a whole, which makes it one
 * transaction unless it says otherwise itself.
 *
 * `\gexec` on a line of its own takes the result of the statement before it and executes each cell as a
 * statement, outside any transaction: what `create index concurrently` asks for. `\ir file` runs another
 * script, whose path is relative to this one.
 *
 * Who has a transaction open, such as a rehearsal, gives `onSkipped`: it is told of the cells that
 * PostgreSQL refuses there. A script that ends transactions itself is refused before it does.
 */
export const runScript = async (
  session: Session,
  path: string,
  onSkipped?: (sql: string) => void,
): Promise<void> => {
  const text = await readFile(path, "utf8");
  const place = (offset: number | undefined) => placeInScript(path, text, offset);
  for (const [index, { sql, start, command, commandStart }] of partsOf(text).entries()) {
    if (onSkipped) assertNoControl(sql, (offset) => place(start + offset));
    const rows = await session.script(sql).catch((error: unknown) => {
      if (!isDatabaseError(error)) throw error;
      throw setupFailed(place(offsetOf(sql, start, error.position)), error, index > 0);
    });
    if (command === undefined) continue;
    if (command !== "gexec") {
      await runScript(session, resolve(dirname(path), command), onSkipped);
      continue;
    }
    const statements = rows.flat().filter((cell) => cell !== null);
    await executeEach(session, statements.map(String), onSkipped).catch((error: unknown) => {
      if (!isDatabaseError(error)) throw error;
      throw setupFailed(place(commandStart), error, true);
    });
  }
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

interface Part {
  readonly sql: string;
  /** Where it begins in the text. */
  readonly start: number;
  /** What follows: `gexec`, or the path of another script; undefined at the end of the text. */
  readonly command: string | undefined;
  readonly commandStart: number;
}

const COMMAND = /^\\(?:(gexec)|ir[ \t]+(\S+))[ \t]*\r?$/gm;

/** A script cut at its commands. */
const partsOf = (text: string): readonly Part[] => {
  const parts: Part[] = [];
  let start = 0;
  for (const match of text.matchAll(COMMAND)) {
    const sql = text.slice(start, match.index);
    parts.push({ sql, start, command: match[1] ?? match[2], commandStart: match.index });
    start = match.index + match[0].length;
  }
  parts.push({ sql: text.slice(start), start, command: undefined, commandStart: text.length });
  return parts;
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
  }
};

/** PostgreSQL counts characters from 1, JavaScript the halves of those beyond the first 65,536. */
const offsetOf = (sql: string, start: number, position: string | undefined): number | undefined =>
  position === undefined
    ? undefined
    : start + [...sql].slice(0, Number(position) - 1).join("").length;

const placeInScript = (path: string, text: string, offset: number | undefined): string => {
  if (offset === undefined) return fileLabel(path);
  const before = text.slice(0, offset).split("\n");
  return `${fileLabel(path)}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
};
