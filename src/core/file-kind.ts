/** What a file is by its first bytes, where that is no text: nothing but a mistake gives it to who reads text. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { wrongKind } from "./errors.ts";

/** Kinds of files that are mistaken for data; `packed` is compressed in a way that nothing here reads. */
export type FileKind = "zip" | "xlsx" | "xls" | "ods" | "gzip" | "packed" | "pdf" | "html";

/** How they begin. `PK` is a zip with entries (03 04), an empty one (05 06) or a split one (07 08). */
const STARTS: readonly (readonly [start: string, kind: FileKind])[] = [
  ["PK\x03\x04", "zip"],
  ["PK\x05\x06", "zip"],
  ["PK\x07\x08", "zip"],
  ["\x1f\x8b", "gzip"],
  ["\xd0\xcf\x11\xe0", "xls"],
  ["%PDF-", "pdf"],
  ["7z\xbc\xaf", "packed"],
  ["Rar!", "packed"],
  ["\xfd7zXZ", "packed"],
  ["BZh91AY", "packed"],
  ["\x28\xb5\x2f\xfd", "packed"],
];

/** More than the name of a zip's first entry, and than the type that a spreadsheet has there. */
const START_BYTES = 512;

/** The kind of a file; undefined for a text, and for what cannot be read twice, such as a pipe. */
export const fileKindOf = (path: string): FileKind | undefined => {
  if (!statSync(path).isFile()) return undefined;
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(START_BYTES);
    return kindOf(start.subarray(0, readSync(file, start, 0, START_BYTES, 0)));
  } finally {
    closeSync(file);
  }
};

/** The same of a file's first bytes. */
export const kindOf = (bytes: Buffer): FileKind | undefined => {
  const text = bytes.toString("latin1", 0, START_BYTES);
  const [, kind] = STARTS.find(([start]) => text.startsWith(start)) ?? [];
  if (kind === "zip") return zipKind(text);
  if (kind !== undefined) return kind;
  return /^(\xef\xbb\xbf)?\s*<(!doctype html|html)\b/i.test(text) ? "html" : undefined;
};

/** A spreadsheet is a zip of XML; what it is for stands in the name or the text of its first entry. */
const zipKind = (text: string): FileKind => {
  if (text.includes("opendocument.spreadsheet")) return "ods";
  return /\[Content_Types\]\.xml|xl\/(workbook|worksheets)/.test(text) ? "xlsx" : "zip";
};

/** Throws `wrong_kind` for a file that a source of that name, which reads text, cannot read. */
export const requireText = (path: string, source: string): void => {
  const kind = fileKindOf(path);
  if (kind !== undefined) throw wrongKind({ name: basename(path), path }, kind, source);
};
