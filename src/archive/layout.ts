import type { FieldReader } from "../core/batch.ts";
import { duplicateColumns, headerDiffers, headerTooShort } from "../core/errors.ts";
import type { Table } from "./meta.ts";

/** Where a column's values are. */
export interface Placed {
  /** Position in the line; undefined for a constant. */
  readonly index: number | undefined;
  readonly default: string | undefined;
}

/** The columns of a file and the width of its lines. */
export interface Layout {
  readonly width: number;
  readonly columns: ReadonlyMap<string, Placed>;
}

/** The column with the core's identifier, in the core and in its extensions. */
export const coreIdColumn = ({ idIndex, isCore, fields }: Table): string | undefined => {
  if (idIndex === undefined) return undefined;
  return fields.find(({ index }) => index === idIndex)?.name ?? (isCore ? "id" : "coreid");
};

/**
 * Brings together what `meta.xml` says of a file and what its header says.
 *
 * Columns are found by term. `id` or `coreid` is added where the core's identifier is no term of its own.
 * `lineWidth` is the width of the first line, for files without a header.
 */
export const layoutOf = (
  table: Table,
  header: readonly string[] | undefined,
  lineWidth: number,
  file: string,
): Layout => {
  if (table.fields.length === 0 && table.idIndex === undefined) return byHeader(header ?? [], file);
  const columns = new Map<string, Placed>();
  const id = coreIdColumn(table);
  if (id !== undefined && !table.fields.some(({ name }) => name === id))
    columns.set(id, { index: table.idIndex, default: undefined });
  for (const { name, index, default: value } of table.fields) {
    columns.set(name, { index, default: value });
  }
  const last = Math.max(-1, ...[...columns.values()].map(({ index }) => index ?? -1));
  if (header === undefined) return { width: Math.max(last + 1, lineWidth), columns };
  if (last >= header.length) throw headerTooShort(file, last + 1, header.length);
  checkHeader(table, header, file);
  return { width: header.length, columns };
};

/**
 * Reads the values of a line by column. What a line that is too long has beyond the last column is under
 * `(51)`, `(52)` …, for people to put in its place.
 */
export const lineFields = ({ columns, width }: Layout): FieldReader => {
  const names = [...columns.keys()];
  const placed = [...columns.values()];
  return {
    names,
    read: (values) => {
      const fields: Record<string, string> = {};
      placed.forEach(({ index, default: whenEmpty }, at) => {
        const value = (index === undefined ? null : values[index]) || whenEmpty;
        if (value) fields[names[at] as string] = value;
      });
      values.slice(width).forEach((value, at) => {
        if (value) fields[`(${width + at + 1})`] = value;
      });
      return fields;
    },
  };
};

/** Without `meta.xml`, the header is all there is. */
const byHeader = (header: readonly string[], file: string): Layout => {
  const columns = new Map<string, Placed>();
  header.forEach((label, index) => {
    const name = label.trim();
    if (columns.has(name)) throw duplicateColumns(file, name);
    if (name !== "") columns.set(name, { index, default: undefined });
  });
  return { width: header.length, columns };
};

/**
 * Compares terms and header. A label that is no term of this table says nothing (museums write what they
 * like); one that is the term of another field, or a term whose label stands elsewhere, is a shift.
 */
const checkHeader = (table: Table, header: readonly string[], file: string): void => {
  const labels = header.map(plainName);
  const terms = new Map(
    table.fields.filter(({ index }) => index !== undefined).map((field) => [field.index, field]),
  );
  const known = new Set([...terms.values()].map(({ name }) => plainName(name)));
  const differences: string[] = [];
  labels.forEach((label, index) => {
    const name = terms.get(index)?.name;
    const expected = name === undefined ? undefined : plainName(name);
    if (label === expected) return;
    const isShifted = known.has(label) || (expected !== undefined && labels.includes(expected));
    if (isShifted) {
      differences.push(
        `field ${index + 1} is \`${name ?? "nothing"}\` in meta.xml and \`${header[index]}\` in the header`,
      );
    }
  });
  if (differences.length > 0) throw headerDiffers(file, differences);
};

/** `dwc:Locality`, `http://rs.tdwg.org/dwc/terms/locality` and `locality` are the same. */
const plainName = (label: string): string =>
  label
    .trim()
    .replace(/^.*[/#:]/, "")
    .toLowerCase();
