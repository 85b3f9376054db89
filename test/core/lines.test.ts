import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Batch } from "../../src/core/batch.ts";
import { FieldColumn } from "../../src/core/columns.ts";
import { CopyWriter } from "../../src/core/copy-writer.ts";
import { lineBatches, splitLines } from "../../src/core/lines.ts";
import { wholeLines } from "../../src/core/whole-lines.ts";
import { inputNamed, rejectsOf } from "../support/flow.ts";
import { cutAtRandom, type Random, randomFrom, randomText } from "../support/random.ts";
import { valuesOf } from "../support/transform.ts";

const TAB = 9;
const input = inputNamed("occurrence.txt");

async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

/** What is read of each batch while it is the current one: its columns do not outlive it. */
interface Read {
  readonly values: (string | null)[][];
  readonly copied: string;
  readonly batch: Batch;
}

const batchesOf = async (
  source: AsyncIterable<Buffer>,
  fields: number,
  options: { separator?: number; mayQuote?: boolean; firstLine?: number } = {},
): Promise<Read[]> => {
  const { separator = TAB, mayQuote = true, firstLine = 1 } = options;
  const names = Array.from({ length: fields }, (_, field) => `f${field}`);
  const batches = lineBatches(wholeLines(source, input), {
    format: { separator, fields, mayQuote },
    columns: (slab) => new Map(names.map((name, field) => [name, new FieldColumn(slab, field)])),
    input,
    firstLine,
  });
  const read: Read[] = [];
  for await (const batch of batches) {
    const writer = new CopyWriter(64);
    for (const row of batch.rows) {
      for (const name of batch.names) batch.column(name).copyTo(writer, row);
      writer.endRow();
    }
    read.push({ values: valuesOf(batch), copied: writer.data.toString(), batch });
  }
  return read;
};

/** What GBIF's rule says of one field, and nothing else. */
const slowValue = (field: string): string | null => {
  const inner = field.slice(1, -1);
  const isQuoted =
    field.length >= 4 &&
    /^".*"$/s.test(field) &&
    inner.includes('""') &&
    !inner.replaceAll('""', "").includes('"');
  return (isQuoted ? inner.replaceAll('""', '"') : field) || null;
};

const slowRows = (text: string, fields: number): (string | null)[][] =>
  text
    .split("\n")
    .map((line) => line.replace(/\r$/, "").split("\t"))
    .filter((row) => row.length === fields && row.join("") + row.length !== "1")
    .map((row) => row.map(slowValue));

const randomTable = (random: Random): string => {
  const letters = [...'ab"\\é🐝 ', '""', '"', ""];
  const lines = Array.from({ length: random(12) }, () =>
    Array.from({ length: random(10) === 0 ? 2 : 3 }, () => {
      const value = randomText(random, random(6), letters);
      return random(3) === 0 ? `"${value}"` : value;
    }).join("\t"),
  );
  const end = random(2) === 0 ? "\n" : "\r\n";
  return lines.join(end) + (random(2) === 0 ? end : "");
};

