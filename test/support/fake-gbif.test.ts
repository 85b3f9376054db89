import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inflateSync } from "node:zlib";
import { parse } from "yaml";
import { type FakeGbif, startFakeGbif } from "./fake-gbif.ts";
import { htmlPage, redirectTo, serverError, tooManyRequests } from "./http-double.ts";
import { realData } from "./real-data.ts";

const BASE = "https://api.gbif.org/v1";
const PREDICATE = { type: "equals", key: "TAXON_KEY", value: "54" };

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

const AUTH = { authorization: basic("fake", "fake") };

const post = (
  gbif: FakeGbif,
  body: unknown,
  headers: Record<string, string> = AUTH,
): Promise<Response> =>
  fetch(`${gbif.url}/occurrence/download/request`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const keyOf = async (gbif: FakeGbif, body: object = { predicate: PREDICATE }): Promise<string> => {
  const response = await post(gbif, body);
  assert.equal(response.status, 201, await response.clone().text());
  return response.text();
};

const statusOf = async (gbif: FakeGbif, key: string): Promise<Record<string, unknown>> => {
  const response = await fetch(`${gbif.url}/occurrence/download/${key}`);
  assert.equal(response.status, 200);
  return (await response.json()) as Record<string, unknown>;
};

const zipOf = (
  gbif: FakeGbif,
  key: string,
  init: { headers?: Record<string, string>; redirect?: "manual" } = {},
): Promise<Response> => fetch(`${gbif.url}/occurrence/download/request/${key}.zip`, init);

const without = (url: string): string => url.replace(BASE, "");

/** What a cassette keeps of an exchange. */
interface Exchange {
  readonly request: {
    readonly method: string;
    readonly uri: string;
    readonly body?: { readonly string: string };
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: { readonly string?: string; readonly raw_gzip?: string };
  };
}

const cassette = (path: string): readonly Exchange[] =>
  parse(readFileSync(path, "utf8")).http_interactions;

const bodyOf = ({ response: { body } }: Exchange): string =>
  body.string ?? inflateSync(Buffer.from(body.raw_gzip ?? "", "base64")).toString("utf8");

/** Sends what a cassette has and compares what comes back, byte for byte. */
const replay = async (
  gbif: FakeGbif,
  { request, response: recorded, ...rest }: Exchange,
  authorization?: string,
): Promise<void> => {
  const response = await fetch(`${gbif.url}${without(request.uri)}`, {
    method: request.method,
    headers: {
      ...(request.body ? { "content-type": "application/json" } : {}),
      ...(authorization ? { authorization } : {}),
    },
    ...(request.body ? { body: request.body.string } : {}),
  });
  assert.equal(response.status, recorded.status);
  assert.equal(response.headers.get("content-type"), recorded.headers["content-type"] ?? null);
  const expected = bodyOf({ request, response: recorded, ...rest });
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(expected));
};

/** The JSON of a recorded download as the double keeps it. */
const recordedDownload = (text: string, creator: string) => {
  const { downloadLink: _, request, ...download } = JSON.parse(text);
  return {
    ...download,
    request: { creator, notificationAddresses: [], ...request },
    created: new Date(download.created),
    modified: new Date(download.modified),
    eraseAfter: new Date(download.eraseAfter),
  };
};

