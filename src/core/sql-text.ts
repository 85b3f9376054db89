/** What can be told of SQL from its text, without a database. */

import { queryGivesNoRows, queryHasMany, READING_WORDS, type RunnerError } from "./errors.ts";
import { placeInText } from "./place.ts";
import { remembered } from "./remembered.ts";

/** SQL with blanks in the place of what is not read as SQL, so that each other character stays where it is. */
export const withoutTexts = (sql: string): string =>
  sql.replace(NO_STATEMENT, (text) => text.replace(/[^\n]/g, " "));

/** Comments, texts, quoted names, and bodies between dollars. */
const NO_STATEMENT =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/g;

/** A statement of a script, and where it begins in it. */
export interface Part {
  readonly sql: string;
  readonly start: number;
}

/** The statements of a script, without the comments between them. The pipelines of a folder share their scripts. */
export const statementsIn = remembered((script): readonly Part[] => {
  const plain = withoutTexts(script);
  // Between `begin atomic` and its `end`, semicolons end no statement of the script.
  const ends = /\bbegin\s+atomic\b/i.test(plain) ? [] : endsIn(plain);
  return [...ends, plain.length].flatMap((end, index) => {
    const from = index === 0 ? 0 : (ends[index - 1] ?? 0) + 1;
    const blanks = plain.slice(from, end).search(/\S/);
    if (blanks < 0) return [];
    return [{ sql: script.slice(from + blanks, end), start: from + blanks }];
  });
});

/** Where the semicolons are; those in brackets are part of a rule. */
const endsIn = (plain: string): readonly number[] => {
  let depth = 0;
  return [...plain.matchAll(/[();]/g)].flatMap(({ 0: sign, index }) => {
    if (sign === ";") return depth === 0 ? [index] : [];
    depth = Math.max(0, depth + (sign === "(" ? 1 : -1));
    return [];
  });
};

/** A semicolon with nothing but blanks and comments behind it ends the statement, and is not part of it. */
export const bare = (sql: string): string =>
  sql.replace(/;(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/, "");

const FIRST_WORD = /^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*(\\?\w*)/;

/** The first word of a statement, with its position from 1; one of psql's own begins with a backslash. */
export const firstWord = (sql: string): { readonly word: string; readonly position: number } => {
  const [all = "", word = ""] = FIRST_WORD.exec(sql) ?? [];
  return { word, position: all.length - word.length + 1 };
};

/**
 * Says, without a database, of a statement that is to give rows when it begins with a word that none does, or when
 * another one follows it.
 */
export const whyNoRows = (sql: string): RunnerError | undefined => {
  const { word, position } = firstWord(bare(sql));
  if (!READING_WORDS.includes(word.toLowerCase())) return queryGivesNoRows(word, { sql, position });
  const [, second] = statementsIn(sql);
  return second && queryHasMany({ sql, position: second.start + 1 });
};

/** Throws the same; `file` is where the statement stands when it is not in the YAML. */
export const checkGivesRows = (sql: string, file?: string): void => {
  const error = whyNoRows(sql);
  if (error === undefined) return;
  if (file !== undefined) error.place = placeInText(file, sql, error.position ?? 1);
  throw error;
};
