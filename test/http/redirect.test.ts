import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import type { HttpClient, HttpRequest } from "../../src/http/client.ts";
import { isPrivate, sendFollowing } from "../../src/http/redirect.ts";

/** A client on a map of the web: from a URL to where it redirects; all else answers 200. */
const clientOn = (web: Readonly<Record<string, string>>, sent: HttpRequest[] = []): HttpClient => ({
  send: async (request) => {
    sent.push(request);
    const location = web[request.url.href];
    return {
      status: location === undefined ? 200 : 302,
      header: (name) => (name === "location" ? location : undefined),
      body: Readable.from([]),
    };
  },
  [Symbol.asyncDispose]: async () => undefined,
});

const { signal } = new AbortController();
const follow = (web: Readonly<Record<string, string>>, from: string, sent: HttpRequest[] = []) =>
  sendFollowing(clientOn(web, sent), {
    url: new URL(from),
    headers: { authorization: "Basic c2VjcmV0", range: "bytes=5-" },
    signal,
  });

describe("sendFollowing", () => {
  test("follows redirects, and sends the password to the first server only", async () => {
    const sent: HttpRequest[] = [];
    const web = { "https://192.0.2.1/a": "/b", "https://192.0.2.1/b": "https://192.0.2.2/c" };
    assert.equal((await follow(web, "https://192.0.2.1/a", sent)).status, 200);
    assert.deepEqual(
      sent.map(({ url, headers }) => [url.href, headers]),
      [
        ["https://192.0.2.1/a", { authorization: "Basic c2VjcmV0", range: "bytes=5-" }],
        ["https://192.0.2.1/b", { authorization: "Basic c2VjcmV0", range: "bytes=5-" }],
        ["https://192.0.2.2/c", { range: "bytes=5-" }],
      ],
    );
  });

  test("refuses to leave TLS, and any scheme that is none of the web", async () => {
    for (const to of ["http://192.0.2.2/a", "file:///etc/passwd", "ftp://192.0.2.2/a"]) {
      await assert.rejects(follow({ "https://192.0.2.1/a": to }, "https://192.0.2.1/a"), {
        code: "redirect_refused",
      });
    }
    const upgraded = follow({ "http://192.0.2.1/a": "https://192.0.2.1/a" }, "http://192.0.2.1/a");
    assert.equal((await upgraded).status, 200);
  });

  test("refuses a way into a private network, unless it came from there", async () => {
    for (const host of [
      "127.0.0.1",
      "10.1.2.3",
      "192.168.0.9",
      "169.254.169.254",
      "[::1]",
      "[::ffff:10.0.0.1]",
      "[fd00::1]",
      "localhost",
    ]) {
      const to = `https://${host}/x`;
      await assert.rejects(follow({ "https://192.0.2.1/a": to }, "https://192.0.2.1/a"), {
        code: "redirect_refused",
      });
      assert.equal(
        (await follow({ "https://127.0.0.1/a": to }, "https://127.0.0.1/a")).status,
        200,
      );
    }
  });

  test("does not go round and round", async () => {
    await assert.rejects(follow({ "https://192.0.2.1/a": "/a" }, "https://192.0.2.1/a"), {
      code: "too_many_redirects",
      message: "https://192.0.2.1/a redirects more than 5 times. Is the URL right?",
    });
  });

  test("knows private addresses from public ones at their borders", async () => {
    const all = {
      "172.15.255.255": false,
      "172.16.0.0": true,
      "172.31.255.255": true,
      "172.32.0.0": false,
      "100.63.255.255": false,
      "100.64.0.0": true,
      "8.8.8.8": false,
      "[2001:db8::1]": false,
      "[fe80::1]": true,
      "[fc00::]": true,
    };
    for (const [host, expected] of Object.entries(all)) {
      assert.equal(await isPrivate(new URL(`https://${host}/`)), expected, host);
    }
  });
});
