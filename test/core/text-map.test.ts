import assert from "node:assert/strict";
import { test } from "node:test";
import { TextMap } from "../../src/core/text-map.ts";

test("answers as a Map that keeps first values, whatever the keys are made of", () => {
  const map = new TextMap();
  const expected = new Map<string, string>();
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const text = () =>
    Array.from({ length: random(4) }, () => "ab1é\0😀"[random(7)] ?? "").join("") +
    (random(3) === 0 ? random(20_000) : "");
  for (let round = 0; round < 60_000; round++) {
    // A lone half of a pair is no text that a database has.
    const [key, value] = [text().toWellFormed(), text().toWellFormed()];
    assert.equal(map.add(key, value), expected.get(key), JSON.stringify(key));
    if (!expected.has(key)) expected.set(key, value);
  }
  assert.equal(map.size, expected.size);
  for (const [key, value] of expected) assert.equal(map.get(key), value, JSON.stringify(key));
  assert.equal(map.get("never"), undefined);
});

test("700,000 numbers by number take less than 35 MB", () => {
  const map = new TextMap();
  for (let id = 0; id < 700_000; id++) map.add(String(1_000_000 + id), String(100_000 + id));
  assert.equal(map.get("1500000"), "600000");
  assert.equal(map.size, 700_000);
  assert.ok(map.sizeBytes < 35e6, `${map.sizeBytes}`);
});