describe("the double of GBIF answers like the recording", () => {
  for (const name of ["occ_download_1.yml", "occ_download_4.yml", "occ_download_8.yml"]) {
    const { path, skip } = realData(`http/${name}`);
    test(`${name}: a request and its first status`, { skip }, async () => {
      const [created, status] = cassette(path);
      assert.ok(created && status);
      const { key, totalRecords, ...dates } = JSON.parse(bodyOf(status));
      const asked = new Date(dates.eraseAfter);
      asked.setUTCMonth(asked.getUTCMonth() - 6);
      // The clock at the request's arrival, at the end of the file's life, and when it is stored.
      const clock = [asked, asked];
      await using gbif = await startFakeGbif({
        user: "<gbif_user>",
        publicUrl: BASE,
        nextKey: key,
        totalRecords,
        now: () => clock.shift() ?? new Date(dates.created),
      });
      await replay(gbif, created, basic("<gbif_user>", "fake"));
      await replay(gbif, status);
    });
  }

  for (const name of ["occ_download_meta.yml", "occ_download_meta_na_results.yml"]) {
    const { path, skip } = realData(`http/${name}`);
    test(`${name}: the status of a download that has ended`, { skip }, async () => {
      const [status] = cassette(path);
      assert.ok(status);
      await using gbif = await startFakeGbif({
        publicUrl: BASE,
        downloads: [recordedDownload(bodyOf(status), "somebody")],
      });
      await replay(gbif, status);
    });
  }

  const cancelled = realData("http/occ_download_cancel.yml");
  test("occ_download_cancel.yml: cancelling", { skip: cancelled.skip }, async () => {
    const [exchange] = cassette(cancelled.path);
    assert.ok(exchange);
    const key = /[^/]+$/.exec(exchange.request.uri)?.[0] ?? "";
    await using gbif = await startFakeGbif({ nextKey: key });
    await keyOf(gbif);
    await replay(gbif, exchange, AUTH.authorization);
    assert.equal((await statusOf(gbif, key)).status, "CANCELLED");
  });

  const refused = realData("http/occ_download_list_unauthorized.yml");
  test("occ_download_list_unauthorized.yml: a list without the right password", {
    skip: refused.skip,
  }, async () => {
    const [exchange] = cassette(refused.path);
    assert.ok(exchange);
    await using gbif = await startFakeGbif();
    await replay(gbif, exchange, basic("foobar", "wrong"));
  });

  const described = realData("http/describe_dwca_2025-09-04.json");
  test("describe_dwca_2025-09-04.json: the columns of an archive", {
    skip: described.skip,
  }, async () => {
    // The recording was laid out by whoever kept it: one space of indentation.
    const recorded = readFileSync(described.path, "utf8");
    await using gbif = await startFakeGbif({ description: JSON.parse(recorded) });
    const response = await fetch(`${gbif.url}/occurrence/download/describe/dwca`);
    assert.equal(response.status, 200);
    assert.equal(JSON.stringify(await response.json(), null, 1), recorded);
  });
});

