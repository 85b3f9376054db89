import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type HttpClient, openClient } from "../../src/http/client.ts";
import { type FetchOptions, fetchFile } from "../../src/http/fetch-file.ts";

const CONTENT = randomBytes(300_000);
const ETAG = '"one"';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A file host as it should be. */
const whole: Answer = (request, response) => part(CONTENT, ETAG)(request, response);

const part =
  (content: Buffer, etag: string): Answer =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
    const isSame = request.headers["if-range"] === etag;
    if (Number.isNaN(from) || !isSame) {
      response.writeHead(200, { etag, "content-length": content.length });
      response.end(content);
      return;
    }
    if (from >= content.length) {
      response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
      return;
    }
    const rest = content.subarray(from);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { etag, "content-length": rest.length, "content-range": range });
    response.end(rest);
  };

/** Sends what `answer` would, but cuts the connection after `bytes` of the body. */
const cutAfter =
  (bytes: number, answer: Answer): Answer =>
  (request, response) => {
    const end = response.end.bind(response);
    response.end = ((body?: Buffer) => {
      if (body === undefined || body.length <= bytes) return end(body);
      response.write(body.subarray(0, bytes), () => response.socket?.destroy());
      return response;
    }) as typeof response.end;
    answer(request, response);
  };

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end("no");

