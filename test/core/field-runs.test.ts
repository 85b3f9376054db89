import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Column, ConstantColumn, FieldColumn } from "../../src/core/columns.ts";
import { CopyWriter } from "../../src/core/copy-writer.ts";
import { writeRows } from "../../src/core/field-runs.ts";
import { splitLines } from "../../src/core/lines.ts";
import { newSplitter } from "../../src/core/split.ts";
import { type Random, randomFrom, randomText } from "../support/random.ts";

const LETTERS = [..."ab|é\\\t\r\u0001 ", "abcdefghijklmno", "x".repeat(40), "\\".repeat(20)];
const SEPARATOR = 0x7c;

/** One value after the other, as each column writes it. */
const slowly = (columns: readonly Column[], rows: Uint32Array): string => {
  const writer = new CopyWriter(16);
  for (const row of rows) {
    for (const column of columns) column.copyTo(writer, row);
    writer.endRow();
  }
  return writer.data.toString();
};

const atOnce = (columns: readonly Column[], rows: Uint32Array): string => {
  const writer = new CopyWriter(16);
  writeRows(writer, columns, rows);
  assert.equal(writer.rows, rows.length);
  return writer.data.toString();
};

const linesOf = (random: Random, fields: number, count: number): string =>
  Array.from({ length: count }, () => {
    const values = Array.from({ length: fields }, () =>
      randomText(random, random(4), LETTERS).replaceAll("|", ""),
    );
    return `${values.join("|")}\n`;
  }).join("");

describe("writing rows", () => {
  test("gives what each column writes by itself, whatever stands between the fields of the input", () => {
    const random = randomFrom(11);
    const splitter = newSplitter();
    for (let round = 0; round < 2000; round++) {
      const fields = 1 + random(5);
      const bytes = Buffer.from(linesOf(random, fields, 1 + random(6)));
      const { slab, starts } = splitLines(
        bytes,
        { separator: SEPARATOR, fields, mayQuote: random(2) === 0 },
        splitter,
      );
      const columns = Array.from({ length: 1 + random(7) }, () =>
        random(5) === 0 ? new ConstantColumn("a\tb") : new FieldColumn(slab, random(fields)),
      );
      const rows = Uint32Array.from(starts.keys()).filter(() => random(4) > 0);
      assert.equal(atOnce(columns, rows), slowly(columns, rows), `round ${round}`);
    }
  });

  test("gives the same wherever in the input's memory the values stand", () => {
    const line = `${"y".repeat(15)}\\|${"z".repeat(16)}|\t|${"é".repeat(17)}|\r|\n`;
    const text = `${"|".repeat(5)}\n${line}${line}`;
    for (let cut = 0; cut < 5 + line.length; cut++) {
      const lines = text.slice(cut);
      const bytes = Buffer.from(lines);
      const { slab, starts } = splitLines(bytes, {
        separator: SEPARATOR,
        fields: 6,
        mayQuote: false,
      });
      const columns = [5, 0, 1, 2, 3, 4].map((field) => new FieldColumn(slab, field));
      const rows = Uint32Array.from(starts.keys());
      assert.equal(atOnce(columns, rows), slowly(columns, rows), `cut at ${cut}`);
    }
  });

  test("writes lines of nothing but separators, for which there is no room to write them at once", () => {
    const bytes = Buffer.from("|\n".repeat(50_000));
    const { slab, starts } = splitLines(bytes, {
      separator: SEPARATOR,
      fields: 2,
      mayQuote: false,
    });
    const columns = [new FieldColumn(slab, 0), new FieldColumn(slab, 1)];
    const rows = Uint32Array.from(starts.keys());
    assert.equal(slab.copyFields?.([0, 1], rows), undefined);
    assert.equal(atOnce(columns, rows), "\\N\t\\N\n".repeat(50_000));
  });

  test("writes rows that are all at once longer than the memory they are written into", () => {
    const bytes = Buffer.from(`${"w".repeat(1000)}|${"v".repeat(1000)}\n`.repeat(50));
    const { slab } = splitLines(bytes, { separator: SEPARATOR, fields: 2, mayQuote: false });
    const columns = [new FieldColumn(slab, 0), new FieldColumn(slab, 1)];
    const rows = Uint32Array.of(0, 1, 48, 49);
    assert.notEqual(slab.copyFields?.([0, 1], rows), undefined);
    assert.equal(atOnce(columns, rows), slowly(columns, rows));
  });
});
