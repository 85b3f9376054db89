/** Writes rows as COPY text; values side by side that are fields of the input are written together. */

import { type Column, FieldColumn } from "./columns.ts";
import type { CopyWriter } from "./copy-writer.ts";
import type { CopiedFields } from "./split.ts";

/** What writes one or more values of a row. */
type Part = Pick<Column, "copyTo">;

/** Fields that stand side by side, of all rows: written at once, they take a quarter of the time. */
class FieldRun implements Part {
  readonly copied: CopiedFields;

  constructor(copied: CopiedFields) {
    this.copied = copied;
  }

  copyTo(writer: CopyWriter, row: number): void {
    const { bytes, places } = this.copied;
    writer.copied(bytes, places[2 * row]!, places[2 * row + 1]!);
  }
}

/** Apart from the generators around it, as V8 makes these loops fast only in a plain function. */
export const writeRows = (
  writer: CopyWriter,
  columns: readonly Column[],
  rows: Uint32Array,
): void => {
  const parts = partsOf(columns, rows);
  const [first] = parts;
  if (parts.length === 1 && first instanceof FieldRun) {
    writer.copiedRows(first.copied, rows);
    return;
  }
  for (const row of rows) {
    for (const part of parts) part.copyTo(writer, row);
    writer.endRow();
  }
};

const partsOf = (columns: readonly Column[], rows: Uint32Array): readonly Part[] => {
  const parts: Part[] = [];
  for (let at = 0; at < columns.length; ) {
    const fields = fieldsFrom(columns, at);
    const copied =
      fields.length > 1
        ? fields[0]?.slab.copyFields?.(
            fields.map(({ field }) => field),
            rows,
          )
        : undefined;
    if (copied === undefined) parts.push(columns[at++]!);
    else {
      parts.push(new FieldRun(copied));
      at += fields.length;
    }
  }
  return parts;
};

/** Columns from there on that are fields of one slab. */
const fieldsFrom = (columns: readonly Column[], from: number): readonly FieldColumn[] => {
  const fields: FieldColumn[] = [];
  for (let at = from; at < columns.length; at++) {
    const column = columns[at];
    if (!(column instanceof FieldColumn) || column.slab !== (fields[0] ?? column).slab) break;
    fields.push(column);
  }
  return fields;
};
