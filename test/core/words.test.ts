import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { firstMarked, fourTimes, mayNeedEscape, sameBytes, viewOf } from "../../src/core/words.ts";
import { type Random, randomFrom } from "../support/random.ts";

/** Bytes around those that the loops look for: carries and borrows go wrong there first. */
const BYTES = [0x00, 0x01, 0x08, 0x09, 0x0a, 0x1f, 0x20, 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0x89, 0xff];

const randomWord = (random: Random): Buffer =>
  Buffer.from(
    Array.from({ length: 4 }, () =>
      random(2) === 0 ? random(256) : (BYTES[random(BYTES.length)] ?? 0),
    ),
  );

describe("words", () => {
  test("marks exactly the bytes that are the same, and finds them in order", () => {
    const random = randomFrom(21);
    for (let round = 0; round < 20_000; round++) {
      const bytes = randomWord(random);
      const wanted = BYTES[random(BYTES.length)] ?? 0;
      const found: number[] = [];
      let marks = sameBytes(viewOf(bytes).getInt32(0, true), fourTimes(wanted));
      for (; marks !== 0; marks &= marks - 1) found.push(firstMarked(marks));
      const expected = [...bytes].flatMap((byte, at) => (byte === wanted ? [at] : []));
      assert.deepEqual(found, expected, `${wanted} in ${bytes.toString("hex")}`);
    }
  });

  test("no control character and no backslash passes for ordinary text, and letters do not stop it", () => {
    const random = randomFrom(22);
    for (let round = 0; round < 20_000; round++) {
      const bytes = randomWord(random);
      const isOrdinary = !mayNeedEscape(viewOf(bytes).getInt32(0, true));
      const hasSpecial = bytes.some((byte) => byte < 0x20 || byte === 0x5c);
      assert.ok(!(isOrdinary && hasSpecial), bytes.toString("hex"));
    }
    for (const text of ["Lyon", "é🐝".slice(0, 2), "a b~"]) {
      assert.ok(!mayNeedEscape(viewOf(Buffer.from(`${text}    `)).getInt32(0, true)), text);
    }
  });

  test("a view is of the buffer's own part of a larger memory", () => {
    const part = Buffer.from("xxabcdxx").subarray(2, 6);
    assert.equal(viewOf(part).getInt32(0, true), Buffer.from("abcd").readInt32LE(0));
    assert.equal(viewOf(part).byteLength, 4);
  });
});
