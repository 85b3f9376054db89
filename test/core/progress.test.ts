import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FlowAccount } from "../../src/core/accounting.ts";
import {
  count,
  counted,
  duration,
  progressLine,
  showProgress,
  size,
  tellOn,
} from "../../src/core/progress.ts";

describe("progress", () => {
  const nothing = {
    read: 0,
    rejected: 0,
    bytes: 0,
    inputBytes: undefined,
    unit: undefined,
    now: "",
  };

  test("shows rows, bytes, share, speed, time left and rejects", () => {
    const progress = { ...nothing, read: 180_000, rejected: 12, bytes: 236e6, inputBytes: 524e6 };
    assert.equal(
      progressLine("occurrences", progress, { elapsedMs: 3500 }),
      "occurrences  45%  180,000 rows  236 MB of 524 MB  51,429 rows/s  4.3 s left  12 rejected",
    );
  });

  test("says that the last rows are written when nothing is left to read, as nobody knows how long that takes", () => {
    const all = { read: 1, rejected: 0, bytes: 999_999, inputBytes: 1e6, unit: undefined, now: "" };
    assert.match(progressLine("s", all, { elapsedMs: 30_000 }), / writing the last rows$/);
  });

  test("leaves out what cannot be known", () => {
    const progress = { ...nothing, read: 10, bytes: 2000 };
    assert.equal(progressLine("a", progress, { elapsedMs: 1000 }), "a  10 rows  2 kB  10 rows/s");
  });

  test("says what a flow waits for, and for how long, before its first record", () => {
    const progress = { ...nothing, now: "GBIF: RUNNING, 23,369 records" };
    assert.equal(
      progressLine("occurrences", progress, { elapsedMs: 725_000 }),
      "occurrences  GBIF: RUNNING, 23,369 records  12 min 5 s",
    );
  });

  test("counts in the input's own unit, with a bar on a terminal", () => {
    const progress = {
      ...nothing,
      read: 400,
      bytes: 400,
      inputBytes: 1000,
      unit: "ids",
      now: "batch 2 of 5",
    };
    assert.equal(
      progressLine("uuids", progress, { elapsedMs: 2000, width: 120 }),
      "uuids  ████████░░░░░░░░░░░░  40%  batch 2 of 5  400 rows  400 ids of 1,000 ids  200 rows/s  3.0 s left",
    );
  });

  test("fits the width of the terminal: the bar is shorter, and the name, the share, rejects and the time left stay longest", () => {
    const progress = { ...nothing, read: 180_000, rejected: 12, bytes: 236e6, inputBytes: 524e6 };
    const at = (width: number) => progressLine("occurrences", progress, { elapsedMs: 3500, width });
    assert.equal(
      at(110),
      "occurrences  █████████░░░░░░░░░░░  45%  180,000 rows  236 MB of 524 MB  51,429 rows/s  4.3 s left  12 rejected",
    );
    assert.equal(
      at(100),
      "occurrences  █████████░░░░░░░░░░░  45%  180,000 rows  236 MB of 524 MB  4.3 s left  12 rejected",
    );
    assert.equal(at(79), "occurrences  ████░░░░░░  45%  180,000 rows  4.3 s left  12 rejected");
    assert.equal(
      progressLine("occurrences", { ...progress, rejected: 0 }, { elapsedMs: 3500, width: 59 }),
      "occurrences  ██░░░  45%  180,000 rows  4.3 s left",
    );
    assert.equal(at(60), "occurrences  45%  180,000 rows  4.3 s left  12 rejected");
    assert.equal(at(40), "occurrences  45%  12 rejected");
    assert.equal(at(15), "occurrences");
    assert.equal(at(5), "occur");
  });

  test("asks a terminal for its width each time, and takes what is usual where it tells none", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const drawn: string[] = [];
    const display = { isTTY: true, columns: 0, write: (text: string) => drawn.push(text) };
    const progress = { ...nothing, read: 1, bytes: 1e6, inputBytes: 2e6, now: "n".repeat(35) };
    const end = showProgress({ flow: "f", progress } as FlowAccount, display);
    t.mock.timers.tick(200);
    assert.match(drawn[0] ?? "", /f {2}[█░]{5,} {2}50% {2}n{35}/);
    display.columns = 20;
    t.mock.timers.tick(200);
    assert.ok(
      drawn[1]?.startsWith("\r\x1b[2Kf  50%") && !drawn[1].includes("n".repeat(9)),
      drawn[1],
    );
    end();
  });

  test("says numbers, sizes and times as people do", () => {
    assert.deepEqual([1234567, 5].map(count), ["1,234,567", "5"]);
    assert.deepEqual(
      [0, 1, 2000].map((number) => counted(number, "record")),
      ["0 records", "1 record", "2,000 records"],
    );
    assert.deepEqual([900, 12_345, 5e6, 1.25e9].map(size), ["1 kB", "12 kB", "5 MB", "1.3 GB"]);
    assert.deepEqual([0.44, 12.3, 185, 7800].map(duration), [
      "0.4 s",
      "12 s",
      "3 min 5 s",
      "2 h 10 min",
    ]);
  });

  test("makes room on a terminal for what is told meanwhile, and leaves a file plain lines", () => {
    for (const isTTY of [true, false]) {
      const written: string[] = [];
      tellOn({ isTTY, write: (text) => written.push(text) })("Warning: odd.");
      assert.deepEqual(written, [isTTY ? "\r\x1b[2KWarning: odd.\n" : "Warning: odd.\n"]);
    }
  });
});
