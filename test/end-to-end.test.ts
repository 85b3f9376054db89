import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writeArchive } from "../samples/archive.ts";
import { copyTemplate } from "./support/database.ts";
import { startFakeGbif } from "./support/fake-gbif.ts";
import { startFakeInaturalist } from "./support/fake-inaturalist.ts";
import { BATCH, copyPipelines, look, PLACES } from "./support/inat-pipeline.ts";
import { randomFrom } from "./support/random.ts";
import { runRunner, startRunner } from "./support/runner.ts";

const ROWS = 600;
/** The embedded database takes seconds to start: fewer times, where a server is there to be thorough on. */
const KILLS: Readonly<Record<string, number>> = {
  "a server": 10,
  "the embedded database": process.env.TEST_DATABASE_URL ? 4 : 10,
};

// Mostly they wait for servers that take their time.
describe("pipelines/inat.yaml", { concurrency: true }, () => {
  let archive = "";
  let samples = "";
  before(async () => {
    samples = await mkdtemp(join(tmpdir(), "runner-test-"));
    archive = join(samples, "download.zip");
    await writeArchive(archive, { rows: ROWS, seed: 11, mode: "small", badShare: 0, isTame: true });
  });
  after(() => rm(samples, { recursive: true }));

  for (const [where, make] of Object.entries(PLACES)) {
    const times = KILLS[where] ?? 0;
    const skip =
      where === "a server" && !process.env.TEST_DATABASE_URL
        ? "TEST_DATABASE_URL names no server: embedded only"
        : false;
    test(`killed ${times} times and started again, leaves what an undisturbed run does, in ${where}`, {
      skip,
    }, async () => {
      await using apis = new AsyncDisposableStack();
      const gbif = apis.use(
        await startFakeGbif({
          archive,
          user: "me",
          password: "p4ss/w+rd",
          prepareMs: 300,
          runMs: 600,
          // Time to be killed in the middle of a file.
          fileFaults: ({ headers }) =>
            headers.range === undefined ? { resetsAfterBytes: 60_000 } : { delayMs: 150 },
        }),
      );
      const inaturalist = apis.use(
        await startFakeInaturalist({
          deleted: (id) => id % 50 === 0,
          faults: () => ({ delayMs: 60 }),
        }),
      );
      const runIn = async (
        work: (start: () => ReturnType<typeof startRunner>) => Promise<void>,
      ) => {
        const folder = await copyPipelines();
        const place = await make(folder);
        const environment = {
          DATABASE_URL: place.url,
          GBIF_API: gbif.url,
          INATURALIST_API: inaturalist.url,
          GBIF_USER: "me",
          GBIF_PWD: "p4ss/w+rd",
          GBIF_EMAIL: "me@example.org",
          XDG_CACHE_HOME: join(folder, "cache"),
          INAT_ARCHIVE: undefined,
        };
        await work(() => startRunner(["pipelines/inat.yaml"], { cwd: folder, environment }));
        const found = await look(place.url, folder);
        await place.remove();
        await rm(folder, { recursive: true });
        return found;
      };

      let undisturbedMs = 0;
      const expected = await runIn(async (start) => {
        const started = performance.now();
        const { code, stderr } = await start().ended;
        assert.equal(code, 0, stderr);
        undisturbedMs = performance.now() - started;
      });
      assert.deepEqual([expected.occurrences.length, expected.runs], [ROWS, ["done"]]);
      assert.ok(expected.media.length > 0 && expected.uuids.length > 100);
      assert.ok(expected.uuids.some(({ status }) => status === "missing"));
      const batches = Math.ceil(expected.uuids.length / BATCH);
      assert.equal(inaturalist.requests.length, batches);

      const seed = randomBytes(4).readUInt32LE();
      const random = randomFrom(seed);
      const moments: string[] = [];
      const found = await runIn(async (start) => {
        for (let kills = 0; kills < times; kills++) {
          const { child, ended } = start();
          // Some while it starts, most while it works; one that works on knows more each time.
          const waitMs = random(Math.ceil(undisturbedMs));
          await Promise.race([sleep(waitMs), ended]);
          child.kill("SIGKILL");
          const { code, stderr } = await ended;
          assert.ok(code === null || code === 0, `seed ${seed}: ${stderr}`);
          moments.push(`${Math.round(waitMs)} ms${code === 0 ? " (done)" : ""}`);
        }
        const { code, stderr } = await start().ended;
        assert.equal(code, 0, `seed ${seed}, killed after ${moments.join(", ")}: ${stderr}`);
      });

      const told = `seed ${seed}, killed after ${moments.join(", ")}`;
      for (const table of ["occurrences", "media", "uuids"] as const) {
        assert.deepEqual(found[table], expected[table], told);
      }
      // GBIF gives the same request the same download: asked again after a kill, it made no other.
      assert.equal(gbif.downloads.size, 1, told);
      assert.equal(new Set(found.citations).size, 1, told);
      assert.equal(found.runs.at(-1), "done", told);
      for (const flow of found.flows) {
        const parts = ["inserted", "updated", "unchanged", "held", "rejected", "filtered"];
        const sum = parts.reduce((total, part) => total + Number(flow[part]), 0);
        assert.equal(flow.read, sum, told);
      }
      // Each uuid was inserted once, whatever was asked again because its answer was lost.
      const inserted = found.flows
        .filter(({ flow }) => flow === "uuids")
        .reduce((total, flow) => total + Number(flow.inserted), 0);
      assert.equal(inserted, expected.uuids.length, told);
      assert.ok(inaturalist.requests.length <= 2 * batches + times, told);
    });
  }

  test("goes from request to uuids against `npm run fake-apis`, in a terminal each", async () => {
    const folder = await copyPipelines();
    const words = ["--rows", "300", "--gbif-port", "0", "--inaturalist-port", "0"];
    const script = fileURLToPath(new URL("support/fake-apis.ts", import.meta.url));
    const apis = spawn(process.execPath, [script, ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      let printed = "";
      for await (const chunk of apis.stdout.iterator({ destroyOnReturn: false })) {
        printed += chunk;
        if (printed.includes("GBIF_EMAIL")) break;
      }
      const exported = Object.fromEntries(
        [...printed.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
      );
      await copyTemplate(join(folder, "pipelines", ".runner", "db"));
      const environment = {
        ...exported,
        XDG_CACHE_HOME: join(folder, "cache"),
        DATABASE_URL: undefined,
        INAT_ARCHIVE: undefined,
      };
      const options = { cwd: folder, environment };
      const first = await runRunner(["pipelines/inat.yaml", "--json"], options);
      assert.equal(first.code, 0, first.stderr);
      const { flows, citations } = JSON.parse(first.stdout);
      const counted = Object.fromEntries(
        flows.map(({ name, read, inserted, rejected }: Record<string, number>) => [
          name,
          { read, inserted, rejected },
        ]),
      );
      assert.equal(counted.occurrences.read, 300);
      assert.ok(counted.multimedia.inserted > 0);
      assert.ok(counted.uuids.inserted > 50);
      assert.match(
        first.stderr,
        /^Cite: GBIF\.org .* https:\/\/doi\.org\/10\.15468\/\S+ \(300 records/m,
      );
      assert.match(first.stderr, /^Asked for: \{"format":"DWCA","predicate":.*GADM_GID/m);
      assert.equal(citations[0].records, 300);
      const again = await runRunner(["pipelines/inat.yaml", "--json"], options);
      const uuids = JSON.parse(again.stdout).flows.at(-1);
      assert.deepEqual([again.code, uuids.name, uuids.read], [0, "uuids", 0]);
      const { uuids: rows } = await look("embedded", folder);
      assert.equal(rows.length, counted.uuids.inserted);
    } finally {
      apis.kill("SIGTERM");
      await once(apis, "close");
      await rm(folder, { recursive: true });
    }
  });
});
