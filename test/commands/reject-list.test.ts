import assert from "node:assert/strict";
import { test } from "node:test";
import { rejectGroupLines } from "../../src/commands/reject-list.ts";

test("rejects are listed by code, the most frequent first, each reason whole and with its places", () => {
  const lines = rejectGroupLines(
    [
      {
        code: "date_missing",
        records: 2,
        examples: [
          { place: "a.txt:4", message: "`day` is empty." },
          { place: "a.txt:9", message: "`day` is empty." },
        ],
      },
      {
        code: "taxon_unknown",
        records: 122,
        examples: [
          { place: "a.txt:5", message: '`name` is "Aus bus", which `taxa` does not have.' },
        ],
      },
    ],
    { width: 40, indent: "  " },
  );
  assert.equal(
    lines.join("\n"),
    `  taxon_unknown: 122 records, such as
    a.txt:5: \`name\` is "Aus bus", which
      \`taxa\` does not have.
  date_missing: 2 records
    a.txt:4, a.txt:9: \`day\` is empty.`,
  );
});

test("of a reason that quotes a value of any length, some lines are shown", () => {
  const message = `${"word ".repeat(1000)}end.`;
  const lines = rejectGroupLines(
    [{ code: "refused", records: 1, examples: [{ place: "a:1", message }] }],
    { width: 100 },
  );
  assert.equal(lines[0], "refused: 1 record");
  assert.ok(lines.length < 7, lines.join("\n"));
  assert.match(lines.at(-1) ?? "", /…$/);
});