describe("the double of GBIF", () => {
  test("makes a download: key, states, and a file from another host", async () => {
    await using gbif = await startFakeGbif();
    const response = await post(gbif, { predicate: PREDICATE });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("content-type"), "application/json");
    const key = await response.text();
    assert.match(key, /^\d{7}-\d{15}$/);
    assert.equal((await statusOf(gbif, key)).status, "PREPARING");
    assert.equal((await statusOf(gbif, key)).status, "RUNNING");
    const done = await statusOf(gbif, key);
    const demo = new URL("../../samples/demo.zip", import.meta.url).pathname;
    assert.equal(done.status, "SUCCEEDED");
    assert.equal(done.size, statSync(demo).size);
    assert.equal(done.totalRecords, 2000);
    assert.equal(done.numberDatasets, 4);
    assert.match(String(done.doi), /^10\.15468\/dl\.\w{6}$/);
    assert.equal(done.downloadLink, `${gbif.url}/occurrence/download/request/${key}.zip`);
    const zip = await fetch(String(done.downloadLink));
    assert.ok(zip.redirected && zip.url.startsWith(`${gbif.fileHost}/`));
    assert.deepEqual(Buffer.from(await zip.arrayBuffer()), readFileSync(demo));
    assert.equal(zip.headers.get("content-length"), String(statSync(demo).size));
    assert.deepEqual(
      gbif.requests.map(({ method, path }) => `${method} ${path}`),
      [
        "POST /v1/occurrence/download/request",
        ...Array(3).fill(`GET /v1/occurrence/download/${key}`),
        `GET /v1/occurrence/download/request/${key}.zip`,
        `GET /occurrence/download/request/${key}.zip`,
      ],
    );
    assert.deepEqual(gbif.downloads.get(key)?.request.predicate, {
      ...PREDICATE,
      matchCase: false,
    });
  });

  test("moves on after so many status requests, or after some time", async () => {
    const seen = async (gbif: FakeGbif, key: string, times: number): Promise<unknown[]> => {
      const states: unknown[] = [];
      for (let count = 0; count < times; count++) states.push((await statusOf(gbif, key)).status);
      return states;
    };
    await using slow = await startFakeGbif({ polls: 2 });
    assert.deepEqual(await seen(slow, await keyOf(slow), 5), [
      "PREPARING",
      "PREPARING",
      "RUNNING",
      "RUNNING",
      "SUCCEEDED",
    ]);
    await using quick = await startFakeGbif({ polls: 0 });
    assert.deepEqual(await seen(quick, await keyOf(quick), 1), ["SUCCEEDED"]);

    let now = Date.UTC(2026, 0, 15);
    await using timed = await startFakeGbif({
      prepareMs: 1000,
      runMs: 2000,
      now: () => new Date(now),
    });
    const key = await keyOf(timed);
    assert.deepEqual(await seen(timed, key, 2), ["PREPARING", "PREPARING"]);
    now += 1000;
    const running = await statusOf(timed, key);
    assert.equal(running.status, "RUNNING");
    assert.equal(running.created, "2026-01-15T00:00:00.000+00:00");
    assert.equal(running.modified, "2026-01-15T00:00:01.000+00:00");
    now += 1999;
    assert.deepEqual(await seen(timed, key, 1), ["RUNNING"]);
    now += 1;
    assert.deepEqual(await seen(timed, key, 1), ["SUCCEEDED"]);
  });

  test("ends badly or pauses where it is told to, and gives no file then", async () => {
    for (const state of ["SUSPENDED", "CANCELLED", "KILLED", "FAILED"] as const) {
      await using gbif = await startFakeGbif({ states: ["PREPARING", state] });
      const key = await keyOf(gbif);
      await statusOf(gbif, key);
      const { status, size } = await statusOf(gbif, key);
      assert.deepEqual([status, size], [state, 0]);
      assert.equal((await zipOf(gbif, key)).status, 404);
    }
  });

  test("has a file only when it is made, and says 410 when it is erased", async () => {
    await using gbif = await startFakeGbif();
    const key = await keyOf(gbif);
    assert.equal((await zipOf(gbif, key)).status, 404);
    gbif.setStatus(key, "SUCCEEDED");
    assert.equal((await zipOf(gbif, key)).status, 200);
    gbif.setStatus(key, "FILE_ERASED");
    assert.equal((await statusOf(gbif, key)).status, "FILE_ERASED");
    assert.equal((await zipOf(gbif, key)).status, 410);
    assert.equal((await zipOf(gbif, "0000000-000000000000000")).status, 404);
  });

  test("redirects to the file host with a line that says where", async () => {
    await using gbif = await startFakeGbif({ polls: 0 });
    const key = await keyOf(gbif);
    const response = await zipOf(gbif, key, { redirect: "manual" });
    assert.equal(response.status, 302);
    const location = `${gbif.fileHost}/occurrence/download/request/${key}.zip`;
    assert.equal(response.headers.get("location"), location);
    assert.equal(await response.text(), `${location}\n`);
    assert.notEqual(new URL(location).port, new URL(gbif.url).port);
  });

  test("does not find a new download at once when told so", async () => {
    await using gbif = await startFakeGbif({ notFoundPolls: 2 });
    const url = `${gbif.url}/occurrence/download/${await keyOf(gbif)}`;
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) statuses.push((await fetch(url)).status);
    assert.deepEqual(statuses, [404, 404, 200]);
    assert.equal(((await (await fetch(url)).json()) as { status: string }).status, "RUNNING");
    assert.equal((await fetch(`${gbif.url}/occurrence/download/0000000-0`)).status, 404);
  });

  test("gives the old key for the same words within 48 hours, whatever else differs", async () => {
    let now = Date.UTC(2026, 0, 15);
    await using gbif = await startFakeGbif({ now: () => new Date(now), simultaneous: 99 });
    const key = await keyOf(gbif, { predicate: PREDICATE });
    now += 48 * 3600 * 1000;
    for (const more of [
      { checklistKey: "7ddf754f-d193-4cc9-b351-99906754a03b" },
      { creator: "fake", notificationAddresses: ["a@example.org"], format: "DWCA" },
      { description: "The same once more" },
    ]) {
      assert.equal(await keyOf(gbif, { predicate: PREDICATE, ...more }), key);
    }
    const reordered = { value: 54, key: "TAXON_KEY", type: "equals" };
    assert.equal(await keyOf(gbif, { predicate: reordered }), key);
    assert.notEqual(await keyOf(gbif, { predicate: PREDICATE, format: "SIMPLE_CSV" }), key);
    const inner = { ...PREDICATE, checklistKey: "7ddf754f-d193-4cc9-b351-99906754a03b" };
    assert.notEqual(await keyOf(gbif, { predicate: inner }), key);
    now += 1;
    const fresh = await keyOf(gbif, { predicate: PREDICATE });
    assert.notEqual(fresh, key);
    gbif.setStatus(fresh, "FAILED");
    assert.notEqual(await keyOf(gbif, { predicate: PREDICATE }), fresh);
  });

  test("counts keys up", async () => {
    await using gbif = await startFakeGbif({ nextKey: "0000009-260108223611665" });
    assert.equal(await keyOf(gbif), "0000009-260108223611665");
    assert.equal(await keyOf(gbif, {}), "0000010-260108223611665");
  });

  test("refuses a fourth unfinished download with 420, until one ends", async () => {
    await using gbif = await startFakeGbif();
    const ask = (value: number) => post(gbif, { predicate: { ...PREDICATE, value } });
    const first = await (await ask(1)).text();
    await ask(2);
    await ask(3);
    const response = await ask(4);
    assert.equal(response.status, 420);
    assert.match(await response.text(), /^A download limitation is exceeded:\n/);
    gbif.setStatus(first, "SUCCEEDED");
    assert.equal((await ask(4)).status, 201);
    await using busy = await startFakeGbif({ simultaneous: 1 });
    await keyOf(busy);
    assert.equal((await post(busy, {})).status, 420);
  });

  test("wants the right name and password where GBIF does, and for a status none", async () => {
    await using gbif = await startFakeGbif({ user: "ann", password: "a:b é" });
    const right = { authorization: basic("ann", "a:b é") };
    for (const wrong of [basic("ann", "nope"), basic("bob", "a:b é")]) {
      const response = await post(gbif, {}, { authorization: wrong });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("content-type"), null);
      const name = wrong === basic("ann", "nope") ? "ann" : "bob";
      assert.equal(await response.text(), `Failed to authenticate user ${name}\r\n`);
    }
    assert.equal((await post(gbif, {}, {})).status, 401);
    const created = await post(gbif, {}, right);
    assert.equal(created.status, 201);
    const url = `${gbif.url}/occurrence/download`;
    const key = await created.text();
    assert.equal((await fetch(`${url}/request/${key}`, { method: "DELETE" })).status, 401);
    assert.equal((await fetch(`${url}/user/ann`)).status, 401);
    assert.equal((await fetch(`${url}/user/bob`, { headers: right })).status, 401);
    assert.equal((await post(gbif, { creator: "bob" }, right)).status, 401);
    assert.equal((await statusOf(gbif, key)).status, "PREPARING");
  });

  test("shows who asked, and whom to write to, only to that user", async () => {
    await using gbif = await startFakeGbif();
    const key = await keyOf(gbif, { notificationAddresses: ["a@example.org"] });
    const url = `${gbif.url}/occurrence/download/${key}`;
    const requestOf = async (headers: Record<string, string>) =>
      ((await (await fetch(url, { headers })).json()) as { request: object }).request;
    const shown = {
      sendNotification: false,
      format: "DWCA",
      type: "OCCURRENCE",
      verbatimExtensions: [],
    };
    assert.deepEqual(await requestOf({}), shown);
    const owners = { creator: "fake", notificationAddresses: ["a@example.org"], ...shown };
    assert.deepEqual(await requestOf(AUTH), owners);
  });

  test("lists the user's downloads, the newest first, in pages", async () => {
    let now = Date.UTC(2026, 0, 15);
    await using gbif = await startFakeGbif({ now: () => new Date(now), simultaneous: 99 });
    const keys: string[] = [];
    for (let value = 1; value <= 5; value++) {
      now += 1000;
      keys.unshift(await keyOf(gbif, { predicate: { ...PREDICATE, value } }));
    }
    const list = async (query: string) => {
      const url = `${gbif.url}/occurrence/download/user/fake${query}`;
      const page = await (await fetch(url, { headers: AUTH })).json();
      return page as { results: { key: string }[] };
    };
    const { results, ...page } = await list("?limit=2&offset=2");
    assert.deepEqual(Object.entries(page), [
      ["offset", 2],
      ["limit", 2],
      ["endOfRecords", false],
      ["count", 5],
    ]);
    assert.deepEqual(
      results.map(({ key }) => key),
      keys.slice(2, 4),
    );
    const whole = await list("");
    assert.deepEqual(
      whole.results.map(({ key }) => key),
      keys,
    );
    assert.equal("endOfRecords" in whole && whole.endOfRecords, true);
  });

  test("cancels what is not finished and leaves the rest as it is", async () => {
    await using gbif = await startFakeGbif();
    const cancel = (key: string) =>
      fetch(`${gbif.url}/occurrence/download/request/${key}`, { method: "DELETE", headers: AUTH });
    const key = await keyOf(gbif);
    assert.equal((await cancel(key)).status, 204);
    assert.equal((await statusOf(gbif, key)).status, "CANCELLED");
    const done = await keyOf(gbif);
    gbif.setStatus(done, "SUCCEEDED");
    assert.equal((await cancel(done)).status, 204);
    assert.equal((await statusOf(gbif, done)).status, "SUCCEEDED");
    assert.equal((await cancel("0000000-0")).status, 404);
  });

  test("takes every kind of predicate and shows it in its own order, with its defaults", async () => {
    await using gbif = await startFakeGbif();
    const key = await keyOf(gbif, {
      creator: "fake",
      notification_address: ["a@example.org"],
      send_notification: true,
      machineDescription: { of: "a test" },
      description: "A test",
      checklistKey: "d7dddbf4-2cf0-4f39-9b2a-bb099caae36c",
      predicate: {
        predicates: [
          { value: true, key: "HAS_COORDINATE", type: "equals" },
          { type: "or", predicates: [{ type: "like", key: "CATALOG_NUMBER", value: "A*" }] },
          { type: "not", predicate: { type: "isNull", parameter: "YEAR" } },
          { type: "isNotNull", parameter: "YEAR" },
          { type: "in", values: [42, "54"], key: "PHYLUM_KEY", matchCase: true },
          { type: "within", geometry: "POLYGON((0 0, 1 0, 1 1, 0 0))" },
          { type: "geoDistance", latitude: "45.7", longitude: "4.8", distance: "5km" },
          { type: "lessThan", key: "YEAR", value: 2026, checklistKey: "x" },
        ],
        type: "and",
      },
    });
    const response = await fetch(`${gbif.url}/occurrence/download/${key}`);
    const shown =
      '"request":{"predicate":{"type":"and","predicates":[{"type":"equals","key":"HAS_COORDINATE","value":"true","matchCase":false},{"type":"or","predicates":[{"type":"like","key":"CATALOG_NUMBER","value":"A*","matchCase":false}]},{"type":"not","predicate":{"type":"isNull","parameter":"YEAR"}},{"type":"isNotNull","parameter":"YEAR"},{"type":"in","key":"PHYLUM_KEY","values":["42","54"],"matchCase":true},{"type":"within","geometry":"POLYGON((0 0, 1 0, 1 1, 0 0))"},{"type":"geoDistance","latitude":"45.7","longitude":"4.8","distance":"5km"},{"type":"lessThan","key":"YEAR","value":"2026","matchCase":false,"checklistKey":"x"}]},"sendNotification":true,"format":"DWCA","type":"OCCURRENCE","description":"A test","machineDescription":{"of":"a test"},"verbatimExtensions":[],"checklistKey":"d7dddbf4-2cf0-4f39-9b2a-bb099caae36c"},';
    const text = await response.text();
    assert.ok(text.includes(shown), text);
  });

  test("refuses properties, formats and predicates that GBIF does not know", async () => {
    await using gbif = await startFakeGbif();
    const refused: [body: unknown, says: RegExp][] = [
      [{ predicate: PREDICATE, notify: true }, /^Unknown JSON property 'notify'\.$/],
      [{ format: "XLSX" }, /format 'XLSX'/],
      ["{", /^JSON parse error/],
      ["[]", /must be a JSON object/],
      [{ predicate: "TAXON_KEY=54" }, /must be a JSON object/],
      [{ predicate: { type: "equal", key: "YEAR", value: 1 } }, /type id 'equal'/],
      [{ predicate: { key: "YEAR", value: 1 } }, /no <type>/],
      [{ predicate: { type: "equals", value: "1" } }, /<key> may not be null/],
      [{ predicate: { type: "equals", key: "taxonKey", value: "1" } }, /parameter "taxonKey"/],
      [{ predicate: { type: "equals", key: "YEAR" } }, /<value> may not be null/],
      [{ predicate: { type: "equals", key: "YEAR", value: "" } }, /<value> may not be empty/],
      [{ predicate: { type: "equals", key: "YEAR", value: [1] } }, /single value/],
      [{ predicate: { ...PREDICATE, values: ["1"] } }, /Unrecognized field "values"/],
      [{ predicate: { type: "in", key: "YEAR", value: ["1"] } }, /<values> may not be null/],
      [{ predicate: { type: "in", key: "YEAR", values: [] } }, /<values> may not be empty/],
      [{ predicate: { type: "and", predicates: [] } }, /<predicates> may not be empty/],
      [{ predicate: { type: "not" } }, /must be a JSON object/],
      [{ predicate: { type: "isNull", key: "YEAR" } }, /<parameter> may not be null/],
      [{ predicate: { type: "within", geometry: "LYON" } }, /not a polygon/],
      [{ predicate: { type: "not", predicate: { type: "or", predicates: {} } } }, /an array/],
    ];
    for (const [body, says] of refused) {
      const response = await post(gbif, body);
      assert.equal(response.status, 400, JSON.stringify(body));
      assert.match(await response.text(), says);
    }
    assert.equal((await post(gbif, {}, { ...AUTH, "content-type": "text/plain" })).status, 415);
    assert.equal(gbif.downloads.size, 0);
  });

  test("refuses more than 101,000 items and polygons of more than 10,000 points", async () => {
    await using gbif = await startFakeGbif();
    const keys = (count: number) => ({
      predicate: { type: "in", key: "TAXON_KEY", values: Array.from({ length: count }, String) },
    });
    assert.equal((await post(gbif, keys(101_000))).status, 201);
    assert.equal((await post(gbif, keys(101_001))).status, 413);
    const points = (count: number) => {
      const geometry = `POLYGON((${Array.from({ length: count }, (_, n) => `${n} 0`).join()}))`;
      return { predicate: { type: "not", predicate: { type: "within", geometry } } };
    };
    assert.equal((await post(gbif, points(10_000))).status, 201);
    assert.equal((await post(gbif, points(10_001))).status, 413);
  });

  test("gives each request its own archive when told how", async () => {
    const demo = new URL("../../samples/demo.zip", import.meta.url).pathname;
    const own = new URL("../../samples/taxa.csv", import.meta.url).pathname;
    await using gbif = await startFakeGbif({
      polls: 0,
      archive: ({ format }) => (format === "SIMPLE_CSV" ? own : demo),
    });
    const csv = await keyOf(gbif, { format: "SIMPLE_CSV" });
    assert.equal(await (await zipOf(gbif, csv)).text(), readFileSync(own, "utf8"));
    assert.equal((await statusOf(gbif, await keyOf(gbif))).size, statSync(demo).size);
  });

  test("describes the columns of the samples", async () => {
    await using gbif = await startFakeGbif();
    const response = await fetch(`${gbif.url}/occurrence/download/describe/dwca`);
    const { interpreted } = (await response.json()) as { interpreted: { fields: unknown[] } };
    assert.equal(interpreted.fields.length, 230);
    assert.deepEqual(interpreted.fields[0], {
      name: "gbifID",
      type: "STRING",
      term: "http://rs.gbif.org/terms/1.0/gbifID",
      nullable: false,
    });
  });
});