describe("fetchFile", () => {
  let folder = "";
  let client: HttpClient;
  let answers: Answer[] = [];
  let ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    (answers.shift() ?? whole)(request, response);
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    client = openClient({ silenceMs: 500 });
    answers = [];
    ranges = [];
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  const url = (path = "/file.zip") =>
    new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const path = () => join(folder, "file.part");
  const fetched = async (options: Partial<FetchOptions> = {}) => {
    const signal = new AbortController().signal;
    await fetchFile(url(), { client, signal, path: path(), firstMs: 1, ...options });
    const content = await readFile(path());
    assert.ok(content.equals(options.sizeBytes === undefined ? CONTENT : content));
    return content;
  };

  test("fetches a file and leaves nothing beside it", async () => {
    assert.ok((await fetched()).equals(CONTENT));
    assert.deepEqual(await readdir(folder), ["file.part"]);
  });

  test("goes on by Range wherever the connection broke, byte for byte", async () => {
    for (const at of [1, 2, 65_535, 65_536, 150_000, 299_999]) {
      await rm(path(), { force: true });
      answers = [cutAfter(at, whole), cutAfter(at, whole)];
      assert.ok((await fetched()).equals(CONTENT), `cut at ${at}`);
    }
    assert.ok(ranges.some((range) => /^bytes=\d+-$/.test(range ?? "")));
  });

  test("goes on where an earlier process stopped", async () => {
    const stop = new AbortController();
    answers = [
      (_, response) => {
        response.writeHead(200, { etag: ETAG, "content-length": CONTENT.length });
        response.write(CONTENT.subarray(0, 100_000));
      },
    ];
    const onProgress = (bytes: number) => {
      if (bytes === 100_000) stop.abort();
    };
    await assert.rejects(fetched({ signal: stop.signal, onProgress }), { name: "AbortError" });
    await fetched();
    assert.deepEqual(ranges, [undefined, "bytes=100000-"]);
  });

  test("begins anew when the file changed between two tries", async () => {
    const other = randomBytes(200_000);
    answers = [cutAfter(50_000, whole), part(other, '"two"')];
    const content = await fetched({ sizeBytes: other.length });
    assert.ok(content.equals(other));
  });

  test("begins anew when a part comes from another version although the first was asked for", async () => {
    const other = randomBytes(300_000);
    const careless: Answer = (request, response) =>
      part(other, request.headers["if-range"] ? String(request.headers["if-range"]) : "")(request, {
        ...response,
        writeHead: (code: number, headers: Record<string, string>) =>
          response.writeHead(code, { ...headers, etag: '"two"' }),
        end: (body: Buffer) => response.end(body),
      } as unknown as ServerResponse);
    answers = [cutAfter(50_000, whole), careless, part(other, '"two"')];
    const content = await fetched({ sizeBytes: other.length });
    assert.ok(content.equals(other));
  });

  test("begins anew on a server that knows no Range", async () => {
    const ignorant: Answer = (_, response) => {
      response.writeHead(200, { etag: ETAG, "content-length": CONTENT.length });
      response.end(CONTENT);
    };
    answers = [cutAfter(50_000, ignorant), ignorant];
    assert.ok((await fetched()).equals(CONTENT));
  });

  test("begins anew when the part that comes is not the one that was asked for", async () => {
    const wrong: Answer = (_, response) => {
      const range = `bytes 10-${CONTENT.length - 1}/${CONTENT.length}`;
      response.writeHead(206, { etag: ETAG, "content-range": range });
      response.end(CONTENT.subarray(10));
    };
    answers = [cutAfter(50_000, whole), wrong];
    assert.ok((await fetched()).equals(CONTENT));
  });

  test("a length that lies, too short or too long, does not end it", async () => {
    const short: Answer = (_, response) => {
      response.writeHead(200, { etag: ETAG, "content-length": 1000 });
      response.end(CONTENT.subarray(0, 1000));
    };
    const long: Answer = (_, response) => {
      response.writeHead(200, { etag: ETAG, "content-length": CONTENT.length + 1000 });
      response.write(CONTENT);
      setTimeout(() => response.socket?.destroy(), 20);
    };
    for (const lie of [short, long]) {
      await rm(path(), { force: true });
      answers = [lie];
      assert.ok((await fetched({ sizeBytes: CONTENT.length })).equals(CONTENT));
    }
  });

  test("a file of another length than announced is an error, and is not kept", async () => {
    await assert.rejects(fetched({ sizeBytes: CONTENT.length - 1 }), {
      code: "download_cut",
      message: `${url().href} gave 300000 bytes of the 299999 it announced. Try again.`,
    });
    assert.deepEqual(await readdir(folder), []);
  });

  test("waits as a busy server asks, and tries again", async () => {
    const waits: number[] = [];
    const soon = new Date(Date.now() + 2000).toUTCString();
    answers = [
      status(503, { "retry-after": "0" }),
      status(429, { "retry-after": soon }),
      status(500),
    ];
    await fetched({ onWait: (_, waitMs) => waits.push(waitMs) });
    assert.equal(waits[0], 0);
    assert.ok((waits[1] ?? 0) > 0 && (waits[1] ?? 0) <= 2000, `${waits[1]}`);
    assert.equal(waits.length, 3);
  });

  test("gives up with what the server says", async () => {
    answers = Array.from({ length: 6 }, () => status(500));
    await assert.rejects(fetched(), {
      code: "download_refused",
      message: `${url().href} answers 500.`,
    });
    answers = [status(410)];
    await assert.rejects(fetched(), {
      message: `${url().href} answers 410: it is gone. GBIF erases downloads after some months; ask for a new one.`,
    });
  });

  test("a server that hangs, or brings a byte now and then, is left and asked again", async () => {
    const hangs: Answer = () => undefined;
    const slow: Answer = (_, response) => {
      response.writeHead(200, { etag: ETAG, "content-length": CONTENT.length });
      let at = 0;
      const drip = setInterval(() => response.write(CONTENT.subarray(at, ++at)), 20);
      response.on("close", () => clearInterval(drip));
    };
    answers = [hangs, slow];
    await fetched({ slowest: { bytes: 1000, withinMs: 300 } });
    assert.equal(ranges.length, 3);
    assert.match(ranges[2] ?? "", /^bytes=\d+-$/);
  });

  test("what is left of another URL's file is not gone on with", async () => {
    await writeFile(path(), randomBytes(1000));
    const left = { url: "http://127.0.0.1/other.zip", validator: ETAG, total: CONTENT.length };
    await writeFile(`${path()}.json`, JSON.stringify(left));
    await fetched();
    assert.deepEqual(ranges, [undefined]);
  });
});
