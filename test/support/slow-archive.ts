/** Darwin Core Archives, read in the slow and obvious way: what the product's reader is compared with. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as yauzl from "yauzl";

/** The files of an archive by their last name, without what a Mac adds. */
export const filesOf = async (path: string): Promise<Map<string, Buffer>> => {
  const files = new Map<string, Buffer>();
  const add = (name: string, content: Buffer) => {
    if (!/__MACOSX|(^|\/)\._/.test(name)) files.set(name.replace(/^.*\//, ""), content);
  };
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path)) add(name, readFileSync(join(path, name)));
  } else if (path.endsWith(".tgz")) {
    const names = execFileSync("tar", ["tzf", path], { encoding: "utf8" }).trim().split("\n");
    for (const name of names) add(name, execFileSync("tar", ["xzOf", path, name]));
  } else {
    const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith("/")) continue;
      const chunks = await Array.fromAsync(await zip.openReadStreamPromise(entry));
      add(entry.fileName, Buffer.concat(chunks));
    }
    zip.close();
  }
  return files;
};

/** A table as `meta.xml`, or the header alone, says that it is; lines of another width are left out. */
export interface SlowTable {
  readonly file: string;
  readonly names: readonly string[];
  readonly values: readonly (string | null)[][];
  /** The numbers of the records that are too short or too long, the first is 1. */
  readonly odd: readonly number[];
}

/** All tables of an archive, whatever its descriptor. */
export const slowTables = (files: ReadonlyMap<string, Buffer>): SlowTable[] => {
  const meta = files.get("meta.xml")?.toString("utf8");
  if (meta !== undefined) {
    const tables = [...meta.matchAll(/<(core|extension)\b([^>]*)>(.*?)<\/\1>/gs)];
    return tables
      .filter(([, , , body]) => body?.includes("<location>"))
      .map(([, kind = "", head = "", body = ""]) => described({ kind, head, body, files }));
  }
  const [file = ""] = [...files.keys()].filter((name) => !/\.xml$/i.test(name));
  const text = files.get(file)?.toString("utf8") ?? "";
  const [names = [], ...rows] = cut(text, text.split("\n")[0]?.includes("\t") ? "\t" : ",", '"');
  return [{ file, names, values: rows.map((row) => row.map((value) => value || null)), odd: [] }];
};

const attribute = (text: string, name: string): string | undefined =>
  new RegExp(`\\b${name}\\s*=\\s*(["'])(.*?)\\1`, "s")
    .exec(text)?.[2]
    ?.replaceAll("&quot;", '"')
    .replaceAll("\\t", "\t");

interface Described {
  readonly kind: string;
  readonly head: string;
  readonly body: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

const described = ({ kind, head, body, files }: Described): SlowTable => {
  const file = /<location>\s*(.*?)\s*<\/location>/.exec(body)?.[1] ?? "";
  const text = files.get(file)?.toString("utf8") ?? "";
  // Without `fieldsTerminatedBy`, the samples that have tabs are read as their authors meant them.
  const separator = attribute(head, "fieldsTerminatedBy") ?? (text.includes("\t") ? "\t" : ",");
  const all = cut(text, separator, attribute(head, "fieldsEnclosedBy") ?? '"');
  const headers = Number(attribute(head, "ignoreHeaderLines") ?? 0);
  const id = Number(attribute(/<(?:core)?id\b[^>]*>/.exec(body)?.[0] ?? "", "index"));
  const fields = [...body.matchAll(/<field\b[^>]*>/g)].map(([tag]) => ({
    name: (attribute(tag, "term") ?? "").trim().replace(/^.*[/#]/, ""),
    index: attribute(tag, "index"),
    whenEmpty: attribute(tag, "default"),
  }));
  if (!fields.some(({ index }) => index !== undefined && Number(index) === id)) {
    const name = kind === "core" ? "id" : "coreid";
    fields.unshift({ name, index: String(id), whenEmpty: undefined });
  }
  const last = Math.max(...fields.map(({ index }) => Number(index ?? -1)));
  const width = headers > 0 ? (all[0]?.length ?? 0) : last + 1;
  const rows = all.slice(headers).map((row, at) => ({ row, line: headers + at + 1 }));
  return {
    file,
    names: fields.map(({ name }) => name),
    values: rows
      .filter(({ row }) => row.length === width)
      .map(({ row }) =>
        fields.map(
          ({ index, whenEmpty }) =>
            (index === undefined ? "" : row[Number(index)]) || whenEmpty || null,
        ),
      ),
    odd: rows.filter(({ row }) => row.length !== width).map(({ line }) => line),
  };
};

/** Character by character: fields, where a quote may begin one and a doubled quote is one. */
const cut = (text: string, separator: string, quote: string): string[][] => {
  const rows: string[][] = [];
  let row: string[] = [""];
  let isQuoted = false;
  const add = (character: string) => row.push((row.pop() ?? "") + character);
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (isQuoted && character === quote && text[at + 1] === quote) add(text[++at] as string);
    else if (quote !== "" && character === quote && (isQuoted || row.at(-1) === "")) {
      isQuoted = !isQuoted;
    } else if (isQuoted) add(character);
    else if (character === separator) row.push("");
    else if (character === "\n") {
      rows.push(row);
      row = [""];
    } else if (character !== "\r") add(character);
  }
  if (row.length > 1) rows.push(row);
  return rows.filter((fields) => fields.length > 1 || fields[0] !== "");
};
