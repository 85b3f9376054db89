import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { channel } from "../../src/core/channel.ts";

describe("a channel", () => {
  test("gives what was put in order, to its end", async () => {
    const numbers = channel<number>(2, new AbortController().signal);
    const read = Array.fromAsync(numbers);
    for (let number = 1; number <= 5; number++) await numbers.put(number);
    numbers.end();
    assert.deepEqual(await read, [1, 2, 3, 4, 5]);
  });

  test("lets no more wait than it holds", async () => {
    const numbers = channel<number>(1, new AbortController().signal);
    await numbers.put(1);
    let isPut = false;
    const second = numbers.put(2).then(() => {
      isPut = true;
    });
    await turn();
    assert.equal(isPut, false);
    const reading = numbers[Symbol.asyncIterator]();
    assert.deepEqual(await reading.next(), { value: 1, done: false });
    await second;
    assert.equal(isPut, true);
  });

  test("throws at both ends why it was stopped, whoever waits", async () => {
    const stop = new AbortController();
    const full = channel<number>(1, stop.signal);
    await full.put(1);
    const putting = full.put(2);
    const empty = channel<number>(1, stop.signal);
    const reading = empty[Symbol.asyncIterator]().next();
    const reason = new Error("another one failed");
    stop.abort(reason);
    await assert.rejects(putting, reason);
    await assert.rejects(reading, reason);
    await assert.rejects(full[Symbol.asyncIterator]().next(), reason);
  });
});
