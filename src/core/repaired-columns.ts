/** Whether the columns of repaired records are those that the records had. */

import { repairedColumns } from "./errors.ts";
import type { Repaired } from "./repaired.ts";

/** Repaired records with all columns that they had, and the columns of the file that are none of them. */
export interface Fitted extends Pick<Repaired, "names" | "records"> {
  readonly leftOut: readonly string[];
}

/**
 * The records by the columns of the rejects that they are, which are those of `lists` that are nearest to the
 * file's; undefined when nobody knows any. Throws `repaired_invalid` for a column that is misspelt or gone: its
 * values would be lost without a word, or the pipeline be blamed. A table may have others, such as people's notes.
 */
export const fittedColumns = (
  repaired: Repaired,
  lists: readonly (readonly string[])[],
): Fitted | undefined => {
  const own = new Set(repaired.names);
  const differences = lists.map((list) => {
    const known = new Set(list);
    return {
      list,
      // JSON names columns without a value or not, as it likes.
      missing: repaired.isTable ? list.filter((name) => !own.has(name)) : [],
      unknown: repaired.names.filter((name) => !known.has(name)),
    };
  });
  const size = ({ missing, unknown }: (typeof differences)[number]) =>
    missing.length + unknown.length;
  const [nearest] = differences.toSorted((a, b) => size(a) - size(b));
  if (nearest === undefined) return undefined;
  const { list, missing, unknown } = nearest;
  if (missing.length > 0 || (unknown.length > 0 && !repaired.isTable)) {
    const [first = ""] = unknown;
    throw repairedColumns(repaired.namesAt.get(first) ?? repaired.at, { missing, unknown }, list);
  }
  const indexes = list.map((name) => repaired.names.indexOf(name));
  return {
    names: list,
    records: repaired.records.map((record) => ({
      ...record,
      values: indexes.map((index) => record.values[index] ?? null),
    })),
    leftOut: unknown,
  };
};