describe("the API of the double of GBIF fails when told to", () => {
  test("by 429 and 503 with seconds or a date, by 500, by a page with status 200", async () => {
    await using gbif = await startFakeGbif();
    const date = new Date("2026-03-01T12:00:00Z");
    gbif.next(tooManyRequests(3), serverError(503, date), serverError(), htmlPage);
    const seen: unknown[] = [];
    for (let count = 0; count < 4; count++) {
      const response = await post(gbif, {});
      seen.push([response.status, response.headers.get("retry-after")]);
      assert.match(await response.text(), /^<html>/);
    }
    assert.deepEqual(seen, [
      [429, "3"],
      [503, "Sun, 01 Mar 2026 12:00:00 GMT"],
      [500, null],
      [200, null],
    ]);
    assert.equal(gbif.downloads.size, 0);
    assert.equal((await post(gbif, {})).status, 201);
  });

  test("by a reset after the download was made: the reply is lost, the key is not", async () => {
    await using gbif = await startFakeGbif();
    gbif.next({ closesAfterBytes: 3 });
    await assert.rejects((await post(gbif, {})).text(), { message: "terminated" });
    assert.equal(gbif.downloads.size, 1);
    assert.equal(await keyOf(gbif, {}), [...gbif.downloads.keys()][0]);
  });

  test("by a reset before anything, or silence", async () => {
    await using gbif = await startFakeGbif();
    gbif.next({ resets: true }, { hangs: true });
    await assert.rejects(post(gbif, {}), { message: "fetch failed" });
    const signal = AbortSignal.timeout(100);
    await assert.rejects(fetch(`${gbif.url}/occurrence/download/x`, { signal }), {
      name: "TimeoutError",
    });
  });

  test("only on the requests that a function chooses, after those of the queue", async () => {
    await using gbif = await startFakeGbif({
      faults: ({ method, number }) =>
        method === "GET" && number < 5 ? serverError(502) : undefined,
    });
    const url = `${gbif.url}/occurrence/download/${await keyOf(gbif)}`;
    gbif.next(undefined, serverError(504));
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await fetch(url)).status);
    assert.deepEqual(statuses, [200, 504, 502, 200]);
  });

  test("by a redirect to any address, in another scheme too", async () => {
    await using gbif = await startFakeGbif({ polls: 0 });
    const key = await keyOf(gbif);
    for (const location of ["ftp://127.0.0.1/x.zip", "http://127.0.0.1:9/x.zip"]) {
      gbif.next(redirectTo(location));
      const response = await zipOf(gbif, key, { redirect: "manual" });
      assert.deepEqual([response.status, response.headers.get("location")], [302, location]);
    }
  });
});

