import { type Column, ConstantColumn } from "./columns.ts";
import type { CopyWriter } from "./copy-writer.ts";
import { neverARecord } from "./errors.ts";

type Value = string | null;

/** What a filter asks of a value; `only` are the values that it takes when they can be listed. */
export interface Condition {
  readonly holds: (value: Value) => boolean;
  readonly only?: readonly Value[] | undefined;
}

/**
 * A column of which filters have been: it travels with the empty batch of `validate`, through renaming
 * too, and tells a later filter what can still come. It has no rows.
 */
class NarrowedColumn implements Column {
  readonly possible: readonly Value[] | undefined;
  readonly conditions: readonly Condition[];

  constructor(possible: readonly Value[] | undefined, conditions: readonly Condition[]) {
    this.possible = possible;
    this.conditions = conditions;
  }

  text(): null {
    return null;
  }

  copyTo(writer: CopyWriter): void {
    writer.text(null);
  }
}

/** The column behind one more filter; throws when no value can pass both this and what was before. */
export const narrowed = (name: string, column: Column, condition: Condition): Column => {
  const earlier = column instanceof NarrowedColumn ? column.conditions : [];
  const before = possibleIn(column);
  const after = before
    ? before.filter((value) => condition.holds(value))
    : condition.only?.filter((value) => earlier.every(({ holds }) => holds(value)));
  if (after?.length === 0) throw neverARecord(name, reasonOf(column, before));
  return new NarrowedColumn(after, [...earlier, condition]);
};

const possibleIn = (column: Column): readonly Value[] | undefined => {
  if (column instanceof ConstantColumn) return [column.text()];
  return column instanceof NarrowedColumn ? column.possible : undefined;
};

const reasonOf = (column: Column, possible: readonly Value[] | undefined): string => {
  if (possible === undefined) return "has met a filter before that leaves nothing for this one";
  const values = possible.map((value) => (value === null ? "empty" : JSON.stringify(value)));
  const shown = values.length > 5 ? [...values.slice(0, 5), "…"] : values;
  return column instanceof ConstantColumn
    ? `is always ${shown.join()}`
    : `is ${shown.join(" or ")} after the filter before`;
};
