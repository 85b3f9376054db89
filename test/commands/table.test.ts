import assert from "node:assert/strict";
import { test } from "node:test";
import { cut, tableLines } from "../../src/commands/table.ts";

test("a value is one line, cut at the width", () => {
  assert.equal(cut("a\n b\tc", 10), "a b c");
  assert.equal(cut("abcdef", 4), "abc…");
  assert.equal(cut("🐝🐝🐝", 2), "🐝…");
});

test("numbers stand to the right, words to the left, and nothing is behind them", () => {
  const lines = tableLines(
    [
      ["flow", "read"],
      ["a", "1,000"],
      ["bc", "2"],
    ],
    { width: 80, indent: "  " },
  );
  assert.deepEqual(lines, ["  flow   read", "  a     1,000", "  bc        2"]);
});

test("no line is wider than the terminal: the widest columns are cut", () => {
  const lines = tableLines(
    [
      ["code", "records", "because"],
      ["bad_date", "12", "x".repeat(200)],
    ],
    { width: 40 },
  );
  assert.deepEqual(lines, ["code      records  because", `bad_date       12  ${"x".repeat(20)}…`]);
});
