/** Starts the doubles of GBIF and iNaturalist to try pipelines against: `npm run fake-apis`. */

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeArchive } from "../../samples/archive.ts";
import { startFakeGbif } from "./fake-gbif.ts";
import { startFakeInaturalist } from "./fake-inaturalist.ts";

const USAGE = "npm run fake-apis -- [--rows N] [--gbif-port N] [--inaturalist-port N]";

const numberOf = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`${JSON.stringify(text)} is no number.`);
};

const read = () => {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "2000" },
      "gbif-port": { type: "string", default: "8080" },
      "inaturalist-port": { type: "string", default: "8081" },
    },
  });
  return {
    rows: numberOf(values.rows),
    gbifPort: numberOf(values["gbif-port"]),
    inaturalistPort: numberOf(values["inaturalist-port"]),
  };
};

/** Each start has keys of its own: what a runner has kept of an earlier one is not taken for this. */
const firstKey = (): string => {
  const moment = new Date().toISOString().replaceAll(/\D/g, "");
  return `0000001-${moment.slice(2)}`;
};

const serve = async ({ rows, gbifPort, inaturalistPort }: ReturnType<typeof read>) => {
  await using open = new AsyncDisposableStack();
  // Listened to from here on: what is made is removed, however early the user goes.
  const interrupted = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const folder = await mkdtemp(join(tmpdir(), "runner-fake-apis-"));
  open.defer(() => rm(folder, { recursive: true }));
  const archive = join(folder, "download.zip");
  await writeArchive(archive, { rows, seed: 2026, mode: "small" });
  const gbif = open.use(
    await startFakeGbif({
      port: gbifPort,
      archive,
      nextKey: firstKey(),
      prepareMs: 2000,
      runMs: 3000,
    }),
  );
  const inaturalist = open.use(
    await startFakeInaturalist({ port: inaturalistPort, deleted: (id) => id % 50 === 0 }),
  );
  console.log(`# GBIF gives ${rows} made-up records; iNaturalist knows all numbers but each fiftieth.
# Ctrl-C ends both. In another terminal, paste this, then:
#   npx runner pipelines/demo.yaml          (a small GeoNature in the embedded database)
#   npx runner pipelines/inat.yaml --yes    (from the request to the synthese)
export GBIF_API=${gbif.url}
export INATURALIST_API=${inaturalist.url}
export GBIF_USER=fake
export GBIF_PWD=fake
export GBIF_EMAIL=fake@example.org`);
  await interrupted;
};

try {
  await serve(read());
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 1;
}