describe("lines", () => {
  test("values are those of a slow reader, cut at every byte", async () => {
    const text = 'a\tb\t\r\n"x ""y"""\t"z"\t\\N\né\t🐝\t"\n\t\t\n1\t2\n';
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const batches = await batchesOf(chunks(bytes.subarray(0, cut), bytes.subarray(cut)), 3);
      assert.deepEqual(
        batches.flatMap(({ values }) => values),
        slowRows(text, 3),
        `cut at ${cut}`,
      );
    }
  });

  test("values are those of a slow reader on random tables in random pieces", async () => {
    const random = randomFrom(7);
    for (let round = 0; round < 1500; round++) {
      const text = randomTable(random);
      const batches = await batchesOf(cutAtRandom(Buffer.from(text), random), 3);
      assert.deepEqual(
        batches.flatMap(({ values }) => values),
        slowRows(text, 3),
        JSON.stringify(text),
      );
    }
  });

  test("COPY text says what the text values say", async () => {
    const random = randomFrom(8);
    for (let round = 0; round < 300; round++) {
      const text = randomTable(random);
      const batches = await batchesOf(cutAtRandom(Buffer.from(text), random), 3);
      const expected = slowRows(text, 3)
        .map((row) => row.map((value) => value?.replaceAll("\\", "\\\\") ?? "\\N").join("\t"))
        .map((line) => `${line}\n`);
      assert.equal(batches.map((one) => one.copied).join(""), expected.join(""));
    }
  });

  test("a line of the wrong width is rejected with its line number and text, and shifts nothing", async () => {
    const batches = await batchesOf(chunks("a\tb\nonly\nc\td\te\r\nf\tg\n"), 2, { firstLine: 2 });
    assert.deepEqual(
      batches.flatMap(({ values }) => values),
      [
        ["a", "b"],
        ["f", "g"],
      ],
    );
    const [one] = batches;
    assert.ok(one);
    assert.deepEqual(rejectsOf(one.batch), [
      {
        place: "occurrence.txt:3",
        code: "wrong_width",
        message: "The line has 1 field, the table has 2.",
      },
      {
        place: "occurrence.txt:4",
        code: "wrong_width",
        message: "The line has 3 fields, the table has 2.",
      },
    ]);
    assert.equal(one.batch.rejects[1]?.raw, "c\td\te");
    assert.equal(one.batch.read, 4);
    assert.deepEqual(one.batch.record(1), { place: "occurrence.txt:5", raw: "f\tg" });
  });

  test("line numbers go on from one batch to the next, blank lines included", async () => {
    const batches = await batchesOf(chunks("a\tb\n\n", "c\td\n", "e\n"), 2);
    assert.deepEqual(
      batches.flatMap(({ batch }) => [...batch.rows].map((row) => batch.record(row).place)),
      ["occurrence.txt:1", "occurrence.txt:3"],
    );
    assert.equal(batches[2]?.batch.rejects[0]?.place, "occurrence.txt:4");
  });

  test("a line with a NUL or with invalid UTF-8 is rejected, its neighbours are not", async () => {
    const bad = Buffer.concat([
      Buffer.from("a\tb\nx\0\ty\nLyon, \u00e9"),
      Buffer.from([0xe9]),
      Buffer.from("\tz\nc\td\n"),
    ]);
    const [one] = await batchesOf(chunks(bad), 2);
    assert.ok(one);
    assert.deepEqual(one.values, [
      ["a", "b"],
      ["c", "d"],
    ]);
    assert.deepEqual(rejectsOf(one.batch), [
      {
        place: "occurrence.txt:2",
        code: "nul_character",
        message: "A NUL character at byte 2 of the line: PostgreSQL stores none.",
      },
      {
        place: "occurrence.txt:3",
        code: "invalid_utf8",
        message: 'The line is not valid UTF-8: "Lyon, é\ufffd\\tz".',
      },
    ]);
  });

  test("a line without an end in sight stops the run, with its number", async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from("a\tb\nc\td\ne");
      for (let part = 0; part < 50; part++) yield Buffer.alloc(1024 * 1024, "x");
    }
    await assert.rejects(batchesOf(endless(), 2), {
      code: "line_too_long",
      message:
        "Line 3 of occurrence.txt is longer than 16 MB. Is this the text file that it should be " +
        "(`head -c 300` shows its beginning), with the line ends that it is said to have, and each quote closed?",
    });
  });

  test("a table wider than the memory kept for fences is split as any other", () => {
    const fields = 300_000;
    const bytes = Buffer.from(`${"\t".repeat(fields - 1)}\n${"\t".repeat(fields - 1)}\n`);
    const { slab, starts } = splitLines(bytes, { separator: TAB, fields, mayQuote: false });
    assert.equal(starts.length, 2);
    assert.equal(slab.fences.at(-1), bytes.length - 1);
  });

  test("a line with far more fields than the table does not disturb the next", async () => {
    const long = "\t".repeat(400_000);
    const [one] = await batchesOf(chunks(`a\tb\n${long}\nc\td\n`), 2);
    assert.ok(one);
    assert.deepEqual(one.values, [
      ["a", "b"],
      ["c", "d"],
    ]);
    assert.equal(one.batch.rejects[0]?.message, "The line has 400,001 fields, the table has 2.");
  });
});
