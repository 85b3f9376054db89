import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as tar from "tar";
import { type EntryOptions, ZipWriter } from "../../samples/zip-writer.ts";
import { openArchive } from "../../src/archive/archive.ts";
import type { Archive } from "../../src/archive/entries.ts";

const limits = { maxBytes: 1e9, maxRatio: 200 };
const signal = new AbortController().signal;
let folder = "";
let number = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
after(() => rm(folder, { recursive: true }));

const zipOf = async (entries: Record<string, string | [string, EntryOptions]>): Promise<string> => {
  const path = join(folder, `x${number++}.zip`);
  const zip = new ZipWriter(path);
  for (const [name, entry] of Object.entries(entries)) {
    const [content, options] = typeof entry === "string" ? [entry, {}] : entry;
    await zip.add(name, content, options);
  }
  await zip.end();
  return path;
};

const contents = async (archive: Archive): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const [name, entry] of archive.entries) {
    found[name] = Buffer.concat(await Array.fromAsync(entry.read(signal))).toString();
  }
  return found;
};

const read = async (location: string, caps = limits): Promise<Record<string, string>> => {
  await using archive = await openArchive(location, { signal, limits: caps });
  return await contents(archive);
};

/** The message of the error, the archive's changing name left out. */
const complaint = async (location: string, caps = limits): Promise<string> => {
  const error = await read(location, caps).then(
    () => assert.fail("it was read"),
    (thrown: Error) => thrown,
  );
  return error.message.replaceAll(/x\d+\.zip/g, "x.zip").replaceAll(folder, "…");
};

