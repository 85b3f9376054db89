import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Batch } from "../../src/core/batch.ts";
import { recordsOf } from "../../src/core/flow.ts";
import { postgresCopy } from "../../src/sinks/postgres-copy.ts";
import { batchOf, flowOf, sourceOf, stage } from "../support/flow.ts";
import { contextAlone } from "../support/transform.ts";

setFlagsFromString("--expose_gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("a batch that was used is given up while the flow goes on: memory does not grow with the records", async () => {
  const batches: WeakRef<Batch>[] = [];
  const source = sourceOf(async function* () {
    for (let id = 0; id < 20; id++) {
      const batch = batchOf([{ id: String(id) }]);
      batches.push(new WeakRef(batch));
      yield batch;
    }
  });
  const flow = flowOf({ source, sink: stage(postgresCopy, { table: "t", mode: "append" }) });
  let alive = 0;
  for await (const batch of recordsOf(flow, contextAlone())) {
    assert.equal(batch.size, 1);
    // A weak reference holds on until the end of the turn in which it was made.
    await setImmediate();
    collectGarbage();
    alive = batches.filter((one) => one.deref() !== undefined).length;
  }
  assert.ok(alive <= 3, `${alive} of 20 are alive`);
});
