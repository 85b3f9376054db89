import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { describe, test } from "node:test";
import { inflateSync } from "node:zlib";
import { parse } from "yaml";
import { type FakeGbif, startFakeGbif } from "./fake-gbif.ts";
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
});
