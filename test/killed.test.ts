import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writeArchive } from "../samples/archive.ts";
import { startFakeGbif } from "./support/fake-gbif.ts";
import { startFakeInaturalist } from "./support/fake-inaturalist.ts";
import { BATCH, copyPipelines, look, PLACES } from "./support/inat-pipeline.ts";
import { type Ended, startRunner } from "./support/runner.ts";

const PASSWORD = "pä55/w+rd:x";
const WRONG = "wröng/w+rd:y";
const ROWS = 400;
const PROGRAM = fileURLToPath(new URL("../bin/runner.js", import.meta.url));

/** The process itself is killed: nothing of it can tidy up. */
describe("a run that is killed", () => {
  let archive = "";
  let samples = "";
  before(async () => {
    samples = await mkdtemp(join(tmpdir(), "runner-test-"));
    archive = join(samples, "download.zip");
    await writeArchive(archive, { rows: ROWS, seed: 12, mode: "big", badShare: 0, isTame: true });
  });
  after(() => rm(samples, { recursive: true }));

  const where = process.env.TEST_DATABASE_URL ? "a server" : "the embedded database";

  test(`while waiting, while downloading and between batches goes on there, in ${where}; its password is nowhere`, async () => {
    await using apis = new AsyncDisposableStack();
    const gbif = apis.use(
      await startFakeGbif({ archive, user: "me", password: PASSWORD, states: ["RUNNING"] }),
    );
    const inaturalist = apis.use(await startFakeInaturalist());
    const folder = await copyPipelines();
    const place = await PLACES[where]?.(folder);
    assert.ok(place);
    const environment = {
      DATABASE_URL: place.url,
      GBIF_API: gbif.url,
      INATURALIST_API: inaturalist.url,
      GBIF_USER: "me",
      GBIF_PWD: PASSWORD,
      GBIF_EMAIL: "me@example.org",
      XDG_CACHE_HOME: join(folder, "cache"),
      INAT_ARCHIVE: undefined,
      NODE_DEBUG: "undici,fetch,http",
    };
    const all: Ended[] = [];
    const start = () =>
      startRunner(["run", "pipelines/inat.yaml", "--json"], { cwd: folder, environment });
    const killedWhen = async (isTime: () => boolean) => {
      const { child, ended } = start();
      let isOver = false;
      void ended.then(() => {
        isOver = true;
      });
      while (!isTime() && !isOver) await sleep(10);
      child.kill("SIGKILL");
      const done = await ended;
      all.push(done);
      assert.equal(done.code, null, done.stderr);
    };
    const polls = () => gbif.requests.filter(({ path }) => /download\/\d+-\d+$/.test(path)).length;
    const posts = () => gbif.requests.filter(({ method }) => method === "POST").length;
    const files = () => gbif.requests.filter(({ path }) => /^\/occ.*\.zip$/.test(path));

    const turnedAway = await startRunner(["run", "pipelines/inat.yaml", "--json"], {
      cwd: folder,
      environment: { ...environment, GBIF_PWD: WRONG },
    }).ended;
    all.push(turnedAway);
    assert.equal(turnedAway.code, 3, turnedAway.stderr);
    assert.equal(JSON.parse(turnedAway.stdout).error.code, "gbif_unauthorized");
    assert.match(turnedAway.stderr, /FETCH .*sending request to POST/, "debug logging is on");

    // Asked, not ready: the next run asks for no other download.
    await killedWhen(() => polls() >= 3);
    const [key = ""] = [...gbif.downloads.keys()];
    assert.ok(key !== "");
    gbif.setStatus(key, "SUCCEEDED");
    // A part has come: the next run asks for the rest.
    gbif.nextFile({ resetsAfterBytes: 40_000 }, { hangs: true });
    await killedWhen(() => files().length >= 2);
    // Two batches are answered: the next run asks for the third.
    inaturalist.next(undefined, undefined, { hangs: true });
    await killedWhen(() => inaturalist.requests.length >= 3);
    const last = await start().ended;
    all.push(last);
    assert.equal(last.code, 0, last.stderr);

    assert.equal(posts(), 2, "one of them was turned away");
    const { size } = await stat(archive);
    const from = Number(/^bytes=(\d+)-$/.exec(files()[2]?.headers.range ?? "")?.[1]);
    assert.ok(from > 0 && from <= 40_000, `${from} of ${size}`);
    assert.equal(files().length, 3);
    const ids = inaturalist.requests.map(({ path }) => /id=([\d,]*)/.exec(path)?.[1]);
    assert.equal(ids[3], ids[2]);
    assert.equal(new Set(ids).size, ids.length - 1);

    const found = await look(place.url, folder);
    assert.equal(found.occurrences.length, ROWS);
    assert.deepEqual(found.runs, ["failed", "killed", "killed", "killed", "done"]);
    const uuids = found.flows.filter(({ flow }) => flow === "uuids");
    assert.deepEqual(
      uuids.map(({ read, inserted }) => [read, inserted]),
      [
        [2 * BATCH, 2 * BATCH],
        [found.uuids.length - 2 * BATCH, found.uuids.length - 2 * BATCH],
      ],
    );

    // The account of the flows, the cache and what was printed: the password is in none, however it is written.
    const state = JSON.stringify([found, all]);
    const kept = await filesBelow(folder);
    const forms = [PASSWORD, WRONG].flatMap((word) => [
      word,
      encodeURIComponent(word),
      Buffer.from(`me:${word}`).toString("base64"),
    ]);
    for (const form of forms) {
      assert.ok(!state.includes(form), form);
      for (const [name, content] of kept) assert.ok(!content.includes(form), `${name} has ${form}`);
    }
    await place.remove();
    await rm(folder, { recursive: true });
  });
});

const filesBelow = async (folder: string): Promise<(readonly [string, Buffer])[]> => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (path) => [path, await readFile(path)] as const));
};

test("a run under a newer Node than it was started with ends with the process that was started, even by kill -9", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const older =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.0.0' } });";
  await writeFile(join(folder, "older.cjs"), older);
  await writeFile(join(folder, "a.csv"), "id\n1\n");
  await writeFile(
    join(folder, "p.yaml"),
    "name: p\nflows:\n  - name: a\n    source: { csv: { path: a.csv } }\n    sink: { file: { path: out.csv } }\n",
  );
  const start = () =>
    spawn(process.execPath, ["-r", "./older.cjs", PROGRAM, "p.yaml"], {
      cwd: folder,
      stdio: "ignore",
    });
  const [code] = await once(start(), "exit");
  assert.equal(code, 0);
  await rm(join(folder, "out.csv"));

  const outer = start();
  let inner = "";
  while (inner === "") {
    inner = (await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, "utf8")).trim();
    await sleep(5);
  }
  outer.kill("SIGKILL");
  await once(outer, "exit");
  const isGone = async () => {
    const stat = await readFile(`/proc/${inner}/stat`, "utf8").catch(() => "");
    return stat === "" || /\) Z /.test(stat);
  };
  while (!(await isGone())) await sleep(20);
  assert.ok(!(await readdir(folder)).includes("out.csv"));
  await rm(folder, { recursive: true });
});
