/** SQL files, cut at the commands of psql that may stand in them: `\gexec`, and `\ir` with the name of another. */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { wholeText } from "./encoding.ts";
import { type Place, RunnerError, sqlCircle, sqlFileMissing, sqlNotUtf8 } from "./errors.ts";
import { fileLabel, placeInText } from "./place.ts";
import { rememberedByFiles } from "./remembered.ts";
import type { Part } from "./sql-text.ts";

/** SQL up to a command of psql, or up to the end of the file. */
export interface Stretch extends Part {
  /** What follows: `gexec`, or the absolute path of another script; undefined at the end. */
  readonly command: "gexec" | { readonly file: string } | undefined;
  readonly commandStart: number;
}

interface SqlFile {
  readonly text: string;
  readonly stretches: readonly Stretch[];
  /** Those that it names, and where. */
  readonly named: readonly { readonly file: string; readonly place: Place }[];
}

/**
 * The text of an SQL file, without a byte order mark. Throws where there is none, or where it is not in UTF-8:
 * PostgreSQL would get other letters than were meant, and keep them.
 */
export const readSql = (file: string): string => read(file).text;

/** The file cut at its commands. Throws like `readSql`. */
export const stretchesOf = (file: string): readonly Stretch[] => read(file).stretches;

/** The text to look through; empty where it cannot be read, which is complained of elsewhere. */
export const sqlTextIn = (file: string): string => orNothing(() => readSql(file), "");

/** A file and those that it names, and so on, each as often as psql would run it. Throws like `readSql`. */
export const sqlFilesOf = (file: string, above: readonly string[] = []): readonly string[] => {
  if (above.includes(file)) {
    throw sqlCircle([...above.slice(above.indexOf(file)), file].map(fileLabel));
  }
  const others = read(file).named.flatMap((one) => {
    try {
      return sqlFilesOf(one.file, [...above, file]);
    } catch (error) {
      if (error instanceof RunnerError) error.place ??= one.place;
      throw error;
    }
  });
  return [file, ...others];
};

/** The texts of all of them, as far as they can be read. */
export const sqlTextsIn = (file: string): readonly string[] =>
  orNothing(() => sqlFilesOf(file), [file]).map(sqlTextIn);

/** The files of checks in a file: one that names others stands for those. */
export const checksIn = (file: string): readonly string[] =>
  sqlFilesOf(file).filter((one) => read(one).named.length === 0);

const orNothing = <T>(look: () => T, otherwise: T): T => {
  try {
    return look();
  } catch (error) {
    if (error instanceof RunnerError) return otherwise;
    throw error;
  }
};

/** The pipelines of a folder share their files. */
const kept = rememberedByFiles<SqlFile>();

const read = (file: string): SqlFile => kept([file], "", () => readNow(file));

const readNow = (file: string): SqlFile => {
  const text = textOf(file);
  const stretches = cut(text, dirname(file));
  const named = stretches.flatMap(({ command, commandStart }) =>
    typeof command === "object"
      ? [{ file: command.file, place: placeInText(file, text, commandStart + 1) }]
      : [],
  );
  return { text, stretches, named };
};

const cut = (text: string, folder: string): readonly Stretch[] => {
  const stretches: Stretch[] = [];
  let start = 0;
  for (const { index, 0: line, 1: name } of text.matchAll(COMMAND)) {
    const command = name === undefined ? "gexec" : { file: resolve(folder, name) };
    stretches.push({ sql: text.slice(start, index), start, command, commandStart: index });
    start = index + line.length;
  }
  const rest = { sql: text.slice(start), start };
  return [...stretches, { ...rest, command: undefined, commandStart: text.length }];
};

const COMMAND = /^\\(?:gexec|ir[ \t]+(\S+))[ \t]*\r?$/gm;

const textOf = (file: string): string => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw sqlFileMissing(fileLabel(file), error);
  }
  const text = wholeText(bytes);
  if (typeof text === "string") return text;
  const { isUtf16, before, inWindows } = text;
  const error = sqlNotUtf8(fileLabel(file), isUtf16 ? undefined : inWindows);
  error.place = placeInText(file, before, before.length + 1);
  throw error;
};
