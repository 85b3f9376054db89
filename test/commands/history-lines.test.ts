import assert from "node:assert/strict";
import { test } from "node:test";
import { historyLines } from "../../src/commands/history.ts";
import { NOTHING } from "../../src/core/counts.ts";
import type { PastRun } from "../../src/core/history.ts";

const run = (
  parts: Partial<Omit<PastRun, "counts">> & { counts?: Partial<PastRun["counts"]> },
): PastRun => ({
  run: 1,
  status: "done",
  started: "2026-11-24 10:15:03",
  seconds: 2,
  holder: "process 1 on a machine",
  version: "1.0.0",
  error: null,
  replay: null,
  undone: null,
  dois: [],
  ...parts,
  counts: { ...NOTHING, ...parts.counts },
});

const runs = [
  run({ run: 12, counts: { read: 2000, inserted: 1998, rejected: 2 }, dois: ["10.15468/dl.a"] }),
  run({ run: 3, status: "killed", seconds: null, replay: "repaired.csv" }),
];

test("earlier runs are a table where it fits, without counts that are 0 where space is scarce", () => {
  assert.match(historyLines(runs, 200)[0] ?? "", /unchanged +held +rejected +filtered +cited as$/);
  assert.deepEqual(historyLines(runs, 110), [
    "run  started           took   status           read  inserted  rejected  cited as",
    " 12  2026-11-24 10:15  2.0 s  done            2,000     1,998         2  https://doi.org/10.15468/dl.a",
    "  3  2026-11-24 10:15         killed, replay      0         0         0",
  ]);
});

test("rejects that were undone with their flow are told apart from those that are kept", () => {
  const undone = { flow: "load", rejects: { bad_date: 1200, no_id: 1 }, isWhole: false };
  const failed = run({ run: 4, status: "failed", undone });
  assert.deepEqual(historyLines([failed, run({ run: 3 })], 80), [
    "run  started           took   status  rejected, undone",
    "  4  2026-11-24 10:15  2.0 s  failed             1,201",
    "  3  2026-11-24 10:15  2.0 s  done",
  ]);
  assert.deepEqual(historyLines([failed], 45), [
    "run 4, 2026-11-24 10:15, failed in 2.0 s:",
    "  nothing committed, 1,201 rejected and",
    "  undone",
  ]);
});

test("a setup has no counts, as it was to run no flow", () => {
  const setup = run({ run: 5, status: "setup" });
  assert.deepEqual(historyLines([setup, run({ run: 4, counts: { read: 3, inserted: 3 } })], 80), [
    "run  started           took   status  read  inserted",
    "  5  2026-11-24 10:15  2.0 s  setup",
    "  4  2026-11-24 10:15  2.0 s  done       3         3",
  ]);
  assert.deepEqual(historyLines([setup], 30), ["run 5, 2026-11-24 10:15, setup", "  in 2.0 s"]);
});

test("where a table does not fit, each run is a sentence, so that no date and no count is cut", () => {
  assert.deepEqual(historyLines(runs, 60), [
    "run 12, 2026-11-24 10:15, done in 2.0 s: 2,000 read, 1,998",
    "  inserted, 2 rejected, cited as",
    "  https://doi.org/10.15468/dl.a",
    "run 3, 2026-11-24 10:15, killed, replay: nothing committed",
  ]);
});
