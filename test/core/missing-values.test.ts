import assert from "node:assert/strict";
import { test } from "node:test";
import { MissingValues, records } from "../../src/core/missing-values.ts";

test("tells the most frequent values first, with the note of each one's first record", () => {
  const missed = new MissingValues();
  for (const [value, note] of [
    ["a", " (x)"],
    ["b", ""],
    ["b", " (later)"],
  ] as const)
    missed.add(value, () => note);
  assert.deepEqual(missed.lines(), ["  b: 2 records", "  a (x): 1 record"]);
  assert.deepEqual([missed.rows, missed.values], [3, 2]);
});

test("tells twenty values, and how many there are beside them", () => {
  const missed = new MissingValues();
  for (let value = 0; value < 1025; value++) missed.add(`${value}`, () => "");
  const lines = missed.lines();
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), "  and 1,005 more");
  assert.equal(records(1), "1 record");
});
