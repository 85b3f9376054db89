import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { describe, test } from "node:test";
import { uuidOf } from "../../samples/inaturalist.ts";
import {
  type FakeInaturalist,
  type Observation,
  startFakeInaturalist,
} from "./fake-inaturalist.ts";
import { htmlPage, serverError, tooManyRequests } from "./http-double.ts";
import { realData } from "./real-data.ts";

interface Page {
  readonly total_results: number;
  readonly page: number;
  readonly per_page: number;
  readonly results: readonly Record<string, unknown>[];
}

const ask = (api: FakeInaturalist, query: string): Promise<Response> =>
  fetch(`${api.url}/observations?${query}`);

const pageOf = async (api: FakeInaturalist, query: string): Promise<Page> => {
  const response = await ask(api, query);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
  return (await response.json()) as Page;
};

/** The numbers from 1, in an order that is neither up nor down. */
const numbers = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => ((index * 7) % count) + 1);

describe("the double of iNaturalist answers like the recording", () => {
  /** The observations of a recording, by their number or by the one given. */
  const observationsOf = (text: string, id?: number): ReadonlyMap<number, Observation> =>
    new Map(
      JSON.parse(text).results.map((result: Observation) => [id ?? Number(result.id), result]),
    );

  // Letters beyond ASCII were escaped, and two recordings indented, by whoever kept them.
  const asKept = (body: string, spaces: number): string =>
    `${JSON.stringify(JSON.parse(body), null, spaces).replaceAll(
      /[^\0-\x7f]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )}\n`;

  const cases = [
    {
      name: "v1_get_nonexistent_observation.json",
      query: () => "observations?id=99&pretty=true",
      deleted: [99],
      spaces: 2,
    },
    {
      name: "v2_get_observations_by_id_full.json",
      query: (uuid: string) => `observations/${uuid}?fields=all&pretty=true`,
      spaces: 2,
    },
    {
      name: "v2_get_observations_full.json",
      query: () => "observations?id=14150125&fields=all",
      spaces: 4,
    },
    {
      name: "v2_get_observations_minimal.json",
      query: () => "observations?id=14150125&fields=created_at",
      id: 14150125,
      spaces: 4,
    },
  ];
  for (const { name, query, spaces, id, deleted = [] } of cases) {
    const { path, skip } = realData(`http/${name}`);
    test(name, { skip }, async () => {
      const recorded = readFileSync(path, "utf8");
      const observations = observationsOf(recorded, id);
      const uuid = [...observations.values()][0]?.uuid ?? "";
      await using api = await startFakeInaturalist({ observations, deleted });
      const response = await fetch(`${api.url}/${query(uuid)}`);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
      const body = await response.text();
      assert.equal(asKept(body, spaces), recorded);
      // With two spaces the API itself laid it out so: nothing is left to the comparison.
      if (spaces === 2) assert.equal(body, JSON.stringify(JSON.parse(recorded), null, 2));
      else assert.equal(body, JSON.stringify(JSON.parse(recorded)));
    });
  }
});