describe("a zip", () => {
  test("is read by its directory: data descriptors, stored entries, ZIP64 and empty files", async () => {
    const path = await zipOf({
      "meta.xml": "<x/>",
      "stored.txt": ["as it is", { isStored: true }],
      "large.txt": ["zip64", { isZip64: true }],
      "empty.txt": "",
      "dataset/é.xml": "🐝",
    });
    assert.deepEqual(await read(path), {
      "meta.xml": "<x/>",
      "stored.txt": "as it is",
      "large.txt": "zip64",
      "empty.txt": "",
      "dataset/é.xml": "🐝",
    });
  });

  test("loses the folder that everything is in, and what a Mac adds", async () => {
    const path = await zipOf({
      "export/meta.xml": "<x/>",
      "export/occurrence.txt": "a",
      "__MACOSX/export/._occurrence.txt": "resource",
      "export/.DS_Store": "x",
    });
    assert.deepEqual(Object.keys(await read(path)), ["meta.xml", "occurrence.txt"]);
  });

  test("has the same identity exactly when its content is the same", async () => {
    const identity = async (entries: Parameters<typeof zipOf>[0]) => {
      await using archive = await openArchive(await zipOf(entries), { signal, limits });
      return await archive.identity();
    };
    const first = await identity({ a: "1", b: "2" });
    assert.equal(await identity({ b: "2", a: ["1", { isStored: true }] }), first);
    assert.notEqual(await identity({ a: "1", b: "3" }), first);
  });

  test("with a wrong checksum or size is refused", async () => {
    assert.equal(
      await complaint(await zipOf({ "a.txt": ["text", { crc: 1 }] })),
      "a.txt in x.zip is damaged: its checksum (CRC) is wrong. Nothing of it was kept; fetch the archive again.",
    );
    assert.match(
      await complaint(await zipOf({ "a.txt": ["text", { size: 2 }] })),
      /^a\.txt in x\.zip is damaged: it is larger than the 2 bytes it says\./,
    );
    assert.match(
      await complaint(await zipOf({ "a.txt": ["text", { size: 9 }] })),
      /^a\.txt in x\.zip is damaged: it has 4 bytes and should have 9\./,
    );
  });

  test("that is encrypted, or compressed in another way, is refused with what to do", async () => {
    assert.equal(
      await complaint(await zipOf({ "a.txt": ["text", { isEncrypted: true }] })),
      "a.txt in x.zip is encrypted. Unpack it with its password and name the folder instead.",
    );
    assert.equal(
      await complaint(await zipOf({ "a.txt": ["text", { method: 12 }] })),
      "a.txt in x.zip is compressed by method 12; only deflate can be read. Unpack it and name the folder instead.",
    );
  });

  for (const name of [
    "../evil.txt",
    "a/../../evil.txt",
    "/etc/passwd",
    "C:/evil.txt",
    "..\\evil.txt",
  ]) {
    test(`with an entry named ${name} is refused`, async () => {
      assert.match(
        await complaint(await zipOf({ "a.txt": "x", [name]: "evil" })),
        /^x\.zip has an entry named ".*", which leads out of the archive\. It was not read\.$/,
      );
    });
  }

  test("that grows beyond the caps is stopped on the way", async () => {
    const path = await zipOf({ "a.txt": "0".repeat(120 * 1024 * 1024) });
    assert.equal(
      await complaint(path),
      "a.txt in x.zip grows beyond what is allowed: 1 GB, or 200 times its compressed size. " +
        "If that is right, raise `max_gb` or `max_ratio` of the source.",
    );
    assert.match(
      await complaint(path, { maxBytes: 1e6, maxRatio: 5000 }),
      /^a\.txt in x\.zip grows/,
    );
    const found = await read(path, { maxBytes: 1e9, maxRatio: 5000 });
    assert.equal(found["a.txt"]?.length, 120 * 1024 * 1024);
  });

  test("that was cut off anywhere is refused, never read short", async () => {
    const path = await zipOf({ "meta.xml": "<x/>", "a.txt": "some text to be cut\n".repeat(50) });
    const whole = await readFile(path);
    for (let length = 1; length < whole.length; length += 7) {
      const cut = join(folder, `x${number++}.zip`);
      await writeFile(cut, whole.subarray(0, length));
      if (length < 4) continue;
      assert.match(
        await complaint(cut),
        /^x\.zip is damaged or was cut off: .*\. Fetch it again\.$/,
      );
    }
  });

  test("with damaged data is refused, whichever byte it is", async () => {
    const path = await zipOf({
      "a.txt": "some text that deflate makes smaller, smaller, smaller\n",
    });
    const whole = await readFile(path);
    for (let at = 36; at < 70; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      const copy = join(folder, `x${number++}.zip`);
      await writeFile(copy, damaged);
      assert.match(await complaint(copy), /a\.txt in x\.zip is damaged: /);
    }
  });

  test("that is a page, under the name of a zip or not, is no table", async () => {
    for (const name of ["page.zip", "page"]) {
      await writeFile(join(folder, name), "<!DOCTYPE html>\n<html>404</html>");
      assert.match(
        await complaint(join(folder, name)),
        new RegExp(`^${name} is a web page, no Darwin Core Archive\\. .* fetch the data again\\.`),
      );
    }
    await writeFile(join(folder, "error.zip"), "Not found, sorry");
    assert.equal(
      await complaint(join(folder, "error.zip")),
      'error.zip is damaged or was cut off: it begins with "Not found, sorry", as none does. Fetch it again.',
    );
  });

  test("that is a part of one, has something behind its end, or a damaged list, is refused in plain words", async () => {
    const whole = await readFile(await zipOf({ "a.txt": "text" }));
    const end = whole.lastIndexOf("PK\x05\x06");
    const changed = async (change: (bytes: Buffer) => Buffer | undefined) => {
      const copy = Buffer.from(whole);
      const file = join(folder, `x${number++}.zip`);
      await writeFile(file, change(copy) ?? copy);
      return await complaint(file);
    };
    assert.match(
      await changed((bytes) => void bytes.writeUInt16LE(1, end + 4)),
      /^x\.zip is one part of a zip in several parts\. Put them together/,
    );
    assert.match(
      await changed((bytes) => Buffer.concat([bytes, Buffer.from("and more")])),
      /: its end is missing, or something stands behind it\. Fetch it again\.$/,
    );
    assert.match(
      await changed((bytes) => void bytes.writeUInt8(9, bytes.readUInt32LE(end + 16))),
      /: its list of files is damaged\. Fetch it again\.$/,
    );
  });

  test("of 0 bytes, and none at all, are told apart", async () => {
    const path = join(folder, "empty.zip");
    await writeFile(path, "");
    assert.equal(await complaint(path), "empty.zip is empty: 0 bytes. Was its download finished?");
    assert.equal(
      await complaint(join(folder, "none.zip")),
      "There is no file or folder …/none.zip.",
    );
  });

  test("closes its file when the reader stops in the middle", async () => {
    const path = await zipOf({ "a.txt": "0123456789\n".repeat(500_000) });
    const before = (await readdir("/proc/self/fd")).length;
    for (let round = 0; round < 20; round++) {
      await using archive = await openArchive(path, { signal, limits });
      for await (const _ of archive.entries.get("a.txt")?.read(signal) ?? []) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok((await readdir("/proc/self/fd")).length <= before + 1);
  });

  test("stops when the signal is aborted", async () => {
    const path = await zipOf({ "a.txt": "0123456789\n".repeat(500_000) });
    await using archive = await openArchive(path, { signal, limits });
    const controller = new AbortController();
    await assert.rejects(
      async () => {
        for await (const _ of archive.entries.get("a.txt")?.read(controller.signal) ?? []) {
          controller.abort();
        }
      },
      { name: "AbortError" },
    );
  });
});

describe("other archives", () => {
  test("a folder and a .tgz of it have the same entries; the .tgz leaves nothing behind", async () => {
    const source = join(folder, "unpacked");
    await mkdir(join(source, "dataset"), { recursive: true });
    await writeFile(join(source, "meta.xml"), "<x/>");
    await writeFile(join(source, "dataset", "a.xml"), "<eml/>");
    const packed = join(folder, "x.tgz");
    await tar.c({ gzip: true, file: packed, cwd: folder }, ["unpacked"]);
    const expected = { "dataset/a.xml": "<eml/>", "meta.xml": "<x/>" };
    assert.deepEqual(await read(source), expected);
    const leftovers = async () =>
      (await readdir(tmpdir())).filter((name) => /^runner-\w{6}$/.test(name));
    const earlier = await leftovers();
    assert.deepEqual(await read(packed), expected);
    assert.deepEqual(await leftovers(), earlier);
  });

  test("a damaged .tgz is refused", async () => {
    const packed = join(folder, "x.tgz");
    const { size } = await stat(packed);
    await truncate(packed, size - 20);
    assert.match(await complaint(packed), /^x\.tgz is damaged or was cut off: /);
  });

  test("a single text file is an archive of one", async () => {
    const path = join(folder, "occurrence.txt");
    await writeFile(path, "a\tb\n");
    assert.deepEqual(await read(path), { "occurrence.txt": "a\tb\n" });
  });
});

describe("a URL", () => {
  const answers: Record<string, (path: string) => [number, Record<string, string>, Buffer]> = {};
  const agents: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    agents.push(request.headers["user-agent"]);
    const [status, headers, body] = answers[request.url ?? ""]?.(request.url ?? "") ?? [
      404,
      {},
      Buffer.from("no"),
    ];
    response.writeHead(status, headers);
    // A promise of more bytes than there are: the connection is cut in the middle.
    if (headers["content-length"] && Number(headers["content-length"]) > body.length) {
      response.write(body, () => response.destroy());
    } else response.end(body);
  });
  let base = "";
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const zip = await readFile(await zipOf({ "meta.xml": "<x/>" }));
    answers["/x.zip"] = () => [200, { "content-length": String(zip.length) }, zip];
    answers["/moved.zip"] = () => [302, { location: `${base}/x.zip` }, Buffer.alloc(0)];
    answers["/short.zip"] = () => [200, { "content-length": String(zip.length + 9) }, zip];
    answers["/gone.zip"] = () => [410, {}, Buffer.alloc(0)];
    answers["/broken.zip"] = () => [500, {}, Buffer.alloc(0)];
  });
  after(() => server.close());

  test("is fetched, redirects followed, with a User-Agent that names the tool", async () => {
    assert.deepEqual(await read(`${base}/x.zip`), { "meta.xml": "<x/>" });
    assert.deepEqual(await read(`${base}/moved.zip`), { "meta.xml": "<x/>" });
    assert.match(agents[0] ?? "", /^sinp-runner\/\d/);
  });

  test("that does not answer with the file says so, without a password", async () => {
    const without = async (path: string) => (await complaint(path)).replaceAll(base, "http://host");
    assert.equal(
      await without(`${base}/none.zip`),
      "http://host/none.zip answers 404 Not Found: nothing is there. Is the URL right?",
    );
    assert.equal(
      await without(`${base}/gone.zip`),
      "http://host/gone.zip answers 410 Gone: it is gone. GBIF erases downloads after some months; ask for a new one.",
    );
    assert.match(await without(`${base}/broken.zip`), /answers 500 Internal Server Error\.$/);
    assert.match(
      await without(`${base}/short.zip`),
      /^http:\/\/host\/short\.zip (could not be fetched|gave \d+ bytes)/,
    );
    const refused = await complaint("http://anne:s3cret@127.0.0.1:1/x.zip");
    assert.match(refused, /^http:\/\/127\.0\.0\.1:1\/x\.zip could not be fetched: /);
    assert.doesNotMatch(refused, /s3cret/);
  });
});
