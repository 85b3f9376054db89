/** What the scripts of `setup` make, read off their text: an examination runs nothing. */

import type { Coming } from "../core/examination.ts";
import { sqlTextsIn } from "../core/sql-file.ts";
import { quotedTable } from "./names.ts";

/**
 * What will be there when the flows begin. A table counts as made by a script that has `create table`,
 * `create view` or `alter table` with its name; a column, as made by one that has its name beside.
 */
export const comingFrom = (scripts: readonly string[]): Coming => {
  const texts = scripts.flatMap(scriptTexts);
  const tables = new Map<string, string[]>();
  const indexed = new Set<string>();
  const written = new Set<string>();
  const containers = new Set<string>();
  for (const text of texts) {
    for (const [, name = ""] of text.matchAll(MAKES_TABLE)) {
      const key = quotedTable(name);
      tables.set(key, [...(tables.get(key) ?? []), text]);
    }
    for (const [, name = ""] of text.matchAll(MAKES_INDEX)) indexed.add(quotedTable(name));
    for (const [, name = ""] of text.matchAll(MAKES_CONTAINER)) containers.add(name.toLowerCase());
    for (const [, name = ""] of text.matchAll(MAKES_ROWS)) written.add(quotedTable(name));
  }
  return comingOf({ tables, indexed, written, containers: [...containers] });
};

interface Made {
  /** Table → what makes it, as text. */
  readonly tables: Map<string, readonly string[]>;
  readonly indexed: ReadonlySet<string>;
  readonly written: Set<string>;
  readonly containers: readonly string[];
}

const comingOf = ({ tables, indexed, written, containers }: Made): Coming => {
  const textsOf = (table: string) => tables.get(quotedTable(table)) ?? [];
  return {
    // The runner makes its own tables before the first flow.
    hasTable: (table) => /^"runner"\./.test(quotedTable(table)) || tables.has(quotedTable(table)),
    hasColumn: (table, column) => textsOf(table).some((text) => hasWord(text, column)),
    hasColumnSomewhere: (column) =>
      [...tables.values()].flat().some((text) => hasWord(text, column)),
    hasUniqueIndex: (table) => indexed.has(quotedTable(table)),
    containers,
    copy: () =>
      comingOf({ tables: new Map(tables), indexed, written: new Set(written), containers }),
    noteWritten(table, made) {
      written.add(quotedTable(table));
      tables.set(quotedTable(table), [...textsOf(table), made.join(" ")]);
    },
    isWritten: (table) => written.has(quotedTable(table)),
  };
};

/** A table's name in SQL, as a group of a pattern. */
export const NAME = String.raw`((?:"[^"]+"|[a-z_][\w$]*)(?:\.(?:"[^"]+"|[a-z_][\w$]*))?)`;
const MAKES_TABLE = new RegExp(
  String.raw`\b(?:create\s+(?:or\s+replace\s+)?(?:unlogged\s+)?(?:table|(?:materialized\s+)?view)|alter\s+table)\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?${NAME}`,
  "gi",
);
const MAKES_ROWS = new RegExp(String.raw`\binsert\s+into\s+${NAME}`, "gi");
const MAKES_INDEX = new RegExp(
  String.raw`\bcreate\s+unique\s+index\b[^;]{0,200}?\bon\s+(?:only\s+)?${NAME}`,
  "gi",
);

const MAKES_CONTAINER =
  /\bcreate\s+(?:schema|extension)\s+(?:if\s+not\s+exists\s+)?"?(?!authorization\b)([a-z_][\w$]*)/gi;

/** Whether a name stands in a text by itself. */
export const hasWord = (text: string, word: string): boolean =>
  new RegExp(`(^|[^\\w$])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}($|[^\\w$])`, "i").test(
    text,
  );

/** The texts of a script and those that it runs by `\ir`, without comments. */
export const scriptTexts = (path: string): string[] => sqlTextsIn(path).map(withoutComments);

const withoutComments = (sql: string): string =>
  sql.replace(/--[^\n]*/g, "").replace(/\/\*[\s\S]*?\*\//g, "");
