import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("fake-apis.ts", import.meta.url));

describe("npm run fake-apis", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  const start = (...words: string[]): ChildProcessByStdio<null, Readable, Readable> =>
    spawn(process.execPath, [script, ...words], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });

  test("starts both, says what to export, and leaves nothing behind after Ctrl-C", async () => {
    const child = start("--rows", "60", "--gbif-port", "0", "--inaturalist-port", "0");
    const ended = once(child, "close");
    let printed = "";
    for await (const chunk of child.stdout) {
      printed += chunk;
      if (printed.includes("GBIF_EMAIL")) break;
    }
    const exported = Object.fromEntries(
      [...printed.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
    );
    assert.deepEqual(Object.keys(exported), [
      "GBIF_API",
      "INATURALIST_API",
      "GBIF_USER",
      "GBIF_PWD",
      "GBIF_EMAIL",
    ]);
    const { GBIF_API, INATURALIST_API, GBIF_USER, GBIF_PWD } = exported;
    const posted = await fetch(`${GBIF_API}/occurrence/download/request`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Basic ${btoa(`${GBIF_USER}:${GBIF_PWD}`)}`,
      },
      body: "{}",
    });
    assert.equal(posted.status, 201);
    const status = await fetch(`${GBIF_API}/occurrence/download/${await posted.text()}`);
    const download = (await status.json()) as Record<string, unknown>;
    assert.deepEqual([download.status, download.totalRecords], ["PREPARING", 60]);
    const observations = await fetch(`${INATURALIST_API}/observations?id=49,50,51`);
    assert.equal(((await observations.json()) as { total_results: number }).total_results, 2);

    child.kill("SIGINT");
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(await readdir(folder), []);
  });

  test("says what is wrong with its options or ports, and how to write them", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    for (const [words, says] of [
      [["--rows", "many"], /^"many" is no number\./],
      [["--port", "1"], /--port/],
      [["--rows", "1", "--gbif-port", String(port)], /EADDRINUSE/],
      [["--rows", "1", "--gbif-port", "0", "--inaturalist-port", String(port)], /EADDRINUSE/],
    ] as const) {
      const child = start(...words);
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
      assert.equal(code, 1);
      assert.match(said, says);
      assert.match(said, /npm run fake-apis -- \[--rows N\]/);
    }
    taken.close();
    assert.deepEqual(await readdir(folder), []);
  });
});
