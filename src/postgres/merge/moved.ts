import type { Finding } from "../../core/accounting.ts";
import type { MergeShape } from "./shape.ts";

/** A row of the target that got the key of a record of this chunk. */
export interface Moved {
  /** `adopted`: it was of another origin; `rekeyed`: it was the flow's own. */
  readonly kind: "adopted" | "rekeyed";
  /** The record's number. */
  readonly n: number;
  readonly oldKey: readonly (string | null)[];
  readonly newKey: readonly string[];
}

/** Old and new of the key's columns that differ. */
export const movedFindings = (
  { key }: Pick<MergeShape, "key">,
  { kind, oldKey, newKey }: Pick<Moved, "oldKey" | "newKey"> & Pick<Finding, "kind">,
): (Finding & { readonly column: string })[] =>
  key.flatMap(({ name }, index) =>
    oldKey[index] === newKey[index]
      ? []
      : [
          {
            kind,
            key: newKey.join(", "),
            column: name,
            old: oldKey[index] ?? null,
            new: newKey[index] ?? null,
          },
        ],
  );
