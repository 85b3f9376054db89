import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jittered, networkReason, retried, retryAfterMs, Transient } from "../../src/http/retry.ts";

const { signal } = new AbortController();
const patience = { attempts: 3, firstMs: 1, longestMs: 2, signal };

describe("retried", () => {
  test("tries what may pass again, and gives up after so many tries", async () => {
    let tries = 0;
    const fails = () => {
      tries++;
      return Promise.reject(new Transient("busy"));
    };
    await assert.rejects(retried(fails, patience), { message: "busy" });
    assert.equal(tries, 3);
  });

  test("does not try again what will not pass", async () => {
    let tries = 0;
    const fails = () => {
      tries++;
      return Promise.reject(new Error("wrong"));
    };
    await assert.rejects(retried(fails, patience), { message: "wrong" });
    assert.equal(tries, 1);
  });

  test("stops waiting when it is aborted", async () => {
    const stop = new AbortController();
    const waits = retried(() => Promise.reject(new Transient("busy", { retryAfterMs: 60_000 })), {
      ...patience,
      signal: stop.signal,
      onWait: () => stop.abort(),
    });
    await assert.rejects(waits, { name: "AbortError" });
  });

  test("waits anything from nothing to a bound that doubles, up to the longest", () => {
    const bounds = { firstMs: 100, longestMs: 1000 };
    for (const [attempt, bound] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [5, 1000],
      [50, 1000],
    ] as const) {
      const waits = Array.from({ length: 500 }, () => jittered(attempt, bounds));
      assert.ok(waits.every((wait) => wait >= 0 && wait < bound));
      assert.ok(Math.max(...waits) > bound * 0.8 && Math.min(...waits) < bound * 0.2);
    }
  });

  test("reads Retry-After in seconds and as a date, and bears nonsense", () => {
    const now = Date.UTC(2026, 10, 24, 12, 0, 0);
    assert.equal(retryAfterMs("120", now), 120_000);
    assert.equal(retryAfterMs("Tue, 24 Nov 2026 12:00:30 GMT", now), 30_000);
    assert.equal(retryAfterMs("Tue, 24 Nov 2026 11:00:00 GMT", now), 0);
    assert.equal(retryAfterMs("999999999", now), 3_600_000);
    assert.equal(retryAfterMs("soon", now), undefined);
    assert.equal(retryAfterMs(undefined, now), undefined);
  });

  test("says of a certificate that nobody knows what to do", () => {
    const error = Object.assign(new Error("self-signed certificate in certificate chain"), {
      code: "SELF_SIGNED_CERT_IN_CHAIN",
    });
    assert.equal(
      networkReason(error),
      "self-signed certificate in certificate chain; if your network has a certificate authority of its own, set NODE_EXTRA_CA_CERTS to its file",
    );
    const refused = new AggregateError([new Error("connect ECONNREFUSED ::1:9")], "");
    assert.equal(networkReason(refused), "connect ECONNREFUSED ::1:9");
  });
});
