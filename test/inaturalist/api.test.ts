import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";
import { uuidOf } from "../../samples/inaturalist.ts";
import { openClient } from "../../src/http/client.ts";
import { rateLimiter } from "../../src/http/limiter.ts";
import { BudgetUsedUp, type Lookup, observationLookup } from "../../src/inaturalist/api.ts";
import {
  type FakeInaturalist,
  type FakeInaturalistOptions,
  startFakeInaturalist,
} from "../support/fake-inaturalist.ts";
import { htmlPage, serverError, tooManyRequests } from "../support/http-double.ts";

const from = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => String(first + index));

describe("observationLookup", () => {
  let api: FakeInaturalist;
  const client = openClient({ silenceMs: 300 });
  const free = rateLimiter({ perSecond: null, perMinute: null });
  afterEach(() => api[Symbol.asyncDispose]());
  after(async () => {
    free[Symbol.dispose]();
    await client[Symbol.asyncDispose]();
  });

  const lookup = async (
    options: Partial<FakeInaturalistOptions> = {},
    more: Partial<Lookup> = {},
  ) => {
    api = await startFakeInaturalist(options);
    return observationLookup({
      url: new URL(`${api.url}/observations`),
      fields: "id,uri,uuid",
      client,
      limiter: free,
      budget: { take: async () => true },
      signal: new AbortController().signal,
      now: () => undefined,
      firstMs: 1,
      ...more,
    });
  };

  test("finds what is there, whatever the order of the answer, and not what was deleted", async () => {
    const look = await lookup({ deleted: [5, 7] });
    const { found, failed } = await look(from(1, 200));
    assert.equal(found.size, 198);
    assert.deepEqual(failed, []);
    for (const id of ["1", "6", "200"]) assert.equal(found.get(id)?.uuid, uuidOf(Number(id)));
    assert.equal(found.has("5"), false);
    assert.equal(api.requests.length, 1);
    assert.match(api.requests[0]?.path ?? "", /\?id=1,2,3,.*,200&fields=id,uri,uuid&per_page=200$/);
  });

  test("asks again after 429 without JSON, errors of the server, half an answer, a page for people, a reset", async () => {
    const faults = [
      tooManyRequests(0),
      serverError(502),
      { cutsBodyAt: 40 },
      htmlPage,
      { resets: true } as const,
    ];
    for (const fault of faults) {
      const look = await lookup();
      api.next(fault);
      const { found } = await look(["1"]);
      assert.equal(found.get("1")?.uuid, uuidOf(1));
      assert.equal(api.requests.length, 2);
      await api[Symbol.asyncDispose]();
    }
    await lookup();
  });

  test("a server that is silent is asked again", async () => {
    const look = await lookup();
    api.next({ hangs: true });
    assert.equal((await look(["1"])).found.size, 1);
  });

  test("halves a batch that keeps failing until the ids that break it are found", async () => {
    for (const poisonStatus of [500, 422] as const) {
      for (const poison of [[1], [200], [77, 78], [3, 150]]) {
        const look = await lookup({ poison, poisonStatus });
        const { found, failed } = await look(from(1, 200));
        assert.deepEqual(
          failed.map(({ id }) => Number(id)),
          poison,
        );
        assert.equal(found.size, 200 - poison.length);
        assert.match(failed[0]?.reason ?? "", new RegExp(`^it answers ${poisonStatus}`));
        await api[Symbol.asyncDispose]();
      }
    }
    await lookup();
  });

  test("halves a batch of which the API gives a part only", async () => {
    const look = await lookup({
      faults: ({ number }) =>
        number === 1
          ? {
              answer: {
                status: 200,
                body: JSON.stringify({ total_results: 4, results: [{ id: 1 }] }),
              },
            }
          : undefined,
    });
    assert.equal((await look(from(1, 4))).found.size, 4);
    assert.equal(api.requests.length, 3);
  });

  test("stops when nothing is answered any more, without asking for each id", async () => {
    const look = await lookup({ faults: () => serverError(503, 0) });
    await assert.rejects(look(from(1, 200)), {
      code: "inaturalist_unreachable",
      message: `iNaturalist cannot be asked at ${api.url}/observations: it answers 503. What was answered before is loaded; run again to go on.`,
    });
    assert.ok(api.requests.length < 40, `${api.requests.length} requests`);
  });

  test("stops at once when it is turned away", async () => {
    const look = await lookup({ perDay: 0, dailyStatus: 403 });
    await assert.rejects(look(["1"]), { code: "inaturalist_refused", exitCode: 3 });
    assert.equal(api.requests.length, 1);
  });

  test("each try is taken from the day's budget", async () => {
    let left = 2;
    const look = await lookup({}, { budget: { take: async () => left-- > 0 } });
    api.next(serverError());
    assert.equal((await look(["1"])).found.size, 1);
    await assert.rejects(look(["2"]), BudgetUsedUp);
    assert.equal(api.requests.length, 2);
  });

  test("keeps to the rate, retries included", async () => {
    using limiter = rateLimiter({ perSecond: 20, perMinute: null });
    const look = await lookup({}, { limiter });
    api.next(serverError());
    const started = performance.now();
    for (const id of from(1, 5)) await look([id]);
    assert.equal(api.requests.length, 6);
    assert.ok(performance.now() - started >= 5 * 50 - 5);
  });

  test("stops waiting for its turn when the run is aborted", async () => {
    using limiter = rateLimiter({ perSecond: 0.01, perMinute: null });
    const stop = new AbortController();
    const look = await lookup({}, { limiter, signal: stop.signal });
    await look(["1"]);
    const second = look(["2"]);
    stop.abort(new Error("stopped"));
    await assert.rejects(second, { message: "stopped" });
    assert.equal(api.requests.length, 1);
  });
});
