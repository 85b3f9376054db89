import assert from "node:assert/strict";
import { test } from "node:test";
import { planLines, planObject } from "../../src/commands/plan.ts";
import { flowLine } from "../../src/commands/text.ts";
import { NOTHING } from "../../src/core/counts.ts";
import type { FlowSummary } from "../../src/run-flows.ts";

const flow = (parts: Partial<FlowSummary>): FlowSummary => ({
  name: "merge",
  ...NOTHING,
  seconds: 1.23456,
  rejectedByCode: [],
  rejectExamples: new Map(),
  changed: { changes: {}, examples: [] },
  findings: [],
  ...parts,
});

const busy = flow({
  read: 2004,
  inserted: 1000,
  updated: 2,
  unchanged: 1000,
  rejected: 2,
  rejectedByCode: [["bad_date", 2]],
  rejectExamples: new Map([
    [
      "bad_date",
      [
        { place: "a.txt:1", raw: "", code: "bad_date", message: "It is no date." },
        { place: "a.txt:2", raw: "", code: "bad_date", message: "Nor is this." },
      ],
    ],
  ]),
  changed: {
    changes: { name: 2, cd_nom: 1 },
    examples: [
      { key: "7", label: null, column: "name", old: "Aus", new: null },
      { key: "8", label: "Bus", column: "name", old: null, new: "Bus" },
    ],
  },
});

test("a plan shows the counts of all flows, then what each changes and refuses, with examples", () => {
  const lines = planLines(
    {
      pipeline: "inat",
      flows: [flow({ name: "stage" }), busy],
      skipped: ["create index concurrently i on t (a)"],
    },
    100,
  );
  assert.equal(
    lines.join("\n"),
    `A run of inat would do this:

flow    read  inserted  updated  unchanged  held  rejected  filtered
stage      0         0        0          0     0         0         0
merge  2,004     1,000        2      1,000     0         2         0

merge would update:
  column  rows  for example  row  old      new
  name       2            7       Aus      (empty)
                          8  Bus  (empty)  Bus
  cd_nom     1

merge would reject:
  bad_date: 2 records
    a.txt:1: It is no date.
    a.txt:2: Nor is this.

Setup would also execute, outside a transaction:
  create index concurrently i on t (a)`,
  );
});

test("a plan shows adopted, re-keyed and vanished rows where there are any, and the rows to look at", () => {
  const moved = flow({
    read: 3,
    updated: 2,
    held: 1,
    adopted: 2,
    findings: [
      { kind: "held", key: "5, 1", label: "id 7, Aus", column: "cd_nom", old: "3", new: null },
      { kind: "held", key: "5, 1", label: "id 7, Aus", column: "date", old: null, new: "x" },
      { kind: "vanished", key: "5, 9", label: null, column: null, old: null, new: null },
    ],
  });
  const lines = planLines({ pipeline: "inat", flows: [moved], skipped: [] }, 100);
  assert.equal(
    lines.join("\n"),
    `A run of inat would do this:

flow   read  inserted  updated  unchanged  held  rejected  filtered  adopted
merge     3         0        2          0     1         0         0        2

merge would find, the first of each kind (all: \`--csv\`):
  what      key   row        column  old      new
  held      5, 1  id 7, Aus  cd_nom  3        (empty)
                             date    (empty)  x
  vanished  5, 9`,
  );
  const staged = flow({
    name: "synthese",
    read: 5,
    inserted: 4,
    staged: 4,
    rejected: 1,
    seconds: 0,
  });
  assert.equal(flowLine(staged), "synthese: 5 read, 4 staged, 1 rejected in 0.0 s");
  assert.match(
    planLines({ pipeline: "inat", flows: [staged], skipped: [] }, 100).join("\n"),
    /filtered +staged\nsynthese +5 +4 +0 +0 +0 +1 +0 +4$/,
  );
  assert.equal(
    flowLine({ ...moved, rekeyed: 1, vanished: 4, deleted: 1, seconds: 0 }),
    "merge: 3 read, 0 inserted, 2 updated (2 adopted, 1 rekeyed), 1 held, 4 vanished (1 deleted) in 0.0 s",
  );
});

test("as JSON, a plan has the same", () => {
  const object = planObject({
    pipeline: "inat",
    database: "d",
    status: "done",
    flows: [busy],
    skipped: [],
    error: undefined,
  });
  const [only] = JSON.parse(JSON.stringify(object)).flows;
  assert.deepEqual(
    [object.plan, object.status, only.updated, only.changed.changes, only.seconds],
    [true, "done", 2, { name: 2, cd_nom: 1 }, 1.235],
  );
  assert.deepEqual(only.rejects[0].examples[1], { place: "a.txt:2", message: "Nor is this." });
});
