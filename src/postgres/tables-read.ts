/** Which tables a statement names where it reads, told from its text alone. */

import type { Use } from "../core/component.ts";
import { remembered } from "../core/remembered.ts";
import { sqlUse } from "../core/uses.ts";
import { tableUse } from "./table-use.ts";

/** What a statement reads: the tables that it names, and any, as there are views and functions. */
export const sqlUses = (sql: string, within = sql): readonly Use[] => [
  ...tablesRead(sql).map((table) => ({ ...tableUse(table, "read"), within })),
  sqlUse,
];

/** A comment, a text, or a quoted name, which stays. */
const OPAQUE =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|(\$(?:[a-z_]\w*)?\$)[\s\S]*?\1|("(?:[^"]|"")*")/gi;

const PART = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const NAME = String.raw`${PART}(?:\s*\.\s*${PART})?(?![\p{L}\p{N}_$"])(?!\s*[.(])`;
/** Names behind a `join`, and the first ones behind a `from`; `is distinct from x` compares. */
const READ = new RegExp(
  String.raw`\bjoin\s+(?:only\s+)?(${NAME})|(?<!\bdistinct\s+)\bfrom\s+(?:only\s+)?(${NAME})`,
  "giu",
);
/** One more, behind the alias of the one before it. */
const NEXT = new RegExp(String.raw`^\s*(?:(?:as\s+)?${PART}\s*)?,\s*(?:only\s+)?(${NAME})`, "iu");
/** A name for a part of the statement. */
const OWN = new RegExp(
  String.raw`(?:\bwith\s+(?:recursive\s+)?|,\s*)(${PART})\s*(?:\([^()]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s+)?\(`,
  "giu",
);

/**
 * The tables that a statement reads, as it writes them. Not those named in comments and texts, nor the names
 * that it gives to parts of itself; what stands behind a subselect and a comma is not found.
 */
export const tablesRead = remembered((sql: string): readonly string[] => {
  const text = sql.replace(OPAQUE, (_whole, _tag, name?: string) => name ?? " ");
  const own = new Set([...text.matchAll(OWN)].map(([, name = ""]) => name.toLowerCase()));
  const found = [...text.matchAll(READ)].flatMap(({ 0: whole, 1: joined, 2: first, index }) =>
    first === undefined
      ? [joined ?? ""]
      : [first, ...namesBehind(text.slice(index + whole.length))],
  );
  const names = found.map((name) => name.replace(/\s*\.\s*/, "."));
  return [...new Set(names)].filter((name) => !own.has(name.toLowerCase()));
});

/** The rest of a list of tables. */
const namesBehind = (text: string): string[] => {
  const [whole = "", name] = NEXT.exec(text) ?? [];
  return name === undefined ? [] : [name, ...namesBehind(text.slice(whole.length))];
};
