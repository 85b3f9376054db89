import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { turnstile } from "../../src/core/turnstile.ts";

describe("a turnstile", () => {
  test("lets many in together, and one alone when all have left", async () => {
    const gate = turnstile(new AbortController().signal);
    const leaves = [await gate.enter(), await gate.enter()];
    const told: string[] = [];
    const alone = gate.enterAlone().then((leave) => {
      told.push("alone");
      return leave;
    });
    const later = gate.enter().then((leave) => {
      told.push("later");
      return leave;
    });
    await turn();
    assert.deepEqual(told, []);
    for (const leave of leaves) leave();
    const leaveAlone = await alone;
    await turn();
    assert.deepEqual(told, ["alone"]);
    leaveAlone();
    (await later)();
    assert.deepEqual(told, ["alone", "later"]);
  });

  test("lets those who want to be alone in one after the other", async () => {
    const gate = turnstile(new AbortController().signal);
    let inside = 0;
    await Promise.all(
      Array.from({ length: 3 }, async () => {
        const leave = await gate.enterAlone();
        inside++;
        await turn();
        assert.equal(inside, 1);
        inside--;
        leave();
      }),
    );
  });

  test("throws the reason when it is stopped, whoever waits", async () => {
    const stop = new AbortController();
    const gate = turnstile(stop.signal);
    await gate.enter();
    const waiting = [gate.enterAlone(), gate.enter()];
    const reason = new Error("another one failed");
    stop.abort(reason);
    for (const one of waiting) await assert.rejects(one, reason);
  });
});
