import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { byFour, bySixteen, type Split, type Splitter } from "../../src/core/split.ts";
import { SPLIT_PROGRAM } from "../../src/core/split-program.ts";
import { randomFrom, randomText } from "../support/random.ts";

const program = Buffer.from(SPLIT_PROGRAM, "base64");
const LETTERS = [
  ..."ab\t\t\t\né",
  "\r\n",
  "\r",
  "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t",
  "abcdefghijklmnopq",
];

/** One byte after the other, and nothing else. */
const slowly = (bytes: Buffer, fields: number): Split => {
  const fences: number[] = [];
  const starts: number[] = [];
  const lines: number[] = [];
  const wrong: { start: number; line: number; fields: number }[] = [];
  let start = 0;
  let lineCount = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf("\n", start);
    const line = bytes.subarray(start, newline).toString("latin1").replace(/\r$/, "");
    const widths = line.split("\t").map((field) => field.length);
    if (line !== "" && widths.length !== fields) {
      wrong.push({ start, line: lineCount, fields: widths.length });
    } else if (line !== "") {
      starts.push(start);
      lines.push(lineCount);
      fences.push(start - 1);
      for (const width of widths) fences.push((fences.at(-1) ?? 0) + 1 + width);
    }
    start = newline + 1;
    lineCount++;
  }
  return {
    fences: Int32Array.from(fences),
    starts: Int32Array.from(starts),
    lines: Int32Array.from(lines),
    lineCount,
    wrong,
  };
};

/** Only what was found, not the way to write it. */
const found =
  (split: Splitter): Splitter =>
  (bytes, table) => {
    const { copyFields: _, ...rest } = split(bytes, table);
    return rest;
  };

const splitters: Record<string, () => Splitter> = {
  "sixteen bytes at a time": () => found(bySixteen(program)),
  "four bytes at a time": byFour,
};
for (const [name, make] of Object.entries(splitters)) {
  describe(`splitting ${name}`, () => {
    test("finds what one finds byte by byte, in lines of any form that follow one another", () => {
      const random = randomFrom(7);
      const split = make();
      for (let round = 0; round < 3000; round++) {
        const bytes = Buffer.from(`${randomText(random, random(60), LETTERS)}\n`);
        const fields = 1 + random(4);
        assert.deepEqual(split(bytes, { separator: 9, fields }), slowly(bytes, fields), `${round}`);
      }
    });

    test("finds the same wherever the text begins, and after longer text in the same memory", () => {
      const text = Buffer.from(`x\t${"y".repeat(40)}\r\n\n\t\r\nlong\tlong\tlong\na\tb\n`);
      const split = make();
      split(Buffer.from("\t\n".repeat(500)), { separator: 9, fields: 2 });
      for (let cut = 0; cut < text.length; cut++) {
        const bytes = text.subarray(cut);
        assert.deepEqual(split(bytes, { separator: 9, fields: 2 }), slowly(bytes, 2), `${cut}`);
      }
    });

    test("finds the shortest lines of each width, which need the most memory for their bytes", () => {
      for (const fields of [1, 2, 3, 4, 17]) {
        const line = fields === 1 ? "x\n" : `${"\t".repeat(fields - 1)}\n`;
        const bytes = Buffer.from(line.repeat(20_000));
        assert.deepEqual(make()(bytes, { separator: 9, fields }), slowly(bytes, fields));
      }
    });
  });
}
