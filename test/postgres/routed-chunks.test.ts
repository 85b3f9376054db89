import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Batch, Reject } from "../../src/core/batch.ts";
import { channel } from "../../src/core/channel.ts";
import { TextColumn } from "../../src/core/columns.ts";
import type { Chunk } from "../../src/postgres/chunks.ts";
import { routeByHash } from "../../src/postgres/merge/route.ts";
import type { MergeShape } from "../../src/postgres/merge/shape.ts";
import { routeChunks } from "../../src/postgres/routed-chunks.ts";
import { batchOf, inputNamed } from "../support/flow.ts";

const ROWS = 1000;
const input = inputNamed("a.txt");

/** Batches of rows `0`, `1` …; every tenth row is left out, every hundredth set aside. */
async function* batches(count: number, released: number[]) {
  for (let number = 0; number < count; number++) {
    const first = number * ROWS;
    const numbers = Array.from({ length: ROWS }, (_, row) => `${first + row}`);
    const whole = Batch.from({
      columns: new Map([
        ["n", new TextColumn(numbers)],
        ["filling", new TextColumn(numbers.map(() => "x".repeat(500)))],
      ]),
      size: ROWS,
      input,
      record: (row) => ({ place: `a.txt:${first + row}`, raw: "" }),
      bytes: ROWS,
      release: () => released.push(number),
    });
    const kept = whole.keep(whole.rows.filter((row) => row % 10 !== 1));
    const refused = kept.rows.filter((row) => row % 100 === 0);
    yield kept.reject(new Map([...refused].map((row) => [row, new Reject("bad", "Bad.")])));
  }
}

/** What each of so many sessions gets. */
const routed = async (
  source: AsyncIterable<Batch>,
  lanes: number,
  laneOf: (n: number) => number,
) => {
  const { signal } = new AbortController();
  const channels = Array.from({ length: lanes }, () => channel<Chunk>(1, signal));
  const reading = channels.map(async (chunks) => {
    const seen = { chunks: 0, numbers: [] as string[], places: [] as string[] };
    const account = { read: 0, filtered: 0, rejected: 0 };
    for await (const chunk of chunks) {
      seen.chunks++;
      const lines = chunk.data.toString().split("\n").slice(0, -1);
      for (const [row, line] of lines.entries()) {
        seen.numbers.push(line.slice(0, line.indexOf("\t")));
        seen.places.push(chunk.record(row).place);
      }
      assert.equal(chunk.rows, lines.length);
      for (const { read, filtered, rejects } of chunk.batches) {
        account.read += read;
        account.filtered += filtered;
        account.rejected += rejects.length;
      }
      chunk.release();
    }
    return { ...seen, account };
  });
  await routeChunks(source, (batch) => ({ data: [batch.column("n"), batch.column("filling")] }), {
    channels,
    route: (batch) => (row) => laneOf(Number(batch.column("n").text(row))),
  });
  return Promise.all(reading);
};

describe("chunks for several sessions", () => {
  test("hold every row once, in its own session, in order, and know where each came from", async () => {
    const released: number[] = [];
    const lanes = await routed(batches(20, released), 3, (n) => n % 3);
    for (const [lane, { numbers, places, chunks }] of lanes.entries()) {
      const own = Array.from({ length: 20 * ROWS }, (_, n) => n).filter(
        (n) => n % 3 === lane && n % 10 !== 1 && n % 100 !== 0,
      );
      assert.deepEqual(numbers, own.map(String));
      assert.deepEqual(
        places,
        own.map((n) => `a.txt:${n}`),
      );
      assert.ok(chunks > 1);
    }
    assert.deepEqual(
      released.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, batch) => batch),
      "each batch is given back once",
    );
  });

  test("count each record once, and each session's account adds up", async () => {
    const lanes = await routed(batches(20, []), 3, (n) => (n < 5000 ? 2 : n % 3));
    for (const { account, numbers } of lanes) {
      assert.equal(account.read, numbers.length + account.filtered + account.rejected);
    }
    const sum = (name: "read" | "filtered" | "rejected") =>
      lanes.reduce((total, { account }) => total + account[name], 0);
    assert.deepEqual([sum("read"), sum("filtered"), sum("rejected")], [20_000, 2000, 200]);
  });

  test("come to one session at least, so that an empty flow has an account", async () => {
    async function* nothing() {
      yield Batch.empty(input, ["n", "filling"]);
    }
    const lanes = await routed(nothing(), 2, () => 0);
    assert.deepEqual(
      lanes.map(({ chunks }) => chunks),
      [1, 0],
    );
  });
});

describe("the way by hash", () => {
  const shapeOf = (unique?: string) =>
    ({
      key: [{ name: "source" }, { name: "id" }],
      unique: unique && { column: unique, owner: [], code: "other" },
      derived: [],
    }) as unknown as MergeShape;
  const lanesOf = (rows: Record<string, string | null>[], lanes: number, unique?: string) => {
    const route = routeByHash(shapeOf(unique), lanes)(batchOf(rows));
    return rows.map((_, row) => route(row));
  };

  test("parts rows evenly, also those whose numbers go up in steps", () => {
    for (const step of [1, 2, 10, 16, 100]) {
      const rows = Array.from({ length: 4000 }, (_, n) => ({ source: "5", id: String(n * step) }));
      for (const lanes of [2, 3, 4]) {
        const shares = Map.groupBy(lanesOf(rows, lanes), (lane) => lane);
        for (let lane = 0; lane < lanes; lane++) {
          const share = (shares.get(lane) ?? []).length / (rows.length / lanes);
          assert.ok(share > 0.85 && share < 1.15, `step ${step}, ${lane} of ${lanes}: ${share}`);
        }
      }
    }
  });

  test("is one for the same key, and for the same value that no two rows share", () => {
    const rows = Array.from({ length: 100 }, (_, n) => ({
      source: "5",
      id: String(n),
      uuid: n < 50 ? `u${n % 10}` : null,
    }));
    assert.deepEqual(lanesOf(rows, 3), lanesOf(rows, 3));
    const lanes = lanesOf(rows, 3, "uuid");
    for (let n = 10; n < 50; n++) assert.equal(lanes[n], lanes[n % 10]);
    assert.deepEqual(lanes.slice(50), lanesOf(rows, 3).slice(50), "without a value, the key's");
  });
});
