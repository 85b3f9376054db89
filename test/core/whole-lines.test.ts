import assert from "node:assert/strict";
import { test } from "node:test";
import { takeLines, wholeLines } from "../../src/core/whole-lines.ts";
import { inputNamed } from "../support/flow.ts";

const input = inputNamed("occurrence.txt");

async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

test("header lines are taken off without their ends, however the chunks are cut", async () => {
  const bytes = Buffer.from("one\r\ntwo\nthree\n");
  for (let cut = 0; cut <= bytes.length; cut++) {
    const lines = wholeLines(chunks(bytes.subarray(0, cut), bytes.subarray(cut)), input);
    const { header, rest } = await takeLines(lines, 2);
    assert.deepEqual(header, ["one", "two"]);
    assert.equal(Buffer.concat(await Array.fromAsync(rest)).toString(), "three\n");
  }
});

test("fewer lines than header lines are no error here", async () => {
  const { header, rest } = await takeLines(wholeLines(chunks("one\n"), input), 3);
  assert.deepEqual(header, ["one"]);
  assert.deepEqual(await Array.fromAsync(rest), []);
});
