import assert from "node:assert/strict";
import { test } from "node:test";
import { countLines, cut, sparing, tableLines, wrapped } from "../../src/commands/table.ts";

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

test("numbers are cut last, with their differences too, and stand to the right", () => {
  const lines = tableLines(
    [
      ["flow", "unchanged"],
      ["deleted_observations", "1,585 (+1,585)"],
      ["uuids", "0"],
    ],
    { width: 26 },
  );
  assert.deepEqual(lines, [
    "flow             unchanged",
    "del…ations  1,585 (+1,585)",
    "uuids                    0",
  ]);
});

test("a date that changes is not cut beside texts that are: old and new can be told apart", () => {
  const rows = [
    ["column", "old", "new"],
    ["date_min", "2025-10-21 16:16:26", "2025-10-21 16:16:27"],
    ["comment_description", "x".repeat(60), "y".repeat(60)],
  ];
  assert.deepEqual(tableLines(rows, { width: 57 }), [
    "column           old                  new",
    "date_min         2025-10-21 16:16:26  2025-10-21 16:16:27",
    `comme…scription  ${"x".repeat(18)}…  ${"y".repeat(18)}…`,
  ]);
});

test("a row keeps the number that it is known by, and names that begin alike can be told apart", () => {
  const rows = [
    ["row", "column", "old"],
    ["id_synthese 4711, Sympetrum striolatum", "id_nomenclature_valid_status", "x".repeat(30)],
    ["id_synthese 12, Arion vulgaris", "id_nomenclature_life_stage", "2025-10-21 16:16:26"],
  ];
  assert.deepEqual(tableLines(rows, { width: 70 }), [
    "row                  column                        old",
    `id_synthese 4711, …  id_nomenclature_valid_status  ${"x".repeat(18)}…`,
    "id_synthese 12, Ar…  id_nomenclature_life_stage    2025-10-21 16:16:26",
  ]);
  assert.deepEqual(tableLines(rows, { width: 56 }), [
    "row                column            old",
    `id_synthese 4711…  id_nom…id_status  ${"x".repeat(18)}…`,
    "id_synthese 12, …  id_nom…ife_stage  2025-10-21 16:16:26",
  ]);
});

test("a table that does not fit goes without spare columns that have nothing but 0; one that fits keeps them", () => {
  const rows = [
    ["flow", "read", "held", "rejected"],
    ["a", "10", "0", "0"],
    ["b", "0", "0", "0 (-3)"],
  ];
  const spare = ["read", "held", "rejected"];
  assert.deepEqual(sparing(rows, spare, 40), rows);
  assert.deepEqual(sparing(rows, spare, 20), [
    ["flow", "read", "rejected"],
    ["a", "10", "0"],
    ["b", "0", "0 (-3)"],
  ]);
});

test("a sentence is broken between words; one that is too long stays whole", () => {
  assert.deepEqual(wrapped("a bee and  a\nwasp", { width: 10, indent: " " }), [
    " a bee and",
    "   a wasp",
  ]);
  assert.deepEqual(wrapped("https://doi.org/10.15468 x", { width: 5 }), [
    "https://doi.org/10.15468",
    "  x",
  ]);
});

test("counts that would be cut are a list for each flow, without what is 0", () => {
  const rows = [
    ["flow", "read", "inserted", "updated", "held"],
    ["occurrences", "12,345,678 (+1,234,567)", "12,345,678 (+1,234,567)", "0", "0 (-1)"],
    ["multimedia", "0", "0", "0", "0"],
  ];
  assert.deepEqual(countLines(rows, [], 60), [
    "occurrences",
    "  read      12,345,678 (+1,234,567)",
    "  inserted  12,345,678 (+1,234,567)",
    "  held                       0 (-1)",
    "multimedia",
    "  read  0",
  ]);
  assert.equal(countLines(rows, [], 120).length, 3);
});