describe("the double of iNaturalist", () => {
  test("gives the fields that are asked for, the uuid always and first", async () => {
    await using api = await startFakeInaturalist();
    const uri = "https://www.inaturalist.org/observations/123";
    for (const fields of ["id,uri,uuid", "(id:!t,uri:!t,uuid:!t)"]) {
      const { results } = await pageOf(api, `id=123&fields=${fields}`);
      assert.deepEqual(results, [{ uuid: uuidOf(123), id: 123, uri }]);
    }
    assert.deepEqual((await pageOf(api, "id=123")).results, [{ uuid: uuidOf(123) }]);
    const { results } = await pageOf(api, "id=123&fields=all");
    assert.deepEqual(Object.keys(results[0] ?? {}), ["id", "created_at", "uri", "uuid"]);
    assert.deepEqual(await (await ask(api, "id=123&fields=ID,;")).json(), {
      status: "422",
      errors: [{ errorCode: "422", message: "invalid fields parameter" }],
    });
  });

  test("makes a uuid of version 4 from a number, the same one each time", () => {
    assert.equal(uuidOf(123), "bb9a431e-6b07-4b71-8680-264dc7a88264");
    const uuids = numbers(1000).map(uuidOf);
    assert.equal(new Set(uuids).size, 1000);
    for (const uuid of uuids) {
      assert.match(uuid, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    }
  });

  test("orders by created_at, the youngest first, whatever order was asked in", async () => {
    await using api = await startFakeInaturalist({
      observations: new Map([
        [5, { id: 5, uuid: uuidOf(5), created_at: "2026-01-01T00:00:00+00:00" }],
      ]),
    });
    const idsOf = async (query: string) => (await pageOf(api, query)).results.map(({ id }) => id);
    assert.deepEqual(await idsOf("id=3,9,1,5,7&fields=id"), [5, 9, 7, 3, 1]);
    assert.deepEqual(await idsOf("id=3,9,1,5,7&fields=id&order=asc"), [1, 3, 7, 9, 5]);
  });

  test("cuts per_page at 200 without a word and drops what is beyond, but counts it", async () => {
    await using api = await startFakeInaturalist();
    const page = await pageOf(api, `id=${numbers(250)}&fields=id&per_page=500`);
    assert.equal(page.per_page, 200);
    assert.equal(page.total_results, 250);
    assert.deepEqual(
      page.results.map(({ id }) => id),
      Array.from({ length: 200 }, (_, index) => 250 - index),
    );
    const second = await pageOf(api, `id=${numbers(250)}&fields=id&per_page=200&page=2`);
    assert.equal(second.page, 2);
    assert.equal(second.results.length, 50);
  });

  test("gives 30 results when per_page is not said", async () => {
    await using api = await startFakeInaturalist();
    const page = await pageOf(api, `id=${numbers(50)}`);
    assert.deepEqual([page.per_page, page.results.length, page.total_results], [30, 30, 50]);
  });

  test("leaves deleted observations out, and counts one asked for twice once", async () => {
    await using api = await startFakeInaturalist({ deleted: [2] });
    const page = await pageOf(api, "id=1,2,3,3&fields=id");
    assert.equal(page.total_results, 2);
    assert.deepEqual(
      page.results.map(({ id }) => id),
      [3, 1],
    );
    await using other = await startFakeInaturalist({ deleted: (id) => id % 2 === 0 });
    assert.equal((await pageOf(other, "id=1,2,3,4")).total_results, 2);
  });

  test("refuses what is no number, and any other path, as JSON", async () => {
    await using api = await startFakeInaturalist();
    for (const query of ["id=1,abc", "id=", "per_page=3", "id=1&per_page=x"]) {
      const response = await ask(api, query);
      assert.equal(response.status, 422, query);
      const { status, errors } = (await response.json()) as Record<string, unknown>;
      assert.equal(status, "422");
      assert.ok(Array.isArray(errors) && errors[0].errorCode === "422");
    }
    assert.equal((await fetch(`${api.url}/taxa`)).status, 404);
    assert.equal((await fetch(`${api.url}/observations/${uuidOf(1)}`)).status, 404);
  });

  test("refuses a request that has a poisoned number in it", async () => {
    await using api = await startFakeInaturalist({ poison: [13] });
    assert.equal((await ask(api, "id=12,13,14")).status, 500);
    assert.equal((await ask(api, "id=12,14")).status, 200);
    await using other = await startFakeInaturalist({ poison: [13], poisonStatus: 422 });
    assert.equal((await ask(other, "id=13")).status, 422);
  });

  test("refuses by a proxy's page that is no JSON, with seconds, a date or nothing", async () => {
    await using api = await startFakeInaturalist();
    const date = new Date("2026-03-01T12:00:00Z");
    api.next(tooManyRequests(), tooManyRequests(7), tooManyRequests(date));
    const waits: (string | null)[] = [];
    for (let count = 0; count < 3; count++) {
      const response = await ask(api, "id=1");
      assert.equal(response.status, 429);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      await assert.rejects(response.json(), SyntaxError);
      waits.push(response.headers.get("retry-after"));
    }
    assert.deepEqual(waits, [null, "7", "Sun, 01 Mar 2026 12:00:00 GMT"]);
    assert.equal((await ask(api, "id=1")).status, 200);
  });

  test("storms: each request of a series fails, then all is well", async () => {
    await using api = await startFakeInaturalist({
      faults: ({ number }) => (number <= 4 ? serverError(499 + number) : undefined),
    });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++) statuses.push((await ask(api, "id=1")).status);
    assert.deepEqual(statuses, [500, 501, 502, 503, 200]);
  });

  test("cuts its JSON short although the length is right", async () => {
    await using api = await startFakeInaturalist();
    api.next({ cutsBodyAt: 50 });
    const response = await ask(api, "id=1&fields=id");
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-length"), "50");
    await assert.rejects(response.json(), SyntaxError);
  });

  test("gives a page for people with status 200", async () => {
    await using api = await startFakeInaturalist();
    api.next(htmlPage);
    const response = await ask(api, "id=1");
    assert.equal(response.status, 200);
    assert.match(await response.text(), /^<html>/);
  });

  test("resets the connection, at once or in the middle", async () => {
    await using api = await startFakeInaturalist();
    api.next({ resets: true }, { resetsAfterBytes: 20 }, { closesAfterBytes: 20 });
    await assert.rejects(ask(api, "id=1"), { message: "fetch failed" });
    for (let count = 0; count < 2; count++) {
      await assert.rejects((await ask(api, "id=1")).text(), { message: "terminated" });
    }
    assert.equal((await ask(api, "id=1")).status, 200);
  });

  test("answers late, or never", async () => {
    await using api = await startFakeInaturalist();
    api.next({ delayMs: 150 }, { hangs: true });
    const started = performance.now();
    assert.equal((await ask(api, "id=1")).status, 200);
    assert.ok(performance.now() - started >= 149);
    const signal = AbortSignal.timeout(150);
    await assert.rejects(fetch(`${api.url}/observations?id=1`, { signal }), {
      name: "TimeoutError",
    });
  });

  test("refuses what is above the day's requests until the next day, UTC", async () => {
    for (const dailyStatus of [429, 403] as const) {
      let now = new Date("2026-03-01T23:59:00Z");
      await using api = await startFakeInaturalist({ perDay: 2, dailyStatus, now: () => now });
      const statuses: number[] = [];
      for (let count = 0; count < 3; count++) statuses.push((await ask(api, "id=1")).status);
      now = new Date("2026-03-02T00:00:00Z");
      statuses.push((await ask(api, "id=1")).status);
      assert.deepEqual(statuses, [200, 200, dailyStatus, 200]);
    }
  });

  test("counts the requests of a minute only when told to", async () => {
    let now = new Date("2026-03-01T12:00:00Z");
    await using api = await startFakeInaturalist({ perMinute: 2, now: () => now });
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) statuses.push((await ask(api, "id=1")).status);
    now = new Date("2026-03-01T12:01:00Z");
    statuses.push((await ask(api, "id=1")).status);
    assert.deepEqual(statuses, [200, 200, 429, 200]);
  });

  test("wants a User-Agent only when told to", async () => {
    const statusWithout = (url: string) =>
      new Promise((resolve, reject) => {
        get(`${url}/observations?id=1`, { agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on("error", reject);
      });
    await using api = await startFakeInaturalist({ requiresUserAgent: true });
    assert.equal(await statusWithout(api.url), 403);
    assert.equal((await ask(api, "id=1")).status, 200);
    await using other = await startFakeInaturalist();
    assert.equal(await statusWithout(other.url), 200);
  });

  test("records what arrives, with its headers", async () => {
    await using api = await startFakeInaturalist();
    await fetch(`${api.url}/observations?id=1`, { headers: { "user-agent": "test/1" } });
    const [request] = api.requests;
    assert.equal(request?.number, 1);
    assert.equal(request.method, "GET");
    assert.equal(request.path, "/v2/observations?id=1");
    assert.equal(request.headers["user-agent"], "test/1");
  });

  test("answers 100 requests of 200 numbers in a second", async () => {
    await using api = await startFakeInaturalist();
    const query = `id=${numbers(200)}&fields=id,uri,uuid&per_page=200`;
    await pageOf(api, query);
    const started = performance.now();
    for (let count = 0; count < 100; count++) {
      assert.equal((await pageOf(api, query)).results.length, 200);
    }
    const tookMs = performance.now() - started;
    assert.ok(tookMs < 1000, `it took ${tookMs} ms`);
  });
});
