import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, duration, progressLine, size } from "../../src/core/progress.ts";

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
      progressLine("uuids", progress, { elapsedMs: 2000, hasBar: true }),
      "uuids  ████████░░░░░░░░░░░░ 40%  batch 2 of 5  400 rows  400 ids of 1,000 ids  200 rows/s  3.0 s left",
    );
  });

  test("says numbers, sizes and times as people do", () => {
    assert.deepEqual([1234567, 5].map(count), ["1,234,567", "5"]);
    assert.deepEqual([900, 12_345, 5e6, 1.25e9].map(size), ["1 kB", "12 kB", "5 MB", "1.3 GB"]);
    assert.deepEqual([0.44, 12.3, 185, 7800].map(duration), [
      "0.4 s",
      "12 s",
      "3 min 5 s",
      "2 h 10 min",
    ]);
  });
});
