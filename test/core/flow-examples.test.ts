import assert from "node:assert/strict";
import { test } from "node:test";
import { FlowExamples } from "../../src/core/flow-examples.ts";

test("a few changes of each column and a few findings of each kind are kept, and all changes counted", () => {
  const kept = new FlowExamples();
  for (let commit = 0; commit < 10; commit++) {
    kept.add({
      changes: { name: 1, sex: 2 },
      examples: ["name", "sex"].map((column) => ({
        key: `${commit}`,
        label: null,
        column,
        old: "a",
        new: "b",
      })),
      findings: (["held", "held", "held", "vanished"] as const).map((kind) => ({
        kind,
        key: `${commit}`,
        label: null,
        column: null,
        old: null,
        new: null,
      })),
    });
  }
  const { changes, examples } = kept.changed;
  assert.deepEqual(Object.entries(changes), [
    ["sex", 20],
    ["name", 10],
  ]);
  assert.deepEqual(
    examples.map(({ key, column }) => `${key} ${column}`),
    ["0 name", "0 sex", "1 name", "1 sex", "2 name", "2 sex"],
  );
  const kinds = kept.findings.map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === "held").length, 20);
  assert.equal(kinds.filter((kind) => kind === "vanished").length, 10);
});
