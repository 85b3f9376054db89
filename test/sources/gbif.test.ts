import assert from "node:assert/strict";
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { writeArchive } from "../../samples/archive.ts";
import type { RunSummary } from "../../src/runner.ts";
import { previewFlow, runPipeline } from "../../src/runner.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import {
  type FakeGbif,
  type FakeGbifOptions,
  type FileFault,
  startFakeGbif,
} from "../support/fake-gbif.ts";
import { proxyPage, serverError, tooManyRequests } from "../support/http-double.ts";
import { planFrom } from "../support/plan.ts";

const ROWS = 300;

describe("gbif", () => {
  let folder = "";
  let archive = "";
  let colArchive = "";
  /** The same bytes, with another ETag. */
  let sameArchive = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    archive = join(folder, "archive.zip");
    colArchive = join(folder, "col.zip");
    await writeArchive(archive, { rows: ROWS, seed: 3, mode: "big", badShare: 0, isTame: true });
    await writeArchive(colArchive, {
      rows: ROWS,
      seed: 3,
      mode: "big",
      badShare: 0,
      isTame: true,
      hasColKeys: true,
    });
    sameArchive = join(folder, "same.zip");
    await copyFile(archive, sameArchive);
    process.env.GBIF_USER = "fake";
    process.env.GBIF_PWD = "fa/ke+pässword";
    process.env.GBIF_EMAIL = "you@example.org";
  });
  after(() => rm(folder, { recursive: true }));

  onEachDatabase((database) => {
    let gbif: FakeGbif | undefined;
    let cache = "";
    before(() =>
      execute(
        database(),
        "create table o (gbif_id bigint primary key); create table m (gbif_id bigint, url text)",
      ),
    );
    beforeEach(async () => {
      cache = await mkdtemp(join(folder, "cache-"));
      await execute(database(), "truncate o, m; drop schema if exists runner cascade");
    });
    afterEach(() => gbif?.[Symbol.asyncDispose]());

    const start = async (options: Partial<FakeGbifOptions> = {}) => {
      gbif = await startFakeGbif({ archive, password: "fa/ke+pässword", ...options });
      return gbif;
    };
    const posts = () => gbif?.requests.filter(({ method }) => method === "POST").length;
    const files = () =>
      gbif?.requests.filter(({ path }) => path.endsWith(".zip") && !path.startsWith("/v1")).length;

    const yaml = (
      options = "",
      predicate = "{ type: equals, key: DATASET_KEY, value: 50c9509d-22c7-4a22-a47d-8c48425ef4a7 }",
    ) => `
name: test
flows:
  - name: occurrences
    source: { gbif: { query: { predicate: ${predicate} }, table: occurrence, url: "${gbif?.url}", cache: "${cache}", poll_secs: 0.01${options} } }
    transforms: [{ project: { columns: { gbif_id: gbifID } } }]
    sink: { postgres_copy: { table: o, mode: replace } }
  - name: media
    source: { gbif: { query: { predicate: ${predicate} }, table: multimedia, url: "${gbif?.url}", cache: "${cache}", poll_secs: 0.01${options} } }
    transforms: [{ project: { columns: { gbif_id: gbifID, url: identifier } } }]
    sink: { postgres_copy: { table: m, mode: replace } }
`;
    const run = async (
      more: {
        options?: string;
        isFresh?: boolean;
        signal?: AbortSignal;
        onSaid?: (text: string) => void;
      } = {},
    ): Promise<RunSummary & { said: string[] }> => {
      const plan = await planFrom(yaml(more.options), database());
      const said: string[] = [];
      const say = (text: string) => {
        said.push(text);
        more.onSaid?.(text);
      };
      const summary = await runPipeline(plan, {
        database: database().opened,
        signal: more.signal ?? new AbortController().signal,
        log: { info: say, warn: say },
        isFresh: more.isFresh,
      });
      return { ...summary, said };
    };
    const loaded = async () => {
      const [row] = await rowsOf(
        database(),
        "select (select count(*) from o)::int as o, (select count(*) from m)::int as m",
      );
      return row;
    };
    const failure = async (more: Parameters<typeof run>[0] = {}) => {
      const { status, error } = await run(more);
      assert.equal(status, "failed");
      return error as Error & { code: string; exitCode: number };
    };

    test("asks once for all flows of a run, waits, fetches, loads, and says how to cite", async () => {
      const { url } = await start();
      const summary = await run();
      assert.deepEqual(summary.error, undefined);
      assert.equal(posts(), 1);
      assert.equal(files(), 1);
      const { o, m } = (await loaded()) as { o: number; m: number };
      assert.ok(o === ROWS && m > 0);
      const [citation] = summary.citations;
      assert.match(
        citation?.text ?? "",
        /^GBIF\.org \(\d+ \w+ \d{4}\) GBIF Occurrence Download https:\/\/doi\.org\/10\./,
      );
      assert.deepEqual(
        [summary.citations.length, citation?.records, citation?.license],
        [1, ROWS, "http://creativecommons.org/licenses/by-nc/4.0/legalcode"],
      );
      const stored = await rowsOf(
        database(),
        "select citation, records::int, request->'predicate'->>'key' as key from runner.citation",
      );
      assert.deepEqual(stored, [{ citation: citation?.text, records: ROWS, key: "DATASET_KEY" }]);
      const [download] = await rowsOf(
        database(),
        "select service, status, size_bytes::int as size, records::int from runner.download",
      );
      const { size } = await stat(archive);
      assert.deepEqual(download, { service: url, status: "SUCCEEDED", size, records: ROWS });
    });

    test("uses a young download again, from the cache without a request, and asks anew with --fresh", async () => {
      await start({ now: () => new Date(Date.now() - 3 * 24 * 3600 * 1000) });
      await run();
      const before = gbif?.requests.length;
      assert.equal((await run()).status, "done");
      assert.equal(gbif?.requests.length, before);
      assert.equal((await run({ isFresh: true })).status, "done");
      assert.equal(posts(), 2);
      assert.equal((await run({ options: ", reuse_days: 2" })).status, "done");
      assert.equal(posts(), 3);
    });

    test("fetches a known download again that is no longer in the cache, without asking for a new one", async () => {
      await start();
      await run();
      for (const name of await readdir(cache)) await rm(join(cache, name));
      assert.equal((await run()).status, "done");
      assert.deepEqual([posts(), files()], [1, 2]);
    });

    test("asks anew when GBIF has erased a known download", async () => {
      const { setStatus, downloads } = await start({
        now: () => new Date(Date.now() - 3 * 24 * 3600 * 1000),
      });
      await run();
      for (const name of await readdir(cache)) await rm(join(cache, name));
      setStatus([...downloads.keys()][0] ?? "", "FILE_ERASED");
      assert.equal((await run()).status, "done");
      assert.equal(posts(), 2);
    });

    test("goes on waiting for a download that an interrupted run asked for", async () => {
      await start({ polls: 3 });
      const stop = new AbortController();
      const interrupted = await run({
        signal: stop.signal,
        onSaid: (text) => {
          if (/is RUNNING/.test(text)) stop.abort("SIGINT");
        },
      });
      assert.equal(interrupted.status, "interrupted");
      const summary = await run();
      assert.equal(summary.status, "done");
      assert.equal(posts(), 1);
    });

    test("goes on with an archive whose fetching was interrupted, by Range", async () => {
      const { nextFile } = await start();
      nextFile({ resetsAfterBytes: 20_000 }, { hangs: true });
      const stop = new AbortController();
      const running = run({ signal: stop.signal });
      while ((files() ?? 0) < 2) await new Promise((done) => setTimeout(done, 10));
      stop.abort("SIGINT");
      assert.equal((await running).status, "interrupted");
      const summary = await run();
      assert.equal(summary.status, "done");
      assert.match(summary.said.join("\n"), /^Going on with \S+\.zip after \d+ kB\.$/m);
      const last = gbif?.requests.findLast(({ headers }) => headers.range !== undefined);
      assert.match(last?.headers.range ?? "", /^bytes=[1-9]\d*-$/);
      assert.equal(posts(), 1);
    });

    test("whatever goes wrong with the file, the same rows are loaded in the end and the account adds up", async () => {
      const { size } = await stat(archive);
      const reset = (bytes: number) => ({ resetsAfterBytes: bytes });
      const cases: readonly (readonly [string, ...FileFault[]])[] = [
        ["reset before the first byte", { resets: true }],
        ["reset after the first byte", reset(1)],
        ["reset twice", reset(20_000), reset(20_000)],
        ["reset before the last byte", reset(size - 1)],
        ["closed in good order, too early", { closesAfterBytes: 30_000 }],
        ["a length that is too long", { lengthOff: 500 }],
        ["Range ignored", reset(20_000), { ignoresRange: true }],
        [
          "another part than asked for",
          reset(20_000),
          { contentRange: `bytes 5-${size - 1}/${size}` },
        ],
        ["another version between two tries", reset(20_000), { replaceWith: sameArchive }],
        ["busy, as long as it says", tooManyRequests(0), serverError(503, 0)],
      ];
      for (const [what, ...faults] of cases) {
        const { nextFile } = await start();
        nextFile(...faults);
        const { error, flows } = await run({ isFresh: true });
        assert.equal(error, undefined, what);
        assert.equal(flows[0]?.read, ROWS, what);
        for (const { read, inserted, rejected, filtered } of flows) {
          assert.equal(read, inserted + rejected + filtered, what);
        }
        assert.equal((await loaded())?.o, ROWS, what);
        await gbif?.[Symbol.asyncDispose]();
        for (const name of await readdir(cache)) await rm(join(cache, name));
      }
    });

    test("a redirect to another scheme is refused, and says where it led", async () => {
      const { nextFile } = await start();
      nextFile({ answer: { status: 302, headers: { Location: "ftp://192.0.2.1/x.zip" } } });
      const error = await failure();
      assert.equal(error.code, "redirect_refused");
      assert.match(error.message, /redirects to ftp:\/\/192\.0\.2\.1, which is another scheme\./);
      assert.deepEqual(await loaded(), { o: 0, m: 0 });
      assert.equal((await run()).status, "done");
      assert.equal(posts(), 1);
    });

    test("says that GBIF gives an older download of the same request again", async () => {
      await start();
      await run();
      await execute(database(), "truncate runner.download");
      const old = new Date(Date.now() - 3600_000);
      await gbif?.[Symbol.asyncDispose]();
      await start({ now: () => old });
      await run();
      await execute(database(), "truncate runner.download");
      const { said } = await run();
      assert.match(
        said.join("\n"),
        /GBIF gives its download \S+ of \S+ again: it keeps the same request for 48 hours\./,
      );
    });

    test("every end of a download without an archive says what it means", async () => {
      const expected = {
        CANCELLED:
          /is CANCELLED: somebody with this account cancelled it\. Run again to ask anew\.$/,
        KILLED: /is KILLED: GBIF stopped it/,
        FAILED: /is FAILED: GBIF could not prepare it/,
        FILE_ERASED: /is FILE_ERASED: GBIF has deleted its archive/,
      } as const;
      for (const [status, sentence] of Object.entries(expected)) {
        await start({ states: ["PREPARING", status as keyof typeof expected] });
        const error = await failure();
        assert.equal(error.code, "gbif_download_ended");
        assert.match(error.message, sentence);
        await gbif?.[Symbol.asyncDispose]();
      }
    });

    test("waits for a free place, as long as GBIF says", async () => {
      const { next } = await start();
      next(
        { answer: { ...proxyPage(420, "Enhance Your Calm"), headers: { "Retry-After": "0" } } },
        tooManyRequests(0),
        serverError(503, 0),
      );
      assert.equal((await run()).status, "done");
      assert.equal(posts(), 4);
    });

    test("bears a download that is not known at once, broken answers and a reset", async () => {
      const { next } = await start({ notFoundPolls: 2 });
      next(
        undefined,
        undefined,
        undefined,
        { answer: proxyPage(200, "We will be right back") },
        { resets: true },
        { cutsBodyAt: 30 },
      );
      assert.equal((await run()).error, undefined);
      assert.equal(posts(), 1);
    });

    test("wrong credentials are told as such, and stand nowhere", async () => {
      await start({ password: "other" });
      const error = await failure();
      assert.deepEqual([error.code, error.exitCode], ["gbif_unauthorized", 3]);
      const dump = JSON.stringify([
        error.message,
        await rowsOf(database(), "select * from runner.run"),
        await rowsOf(database(), "select * from runner.download"),
      ]);
      const password = process.env.GBIF_PWD ?? "";
      const encoded = Buffer.from(`fake:${password}`).toString("base64");
      for (const text of [password, encodeURIComponent(password), encoded]) {
        assert.ok(!dump.includes(text), dump);
      }
    });

    test("says which variables of the account are missing", async () => {
      await start();
      const password = process.env.GBIF_PWD;
      delete process.env.GBIF_PWD;
      const error = await failure();
      process.env.GBIF_PWD = password;
      assert.equal(
        error.message,
        "GBIF prepares downloads for its users only: set `GBIF_PWD` in the environment. An account is free: https://www.gbif.org/user/profile.",
      );
    });

    test("a request that GBIF refuses stops with GBIF's reason", async () => {
      const { next } = await start();
      next({ answer: { status: 413, body: "Too large" } });
      assert.match(
        (await failure()).message,
        /^GBIF refuses the request with 413: it is too large \(at most 101,000 values and 10,000 points of polygons\): Too large\. Correct the query\.$/,
      );
    });

    test("another number of records than announced loads nothing", async () => {
      await start({ totalRecords: ROWS + 1 });
      const error = await failure();
      assert.equal(
        error.message,
        `occurrence.txt has ${ROWS} records, GBIF announced ${ROWS + 1}. Run again; with \`--fresh\` GBIF is asked for a new archive.`,
      );
      assert.deepEqual(await loaded(), { o: 0, m: 0 });
    });

    test("taxon keys with letters stop the run, unless they are wanted", async () => {
      await start({ archive: colArchive });
      const error = await failure();
      assert.equal(error.code, "taxon_keys_cannot_join");
      assert.deepEqual(await loaded(), { o: 0, m: 0 });
      assert.equal((await run({ options: ", taxon_keys: any" })).status, "done");
    });

    test("a damaged archive is not used, and is fetched anew", async () => {
      const { nextFile } = await start();
      const content = Buffer.from(await readFile(archive));
      const broken = join(folder, "broken.zip");
      content.fill(0, 5000, 6000);
      await writeFile(broken, content);
      nextFile({ replaceWith: broken });
      const { error, said } = await run();
      assert.match((error as { code: string }).code, /_broken$/);
      assert.match(said.join("\n"), /was removed from the cache: the next run fetches it again/);
      assert.deepEqual(await loaded(), { o: 0, m: 0 });
      nextFile({ replaceWith: archive });
      assert.equal((await run()).status, "done");
      assert.equal(posts(), 1);
    });

    test("a preview uses the cached archive, and without one says what a run would ask", async () => {
      await start();
      const plan = await planFrom(yaml(), database());
      const preview = async () => {
        const options = {
          flow: "occurrences",
          signal: new AbortController().signal,
          log: { info: () => {}, warn: () => {} },
        };
        let rows = 0;
        for await (const batch of previewFlow(plan, { ...options, database: database().opened }))
          rows += batch.size;
        return rows;
      };
      await assert.rejects(preview(), { code: "gbif_not_fetched", message: /"key":"DATASET_KEY"/ });
      assert.equal(gbif?.requests.length, 0);
      await run();
      const before = gbif?.requests.length;
      assert.equal(await preview(), ROWS);
      assert.equal(gbif?.requests.length, before);
    });
  });
});
