import type { Finding } from "../core/tally.ts";

/** What is shown of a finding. */
type Shown = Omit<Finding, "kind"> & { readonly kind: string };

/**
 * A table of rows that people should look at: what became of a row, its key, what else says which it is, and below each
 * other old and new of what it is about. With a header; without a column that nothing would stand in.
 */
export const findingTable = (findings: readonly Shown[]): string[][] => {
  const isLabelled = findings.some(({ label }) => label !== null);
  const withLabel = (label: string) => (isLabelled ? [label] : []);
  return [
    ["what", "key", ...withLabel("row"), "column", "old", "new"],
    ...findings.map(({ kind, key, label, column, old, new: now }, index) => {
      const before = findings[index - 1];
      const isSameRow = before?.kind === kind && before.key === key;
      const row = isSameRow ? ["", "", ...withLabel("")] : [kind, key, ...withLabel(label ?? "")];
      if (column === null) return [...row, "", old ?? "", now ?? ""];
      return [...row, column, old ?? "(empty)", now ?? "(empty)"];
    }),
  ];
};
