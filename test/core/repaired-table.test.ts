import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { messageOf } from "../../src/core/errors.ts";
import { tableLines } from "../../src/core/repaired-table.ts";

const TABLE = "reject_flow;reject_id;day\nload;a;2024-01-01\nload;b;Forêt\n";

const LINES = [
  { at: "bad.csv:2", values: { reject_flow: "load", reject_id: "a", day: "2024-01-01" } },
  { at: "bad.csv:3", values: { reject_flow: "load", reject_id: "b", day: "Forêt" } },
];

const linesOf = (content: string | Buffer) => tableLines(Buffer.from(content), "bad.csv");

const complaint = (content: string | Buffer): string => {
  try {
    linesOf(content);
  } catch (error) {
    return messageOf(error).replace(
      / Nothing was loaded; `runner rejects` exports what can\.$/,
      "",
    );
  }
  return assert.fail("it was read");
};

describe("a table of rejects", () => {
  test("is read as spreadsheets and editors save it, if nothing of it can be meant otherwise", () => {
    const utf16 = Buffer.from(`\ufeff${TABLE.replaceAll(";", "\t")}`, "utf16le");
    const saved: Record<string, string | Buffer> = {
      "as it was": TABLE,
      "with commas": TABLE.replaceAll(";", ","),
      "with tabs": TABLE.replaceAll(";", "\t"),
      "with a byte order mark": `\ufeff${TABLE}`,
      "with line ends of Windows": TABLE.replaceAll("\n", "\r\n"),
      "with all values in quotes": TABLE.replace(/[^;\n]+/g, '"$&"'),
      "as Unicode text of Excel": utf16,
      "as UTF-16 of a Mac": Buffer.from(utf16).swap16(),
      "with spaces in the header": TABLE.replace("reject_id;day", " reject_id ; day "),
      "with empty columns behind the last": TABLE.replace(/$/gm, ";;").trimEnd(),
      "with blank lines at the end": `${TABLE}\n;;\n\n`,
    };
    for (const [how, content] of Object.entries(saved)) {
      assert.deepEqual(linesOf(content), LINES, how);
    }
  });

  test("counts the lines of values that have several", () => {
    const text = 'reject_flow;note\nload;"one\ntwo"\nload;three\n';
    assert.deepEqual(
      linesOf(text).map(({ at }) => at),
      ["bad.csv:2", "bad.csv:4"],
    );
  });

  test("that is damaged is refused with the line and what is wrong there", () => {
    const damaged: [content: string | Buffer, message: string][] = [
      ["", "bad.csv cannot be loaded again: it is empty: 0 bytes."],
      [
        gzipSync(TABLE),
        "bad.csv cannot be loaded again: it is compressed by gzip: save the table as CSV in UTF-8.",
      ],
      [
        Buffer.from(TABLE, "latin1"),
        "bad.csv:3 cannot be loaded again: it is not in UTF-8. Save the table again and choose UTF-8 (in Excel `CSV UTF-8`, in LibreOffice the character set).",
      ],
      [
        "a;b\n1;2\n",
        "bad.csv:1 cannot be loaded again: the header has no column `reject_flow`, separated by semicolons, commas or tabs.",
      ],
      [
        TABLE.replace("reject_flow", "reject_flo"),
        "bad.csv:1 cannot be loaded again: the header has no column `reject_flow`, but `reject_flo`.",
      ],
      [
        TABLE.replace("reject_flow", "flux"),
        "bad.csv:1 cannot be loaded again: the header has no column `reject_flow`.",
      ],
      [
        TABLE.replace("reject_id;day", "day;day"),
        "bad.csv:1 cannot be loaded again: the column `day` stands there twice.",
      ],
      [
        TABLE.replace("b;Forêt", "b"),
        'bad.csv:3 cannot be loaded again: the line has 2 values and the header 3: a value with a separator in it is to be enclosed in `"`, and an empty one keeps its separator.',
      ],
      [
        TABLE.replace("Forêt", "Forêt; bord"),
        'bad.csv:3 cannot be loaded again: the line has 4 values and the header 3: a value with a separator in it is to be enclosed in `"`, and an empty one keeps its separator.',
      ],
      [
        TABLE.replace(";day", ";"),
        "bad.csv:2 cannot be loaded again: value 3 of the line is in a column without a name.",
      ],
      [
        TABLE.replace("2024-01-01", '"2024'),
        'bad.csv:2 cannot be loaded again: a value begins with `"` and has no end.',
      ],
      [
        TABLE.replace("Forêt", 'la "Forêt"'),
        'bad.csv:3 cannot be loaded again: a `"` stands inside a value: enclose the whole value in `"`, and write the one inside twice.',
      ],
    ];
    for (const [content, message] of damaged) assert.equal(complaint(content), message);
  });
});
