import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import { interruptsComeTwice, stopRequests } from "../src/stop-requests.ts";

/** Interrupts at these moments; what is asked for after each. */
const asked = (moments: readonly number[], comesTwice: boolean) => {
  const signals = new EventEmitter();
  let moment = 0;
  const { now, soon } = stopRequests(signals, { comesTwice, clock: () => moment });
  return moments.map((at) => {
    moment = at;
    signals.emit("SIGINT");
    return now.aborted ? "now" : soon.aborted ? "soon" : "go on";
  });
};

describe("interrupts of a run", () => {
  test("the second stops at once, also when both are handled in the same moment because the process was busy", () => {
    assert.deepEqual(asked([0, 0], false), ["soon", "now"]);
    assert.deepEqual(asked([0, 300], false), ["soon", "now"]);
  });

  test("one press that npm hands on a second time is one press, and the next one stops at once", () => {
    assert.deepEqual(asked([0, 5, 300], true), ["soon", "soon", "now"]);
  });

  test("after the second nobody listens, so that a third ends the process whatever it is at", () => {
    const signals = new EventEmitter();
    stopRequests(signals, { comesTwice: false });
    signals.emit("SIGINT");
    assert.equal(signals.listenerCount("SIGINT"), 1);
    signals.emit("SIGINT");
    assert.equal(signals.listenerCount("SIGINT"), 0);
  });

  test("a request to end stops at once, and is named as the reason", () => {
    const signals = new EventEmitter();
    const { now, soon } = stopRequests(signals, { comesTwice: false });
    signals.emit("SIGTERM");
    assert.deepEqual([now.reason, soon.aborted], ["SIGTERM", false]);
  });

  test("nothing comes twice to who was not started by npm", () => {
    assert.equal(interruptsComeTwice({}, process.ppid), false);
  });

  test("what npm has started itself gets each interrupt twice, what is started below that does not", () => {
    const environment = { npm_command: "exec" };
    assert.equal(interruptsComeTwice(environment, process.pid), false);
    const { title } = process;
    process.title = "npm exec runner pipelines/demo.yaml";
    try {
      assert.equal(interruptsComeTwice(environment, process.pid), true);
    } finally {
      process.title = title;
    }
  });
});
