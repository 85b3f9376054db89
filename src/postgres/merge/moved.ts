import type { Finding } from "../../core/accounting.ts";
import type { Identity } from "./adopt-sql.ts";
import type { MergeShape } from "./shape.ts";

/** A row of the target that got the key of a record of this chunk. */
export interface Moved {
  /** `adopted`: it was of another origin; `rekeyed`: it was the flow's own. */
  readonly kind: "adopted" | "rekeyed";
  /** The record's number. */
  readonly n: number;
  readonly oldKey: readonly (string | null)[];
  readonly newKey: readonly string[];
  /** Its primary key, where it is known: people look a row up by that while its key is another. */
  readonly row?: readonly string[];
}

/** What told the row apart, which stays, then old and new of the key's columns that differ. */
export const movedFindings = (
  { key }: Pick<MergeShape, "key">,
  { kind, oldKey, newKey, row = [] }: Omit<Moved, "kind" | "n"> & Pick<Finding, "kind">,
  identity: Identity = [],
): (Finding & { readonly column: string })[] => {
  const parts = [
    ...identity.map(({ name }, index) => [name, row[index], row[index]] as const),
    ...key
      .map(({ name }, index) => [name, oldKey[index], newKey[index]] as const)
      .filter(([, old, now]) => old !== now),
  ];
  return parts.map(([column, old = null, now = null]) => ({
    kind,
    key: newKey.join(", "),
    column,
    old,
    new: now,
  }));
};
