import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CopyWriter } from "../../src/core/copy-writer.ts";
import { viewOf } from "../../src/core/words.ts";
import { randomFrom, randomText } from "../support/random.ts";

/** COPY's text format as PostgreSQL's manual has it, one value at a time. */
const slowField = (value: string | null): string =>
  value === null
    ? "\\N"
    : value
        .replaceAll("\\", "\\\\")
        .replaceAll("\n", "\\n")
        .replaceAll("\r", "\\r")
        .replaceAll("\t", "\\t");

const slowRow = (values: readonly (string | null)[]): string =>
  `${values.map((value) => slowField(value || null)).join("\t")}\n`;

describe("CopyWriter", () => {
  test("escapes backslash, tab and line ends, and writes null as \\N", () => {
    const writer = new CopyWriter(16);
    writer.text("a\\b\tc\nd\re");
    writer.text(null);
    writer.text("\\N");
    writer.endRow();
    assert.equal(writer.data.toString(), "a\\\\b\\tc\\nd\\re\t\\N\t\\\\N\n");
    assert.equal(writer.rows, 1);
  });

  test("writes text and bytes the same, as a slow and obvious version does", () => {
    const random = randomFrom(1);
    const writer = new CopyWriter(1);
    let expected = "";
    for (let row = 0; row < 2000; row++) {
      const values = Array.from({ length: 1 + random(6) }, () =>
        random(4) === 0 ? null : randomText(random, random(40)),
      );
      for (const value of values) {
        if (random(2) === 0) writer.text(value || null);
        else {
          const bytes = Buffer.from(`<${value ?? ""}>`);
          writer.bytes(viewOf(bytes), 1, bytes.length - 1);
        }
      }
      writer.endRow();
      expected += slowRow(values);
    }
    assert.equal(writer.data.toString(), expected);
  });

  test("starts again in the same memory after clear", () => {
    const writer = new CopyWriter(64);
    writer.text("first");
    writer.endRow();
    writer.clear();
    writer.text("second");
    writer.endRow();
    assert.equal(writer.data.toString(), "second\n");
    assert.equal(writer.rows, 1);
  });
});
