/** Rows whose place in the target is told by more than their key. */

import type { Changes, Finding } from "../../core/tally.ts";
import { adoptSteps } from "./adopt.ts";
import type { MergeParts } from "./merge.ts";
import type { MergeShape } from "./shape.ts";
import type { Step } from "./steps.ts";
import { MOVED } from "./temporary.ts";
import { uniqueSteps } from "./unique-conflicts.ts";

/** What is done with staged rows before they are compared: rows of the target get their key, or they are set aside. */
export const settleSteps = (parts: MergeParts, where: string): readonly Step[] => [
  ...adoptSteps(parts, where),
  ...uniqueSteps(parts, where),
];

/** How many rows have got another key. */
export const MOVED_COUNTS = `
  select count(*) filter (where kind = 'adopted')::integer as adopted,
         count(*) filter (where kind = 'rekeyed')::integer as rekeyed from ${MOVED}`;

/** Of a changed key, so many are shown. */
const EXAMPLES = 3;

/** The changes of a chunk, those of its keys first. */
export const withKeyChanges = (
  { key }: MergeShape,
  findings: readonly Finding[],
  { changes, examples }: Changes,
): Changes => {
  const moved = findings.filter(
    ({ kind, old, new: now }) => ["adopted", "rekeyed"].includes(kind) && old !== now,
  );
  const byColumn = key
    .map(({ name }) => moved.filter(({ column }) => column === name))
    .filter(({ length }) => length > 0);
  const counts = byColumn.map((ofColumn) => [ofColumn[0]?.column, ofColumn.length] as const);
  const shown = byColumn.flatMap((ofColumn) =>
    ofColumn
      .slice(0, EXAMPLES)
      .map(({ kind: _, column, ...rest }) => ({ ...rest, column: column ?? "" })),
  );
  return {
    changes: { ...Object.fromEntries(counts), ...changes },
    examples: [...shown, ...examples],
  };
};