describe("the file host of the double of GBIF", () => {
  let folder = "";
  let archive = "";
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) % 251));
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    archive = join(folder, "download.zip");
    writeFileSync(archive, content);
  });
  after(() => rm(folder, { recursive: true }));

  /** A double with a download that is made, and a way to ask for parts of it. */
  const ready = async () => {
    const gbif = await startFakeGbif({ polls: 0, archive });
    const key = await keyOf(gbif);
    const url = `${gbif.fileHost}/occurrence/download/request/${key}.zip`;
    const part = (range?: string, more: Record<string, string> = {}) =>
      fetch(url, { headers: { ...(range ? { range } : {}), ...more } });
    return { gbif, key, url, part, [Symbol.asyncDispose]: () => gbif[Symbol.asyncDispose]() };
  };

  const bytesOf = async (response: Response): Promise<Buffer> =>
    Buffer.from(await response.arrayBuffer());

  test("sends the file with its length, ETag and date", async () => {
    await using host = await ready();
    const response = await host.part();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-length"), "100000");
    assert.equal(response.headers.get("accept-ranges"), "bytes");
    assert.match(response.headers.get("etag") ?? "", /^"[\da-f-]+"$/);
    assert.equal(response.headers.get("last-modified"), statSync(archive).mtime.toUTCString());
    assert.ok((await bytesOf(response)).equals(content));
    const head = await fetch(host.url, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length")], [200, "100000"]);
    assert.equal((await fetch(`${host.gbif.fileHost}/other.zip`)).status, 404);
  });

  test("sends a range: from, from to, the last", async () => {
    await using host = await ready();
    for (const [range, start, end] of [
      ["bytes=99990-", 99_990, 100_000],
      ["bytes=0-9", 0, 10],
      ["bytes=50-1000000", 50, 100_000],
      ["bytes=-10", 99_990, 100_000],
    ] as const) {
      const response = await host.part(range);
      assert.equal(response.status, 206);
      assert.equal(response.headers.get("content-range"), `bytes ${start}-${end - 1}/100000`);
      assert.equal(response.headers.get("content-length"), String(end - start));
      assert.ok((await bytesOf(response)).equals(content.subarray(start, end)));
    }
    const beyond = await host.part("bytes=100000-");
    assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, "bytes */100000"]);
    assert.equal((await host.part("bytes=0-1,5-6")).status, 200);
    assert.equal((await host.part("lines=1-2")).status, 200);
  });

  test("minds If-Range: a part of the same file, or the whole of another", async () => {
    await using host = await ready();
    const { headers } = await host.part();
    const same = { "if-range": headers.get("etag") ?? "" };
    assert.equal((await host.part("bytes=10-", same)).status, 206);
    const dated = { "if-range": headers.get("last-modified") ?? "" };
    assert.equal((await host.part("bytes=10-", dated)).status, 206);
    const other = await host.part("bytes=10-", { "if-range": '"other"' });
    assert.equal(other.status, 200);
    assert.equal((await bytesOf(other)).length, 100_000);
  });

  test("changes file and ETag between two requests, for good", async () => {
    await using host = await ready();
    const before = (await host.part()).headers.get("etag") ?? "";
    const other = join(folder, "other.zip");
    writeFileSync(other, Buffer.from(content).reverse());
    host.gbif.nextFile({ replaceWith: other });
    for (let count = 0; count < 2; count++) {
      const response = await host.part("bytes=10-", { "if-range": before });
      assert.equal(response.status, 200);
      assert.notEqual(response.headers.get("etag"), before);
      assert.ok((await bytesOf(response)).equals(readFileSync(other)));
    }
  });

  test("ignores ranges", async () => {
    await using host = await ready();
    host.gbif.nextFile({ ignoresRange: true });
    const response = await host.part("bytes=10-");
    assert.equal(response.status, 200);
    assert.equal((await bytesOf(response)).length, 100_000);
  });

  test("says a Content-Range that is not what it sends", async () => {
    await using host = await ready();
    host.gbif.nextFile({ contentRange: "bytes 0-99989/100000" });
    const response = await host.part("bytes=10-");
    assert.equal(response.status, 206);
    assert.equal(response.headers.get("content-range"), "bytes 0-99989/100000");
    assert.ok((await bytesOf(response)).equals(content.subarray(10)));
  });

  test("closes the connection after so many bytes, each of which arrives", async () => {
    await using host = await ready();
    host.gbif.nextFile({ closesAfterBytes: 70_000 }, { closesAfterBytes: 10 });
    const read = async (response: Response): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      await assert.rejects(
        async () => {
          for await (const chunk of response.body ?? []) chunks.push(chunk);
        },
        { message: "terminated" },
      );
      return Buffer.concat(chunks);
    };
    const first = await read(await host.part());
    assert.ok(first.equals(content.subarray(0, 70_000)));
    const second = await read(await host.part("bytes=70000-"));
    assert.ok(second.equals(content.subarray(70_000, 70_010)));
  });

  test("resets the connection after so many bytes", async () => {
    await using host = await ready();
    host.gbif.nextFile({ resetsAfterBytes: 70_000 });
    const response = await host.part();
    const error = await response.arrayBuffer().then(
      () => assert.fail("the file must not arrive"),
      (reason: Error) => reason.cause as NodeJS.ErrnoException,
    );
    assert.equal(error.code, "ECONNRESET");
  });

  test("lies about the length: too much never comes, too little is all that is read", async () => {
    await using host = await ready();
    host.gbif.nextFile({ lengthOff: 5 }, { lengthOff: -5 });
    const more = await host.part();
    assert.equal(more.headers.get("content-length"), "100005");
    await assert.rejects(more.arrayBuffer(), { message: "terminated" });
    const less = await host.part();
    assert.equal(less.headers.get("content-length"), "99995");
    assert.ok((await bytesOf(less)).equals(content.subarray(0, 99_995)));
  });

  test("sends a byte now and then", async () => {
    await using host = await ready();
    host.gbif.nextFile({ bytesPerSecond: 50 });
    const started = performance.now();
    assert.ok((await bytesOf(await host.part("bytes=0-9"))).equals(content.subarray(0, 10)));
    assert.ok(performance.now() - started >= 190);
  });

  test("is closed at once, whatever it is still sending or keeps waiting", async () => {
    const host = await ready();
    host.gbif.nextFile({ bytesPerSecond: 1 }, { hangs: true });
    const slow = await host.part();
    const waiting = assert.rejects(host.part(), { message: "fetch failed" });
    while (host.gbif.requests.length < 3) await sleep(5);
    const started = performance.now();
    await host[Symbol.asyncDispose]();
    assert.ok(performance.now() - started < 1000);
    await assert.rejects(slow.text(), { message: "terminated" });
    await waiting;
  });

  test("refuses for a while, with a Retry-After, and fails on requests chosen by number", async () => {
    await using host = await ready();
    host.gbif.nextFile(serverError(503, 2));
    const response = await host.part();
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "2"]);
    await using gbif = await startFakeGbif({
      polls: 0,
      archive,
      fileFaults: ({ number }) => (number === 2 ? { ignoresRange: true } : undefined),
    });
    const key = await keyOf(gbif);
    const url = `${gbif.fileHost}/occurrence/download/request/${key}.zip`;
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) {
      statuses.push((await fetch(url, { headers: { range: "bytes=1-" } })).status);
    }
    assert.deepEqual(statuses, [206, 200, 206]);
  });
});
