/** A whole real archive, from GBIF's zip to the synthese. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, runFile } from "./support/pipelines.ts";
import { realData } from "./support/real-data.ts";
import { installSandbox, SOURCE } from "./support/sandbox.ts";

const { path: archive, skip } = realData("gbif/0022697-200613084148143.zip");

onEachDatabase((database) => {
  before(async () => {
    await execute(database(), "create extension if not exists postgis");
    await installSandbox(database());
    await installSandbox(database(), { scripts: [SOURCE] });
  });

  test("accounts for every record of a real archive of 2020, loaded or rejected with a code", {
    skip,
  }, async () => {
    const pipelines = await copyPipelines(database());
    const file = join(pipelines, "real.yaml");
    await writeFile(
      file,
      `name: real
setup: [sql/gbif-source.sql, sql/pinv_gbif.sql, sql/gbif-taxa.sql]
flows:
  - include: flows/gbif-staging.yaml
    with: { query: queries/inat.json, archive: ${archive} }
  - include: flows/create-datasets.yaml
    with: { query: queries/inat.json, archive: ${archive}, framework: Real, organism: Autre }
  - include: flows/synthese.yaml
    with: { licenses: [any], max_rejects: any }
`,
    );
    const run = async (...flows: string[]) => {
      const summary = await runFile(file, database(), { flows });
      assert.equal(summary.status, "done", messageOf(summary.error));
      return summary;
    };
    await execute(
      database(),
      `insert into gn_meta.t_acquisition_frameworks (acquisition_framework_name, acquisition_framework_desc, acquisition_framework_start_date)
       values ('Real', 'x', '2020-01-01')`,
    );
    await run("occurrences", "multimedia", "datasets", "dataset_actors");
    // The taxa of the archive, as if TaxRef had them all; the observations, as if iNaturalist had answered.
    await execute(
      database(),
      `with taxa as (select taxonkey, min(scientific_name) as name from pinv_gbif.tmp_gbif_data where taxonkey is not null group by 1),
       made as (
         insert into taxonomie.taxref (cd_nom, cd_ref, regne, lb_nom, nom_complet, nom_valide)
         select 5000000 + row_number() over (order by taxonkey), 5000000 + row_number() over (order by taxonkey), 'Animalia',
                left(name, 100), left(name, 255), left(name, 255) from taxa
         returning cd_nom, nom_complet
       )
       insert into taxonomie.taxref_liens (ct_name, ct_type, cd_nom, ct_sp_id)
       select 'GBIF', 'x', 5000000 + row_number() over (order by taxonkey), taxonkey from taxa;
       insert into pinv_gbif.cor_uuid_inaturalist (id_inaturalist, uuid)
       select distinct id_inaturalist, md5(id_inaturalist::text)::uuid from pinv_gbif.tmp_gbif_data where id_inaturalist is not null;`,
    );
    const { flows, run: number } = await run("synthese");
    const [flow] = flows;
    const [staged] = await rowsOf(
      database(),
      "select count(*)::int as n from pinv_gbif.tmp_gbif_data",
    );
    assert.deepEqual(staged, { n: 1310 });
    assert.equal(flow?.read, 1310);
    assert.equal((flow?.inserted ?? 0) + (flow?.rejected ?? 0) + (flow?.filtered ?? 0), 1310);
    assert.deepEqual(
      [flow?.inserted, flow?.rejectedByCode],
      [
        1151,
        [
          ["no_coordinates", 138],
          ["date_missing", 21],
        ],
      ],
    );
    // Each gbifID is in the synthese, or among the rejects under one code, or left out on purpose; never in two of them.
    const [accounted] = await rowsOf(
      database(),
      `select count(*) filter (where loaded and rejected)::int as both, count(*) filter (where loaded)::int as loaded,
              count(*) filter (where rejected)::int as rejected
         from (select exists (select from gn_synthese.synthese where entity_source_pk_value = gbif_id::text) as loaded,
                      exists (select from runner.reject where run = ${number} and flow = 'synthese' and code <> '' and place like '%gbif_id ' || gbif_id || ')') as rejected
                 from pinv_gbif.tmp_gbif_data) as each`,
    );
    assert.deepEqual(accounted, { both: 0, loaded: flow?.inserted, rejected: flow?.rejected });
    assert.deepEqual((await run("synthese")).flows[0]?.unchanged, flow?.inserted);
  });
});
