import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { together } from "../../src/core/together.ts";

describe("generators that run together", () => {
  test("give their items as they come", async () => {
    async function* every(ms: number, name: string) {
      for (let number = 1; number <= 2; number++) {
        await sleep(ms);
        yield `${name}${number}`;
      }
    }
    const stop = new AbortController();
    const items = await Array.fromAsync(together([every(40, "slow"), every(5, "fast")], stop));
    assert.deepEqual(items, ["fast1", "fast2", "slow1", "slow2"]);
  });

  test("end all with the error of the first that failed", async () => {
    const stop = new AbortController();
    const reason = new Error("broken");
    const ended: string[] = [];
    async function* failing() {
      yield 1;
      throw reason;
    }
    async function* waiting() {
      try {
        yield 2;
        await sleep(60_000, undefined, { signal: stop.signal });
      } finally {
        await sleep(5);
        ended.push("waiting");
      }
    }
    const items: number[] = [];
    await assert.rejects(async () => {
      for await (const item of together([waiting(), failing()], stop)) items.push(item);
    }, reason);
    assert.deepEqual(items.sort(), [1, 2]);
    assert.deepEqual(ended, ["waiting"]);
  });

  test("throw why they were stopped from outside", async () => {
    const stop = new AbortController();
    async function* waiting() {
      yield 1;
      await sleep(60_000, undefined, { signal: stop.signal });
    }
    const reason = new Error("the source is gone");
    await assert.rejects(async () => {
      for await (const _ of together([waiting(), waiting()], stop)) stop.abort(reason);
    }, reason);
  });

  test("end when nobody asks for more", async () => {
    const stop = new AbortController();
    let isEnded = false;
    async function* endless() {
      try {
        for (let number = 0; ; number++) {
          await sleep(1, undefined, { signal: stop.signal });
          yield number;
        }
      } finally {
        isEnded = true;
      }
    }
    for await (const _ of together([endless()], stop)) break;
    assert.equal(isEnded, true);
  });
});
