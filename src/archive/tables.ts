import { fileMissing, metaTooLarge, noTable, tableUnknown } from "../core/errors.ts";
import type { Archive, Entry } from "./entries.ts";
import { localName, type Meta, readMeta, type Table } from "./meta.ts";

/** Descriptions are small; a larger one is something else. */
const MAX_XML_BYTES = 64 * 1024 * 1024;

/** Files that are never a table. */
const NOT_DATA = /(^|\/)(citations|rights|readme|license)\.txt$|\.(xml|md|pdf|html?|json)$/i;

/** The tables of an archive: as `meta.xml` has them, or the one data file of an archive without it. */
export const tablesOf = async (archive: Archive, signal: AbortSignal): Promise<Meta> => {
  const entry = archive.entries.get("meta.xml");
  if (entry === undefined) {
    return { metadata: undefined, tables: [onlyTable(archive)], warnings: [] };
  }
  return readMeta(await wholeEntry(entry, signal), `meta.xml of ${archive.name}`);
};

/** A small file as one buffer. */
export const wholeEntry = async (entry: Entry, signal: AbortSignal): Promise<Buffer> => {
  if (entry.sizeBytes > MAX_XML_BYTES) throw metaTooLarge(entry.name, MAX_XML_BYTES);
  return Buffer.concat(await Array.fromAsync(entry.read(signal)));
};

/** GBIF's SIMPLE_CSV and the like: the header names the columns. */
const onlyTable = (archive: Archive): Table => {
  const names = [...archive.entries.keys()];
  const data = names.filter((name) => !NOT_DATA.test(name));
  const [file] = data;
  if (file === undefined || data.length > 1) throw noTable(archive.name, names, data);
  return {
    rowType: "",
    isCore: true,
    files: [file],
    encoding: "UTF-8",
    fieldsTerminatedBy: undefined,
    linesTerminatedBy: "\n",
    fieldsEnclosedBy: undefined,
    ignoreHeaderLines: 1,
    idIndex: undefined,
    fields: [],
  };
};

/**
 * The table of that name: a file (`occurrence.txt`, `occurrence`) or a row type (`Multimedia`, or its
 * URI), in any case. `verbatim.txt` has the core's row type, so the core goes first; none is the core.
 */
export const findTable = (
  archive: Archive,
  { tables }: Meta,
  wanted: string | undefined,
): Table => {
  const name = wanted?.toLowerCase();
  const found =
    name === undefined
      ? tables[0]
      : (tables.find(({ files }) => files.some((file) => isNamed(file.toLowerCase(), name))) ??
        tables.find(({ rowType }) =>
          [rowType, localName(rowType)].some((type) => type.toLowerCase() === name),
        ));
  if (found === undefined) throw tableUnknown(archive.name, wanted ?? "", namesOf(tables));
  const missing = found.files.find((file) => !archive.entries.has(file));
  if (missing !== undefined) throw fileMissing(archive.name, missing, archive.entries.keys());
  return found;
};

const isNamed = (file: string, wanted: string): boolean =>
  file === wanted || file.replace(/\.[^.]*$/, "") === wanted || localName(file) === wanted;

const namesOf = (tables: readonly Table[]): string[] =>
  tables.flatMap(({ files }) => files.map((file) => file.replace(/\.[^.]*$/, "")));
