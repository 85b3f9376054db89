/** From archives to staging to mapped rows, by the flows and queries of `pipelines/`. */

import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runPipeline } from "../../src/runner.ts";
import { execute, onEachDatabase, type TestDatabase } from "../support/database.ts";
import { planFrom } from "../support/plan.ts";
import { realData } from "../support/real-data.ts";
import { installSandbox } from "../support/sandbox.ts";

const project = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Staging and mapping of an archive; what the lookups would find is the same for all records. */
const pipelineOf = (archive: string): string => `
name: mapping
setup: [${project("pipelines/sql/pinv_gbif.sql")}]
flows:
  - include: ${project("pipelines/flows/gbif-staging.yaml")}
    with: { query: ${project("pipelines/queries/inat.json")}, archive: ${archive} }
  - name: mapped
    source: { postgres: { query: ${project("pipelines/queries/staged.sql")} } }
    transforms:
      - set: { columns: { id_source: 7, id_dataset: 3, cd_nom: 60585, cd_nom_from: taxonKey } }
      - map_sinp:
          fields: ${project("pipelines/sinp/fields.csv")}
          vocabularies: ${project("pipelines/sinp/vocabularies.csv")}
          licenses: [any]
    sink: { file: { path: mapped.ndjson, format: ndjson } }
    rejects: { max: any }
`;

const mapped = async (database: TestDatabase, archive: string) => {
  const said: string[] = [];
  const plan = await planFrom(pipelineOf(archive), database);
  const summary = await runPipeline(plan, {
    database: database.opened,
    signal: new AbortController().signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
  });
  assert.equal(summary.error, undefined);
  const flow = summary.flows.find(({ name }) => name === "mapped");
  assert.ok(flow);
  const text = await readFile(join(database.folder, "mapped.ndjson"), "utf8");
  await rm(join(database.folder, "mapped.ndjson"));
  const rows = text
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Record<string, string | null> => JSON.parse(line));
  return { flow, rows, said };
};

onEachDatabase((database) => {
  before(() => installSandbox(database()));

  describe("the sample", () => {
    test("is mapped once its uuids are known, with the media of each record", async () => {
      await execute(database(), "create schema if not exists pinv_gbif;");
      const waiting = await mapped(database(), project("samples/demo.zip"));
      const pending = new Map(waiting.flow.rejectedByCode).get("uuid_pending") ?? 0;
      assert.ok(pending > 1000, String(pending));
      await execute(
        database(),
        `insert into pinv_gbif.cor_uuid_inaturalist (id_inaturalist, uuid, status)
         select id_inaturalist, gen_random_uuid(), 'found' from pinv_gbif.tmp_gbif_data
          where id_inaturalist is not null on conflict do nothing;`,
      );
      const { flow, rows } = await mapped(database(), project("samples/demo.zip"));
      assert.equal(flow.read, waiting.flow.read);
      assert.equal(flow.read, rows.length + flow.rejected + flow.filtered);
      assert.equal(flow.inserted, waiting.flow.inserted + pending);
      assert.equal(new Set(rows.map((row) => row.unique_id_sinp)).size, rows.length);
      const withMedia = rows.filter((row) => JSON.parse(row.gbif ?? "{}").mediaURLs?.length > 0);
      assert.ok(withMedia.length > 1000);
    });
  });

  const folder = realData("gbif");
  /** Counted by another program: rows, and rejects by code. */
  const ARCHIVES = {
    "0000066-140928181241064.zip": { no_coordinates: 352, name_missing: 5 },
    "0000154-150116162929234.zip": { no_coordinates: 443 },
    "0022407-241107131044228.zip": { no_coordinates: 573 },
    "0022697-200613084148143.zip": { uuid_pending: 1011, no_coordinates: 138, date_missing: 21 },
  };

  describe("GBIF's archives since 2014", { skip: folder.skip }, () => {
    for (const [file, expected] of Object.entries(ARCHIVES)) {
      test(`${file}: every record is mapped, or rejected with a code`, async () => {
        await execute(database(), "truncate pinv_gbif.cor_uuid_inaturalist;");
        const { flow, rows } = await mapped(database(), join(folder.path, file));
        assert.equal(flow.read, flow.inserted + flow.rejected + flow.filtered);
        assert.equal(rows.length, flow.inserted);
        assert.deepEqual(Object.fromEntries(flow.rejectedByCode), expected);
      });
    }
  });
});
