import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Batch, Reject } from "../../src/core/batch.ts";
import { TextColumn } from "../../src/core/columns.ts";
import type { Taken } from "../../src/core/tally.ts";
import { chunksOf } from "../../src/postgres/chunks.ts";
import { inputNamed } from "../support/flow.ts";

const ROWS = 1000;
const input = inputNamed("a.txt");

/** Batches of rows `0`, `1` … with a filling of so many letters; of each batch the odd rows are left out. */
async function* batches(count: number, letters: number, released: number[]) {
  for (let batch = 0; batch < count; batch++) {
    const first = batch * ROWS;
    const numbers = Array.from({ length: ROWS }, (_, row) => `${first + row}`);
    const whole = Batch.from({
      columns: new Map([
        ["n", new TextColumn(numbers)],
        ["filling", new TextColumn(numbers.map(() => "x".repeat(letters)))],
      ]),
      size: ROWS,
      input,
      record: (row) => ({ place: `a.txt:${first + row}`, raw: "" }),
      bytes: ROWS,
      release: () => released.push(batch),
    });
    yield whole.keep(whole.rows.filter((row) => row % 2 === 0));
  }
}

/** What is read of each chunk while it is valid. */
const chunksRead = async (count: number, letters: number) => {
  const released: number[] = [];
  const seen: Taken[] = [];
  const chunks: { rows: number; bytes: number; lines: string[]; places: string[] }[] = [];
  const all = batches(count, letters, released);
  const columnsOf = (batch: Batch) => ({ data: [batch.column("n"), batch.column("filling")] });
  for await (const chunk of chunksOf(all, columnsOf)) {
    seen.push(...chunk.batches);
    chunks.push({
      rows: chunk.rows,
      bytes: chunk.data.length,
      lines: chunk.data.toString().split("\n").slice(0, -1),
      places: Array.from({ length: chunk.rows }, (_, row) => chunk.record(row).place),
    });
    chunk.release();
  }
  return { chunks, released, seen };
};

describe("chunks", () => {
  test("hold every row once, in order, and know where each came from", async () => {
    const { chunks, released, seen } = await chunksRead(60, 900);
    const numbers = Array.from({ length: (60 * ROWS) / 2 }, (_, index) => index * 2);
    assert.deepEqual(
      chunks.flatMap(({ lines }) => lines.map((line) => line.slice(0, line.indexOf("\t")))),
      numbers.map(String),
    );
    assert.deepEqual(
      chunks.flatMap(({ places }) => places),
      numbers.map((number) => `a.txt:${number}`),
    );
    assert.ok(chunks.every(({ rows, lines }) => rows === lines.length));
    assert.deepEqual(
      released,
      seen.map((_, batch) => batch),
    );
  });

  test("grow from half a megabyte to 4 MB and 10,000 rows, so that the server begins soon", async () => {
    const { chunks } = await chunksRead(200, 450);
    const megabytes = chunks.map(({ bytes }) => bytes / 2 ** 20);
    const [first = 0, second = 0] = megabytes;
    assert.ok(first >= 0.5 && first < 1, `first chunk: ${first} MB`);
    assert.ok(second >= 1 && second < 2, `second chunk: ${second} MB`);
    for (const { rows, bytes } of chunks.slice(3, -1)) {
      assert.ok(rows >= 10_000 && bytes >= 4 * 2 ** 20 && bytes <= 8 * 2 ** 20);
    }
  });

  test("do not let thousands of records that were set aside wait for rows", async () => {
    const rejected = async function* () {
      for await (const batch of batches(8, 1, [])) {
        yield batch.reject(new Map([...batch.rows].map((row) => [row, new Reject("no", "")])));
      }
    };
    const waiting: number[] = [];
    for await (const chunk of chunksOf(rejected(), () => ({ data: [] }))) {
      assert.equal(chunk.rows, 0);
      waiting.push(chunk.batches.flatMap(({ rejects }) => rejects).length);
    }
    assert.deepEqual(waiting, [1000, 1000, 1000, 1000]);
  });

  test("of wide rows are sent with fewer rows, at 8 MB", async () => {
    const { chunks } = await chunksRead(30, 2000);
    for (const { rows, bytes } of chunks.slice(3, -1)) {
      assert.ok(rows < 10_000 && bytes >= 8 * 2 ** 20 && bytes < 10 * 2 ** 20);
    }
  });
});
