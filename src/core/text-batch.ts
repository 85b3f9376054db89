import { Batch, type Fields, type Input, type RecordPlace, type Rejected } from "./batch.ts";
import { TextColumn } from "./columns.ts";

/** A record whose values are text already, in the order of the columns. */
export interface TextRecord extends RecordPlace {
  readonly values: readonly (string | null)[];
}

/** When a batch has so many bytes of input, it is passed on. */
export const BATCH_BYTES = 512 * 1024;

/**
 * A batch of records that are text already. A value with a NUL makes its record a reject: PostgreSQL
 * stores none, and would refuse the whole COPY.
 */
export const textBatch = (
  names: readonly string[],
  records: readonly TextRecord[],
  source: {
    input: Input;
    bytes: number;
    rejects?: readonly Rejected[];
  },
): Batch => {
  // Without the values: they would stay in memory until the record's commit.
  const placed = ({ values, ...record }: TextRecord): RecordPlace =>
    record.fields ? record : { ...record, names, fields: () => fieldsNamed(names, values) };
  const withNul = new Set(records.filter(({ values }) => values.some(hasNul)));
  const good = withNul.size === 0 ? records : records.filter((record) => !withNul.has(record));
  const rejects = [...withNul].map((record) => ({
    ...placed(record),
    code: "nul_character",
    message: "A NUL character in the record: PostgreSQL stores none.",
  }));
  return Batch.from({
    columns: new Map(
      names.map((name, index) => [
        name,
        new TextColumn(good.map(({ values }) => values[index] ?? null)),
      ]),
    ),
    size: good.length,
    input: source.input,
    record: (row) => {
      const record = good[row];
      return record ? placed(record) : { place: source.input.name, raw: "" };
    },
    bytes: source.bytes,
    rejects: [...(source.rejects ?? []), ...rejects],
  });
};

/** The values that there are, under the names of their columns. */
export const fieldsNamed = (
  names: readonly string[],
  values: readonly (string | null | undefined)[],
): Fields => {
  const fields: Record<string, string> = {};
  names.forEach((name, index) => {
    const value = values[index];
    if (value) fields[name] = value;
  });
  return fields;
};

const hasNul = (value: string | null): boolean => value?.includes("\0") ?? false;
