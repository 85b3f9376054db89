/** Records that GBIF has withdrawn, from export to export, by the pipelines as they come with the project. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { changedSample } from "./support/changed-archive.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, planFile, runFile, undoing } from "./support/pipelines.ts";

onEachDatabase((database) => {
  let file = "";
  const rows = (sql: string) => rowsOf(database(), sql);

  before(async () => {
    await execute(database(), "create extension if not exists postgis");
    const pipelines = await copyPipelines(database());
    const demo = await readFile(join(pipelines, "demo.yaml"), "utf8");
    file = join(pipelines, "withdrawing.yaml");
    await writeFile(
      file,
      demo
        .replace("archive: ../samples/demo.zip\n", "archive: ${ARCHIVE}\n")
        .replace("CC_BY_NC_4_0] }", "CC_BY_NC_4_0], vanished: delete }")
        .replace(/\n {2}# A few rows of the result[\s\S]*/, "\n"),
    );
  });

  const exported = (name: string, change: (line: string) => string) =>
    changedSample(database(), name, change);
  const load = async (archive: string) => {
    const environment = { ARCHIVE: archive };
    const { flows, said, error, status, run } = await runFile(file, database(), { environment });
    assert.equal(status, "done", messageOf(error));
    const staged = flows.find(({ name }) => name === "occurrences");
    return { flow: flows.find(({ name }) => name === "synthese"), staged, said, run };
  };

  describe("records that GBIF has withdrawn", () => {
    test("are reported first, then deleted but for judged rows; one that only fails stays; the finding brings it back", async () => {
      assert.equal((await load(join(database().folder, "samples/demo.zip"))).flow?.vanished, 0);
      const chosen = await rows(
        `select entity_source_pk_value as pk, unique_id_sinp as uuid from gn_synthese.synthese
          join pinv_gbif.tmp_gbif_data on gbif_id::text = entity_source_pk_value and event_date like '____-__-__%'
          order by id_synthese offset 50 limit 4`,
      );
      const [plain, judged, automatic, broken] = chosen.map(({ pk }) => String(pk));
      await execute(
        database(),
        `insert into gn_commons.t_validations (uuid_attached_row, id_nomenclature_valid_status, validation_auto)
         select unique_id_sinp, ref_nomenclatures.get_id_nomenclature('STATUT_VALID', case entity_source_pk_value when '${judged}' then '1' else '0' end),
                entity_source_pk_value <> '${judged}'
           from gn_synthese.synthese where entity_source_pk_value in ('${judged}', '${automatic}');`,
      );
      const here = () =>
        rows(
          `select entity_source_pk_value as pk, to_jsonb(s) - 'meta_create_date' - 'meta_update_date' - 'last_action' as row
             from gn_synthese.synthese as s
            where entity_source_pk_value in ('${plain}', '${judged}', '${automatic}', '${broken}') order by id_synthese`,
        );
      const first = await here();
      const without = (more: (line: string) => string) => (line: string) => {
        const [id = ""] = line.split("\t");
        if ([plain, judged, automatic].includes(id)) return "";
        return id === broken
          ? line.replace(/\t\d{4}-\d{2}-\d{2}[T:\d.Z/-]*\t/g, "\tnever\t")
          : more(line);
      };
      const second = await load(
        await exported(
          "second",
          without((line) => line),
        ),
      );
      assert.equal(second.staged?.rejected, 1);
      assert.deepEqual([second.flow?.vanished, second.flow?.inserted], [3, 0]);
      assert.deepEqual(await here(), first);

      const third = await exported(
        "third",
        without((line) => line.replace("iNaturalist", "inaturalist")),
      );
      process.env.ARCHIVE = third;
      const plan = await planFile(file, database());
      delete process.env.ARCHIVE;
      assert.equal(plan.status, "done", messageOf(plan.error));
      const planned = plan.flows.find(({ name }) => name === "synthese")?.findings ?? [];
      assert.deepEqual(
        planned.map(({ kind }) => kind),
        ["vanished", "deleted", "deleted"],
      );
      for (const { label } of planned) assert.match(label ?? "", /^id_synthese \d+, [A-Z][a-z]+ /);
      assert.deepEqual(await here(), first);

      const { flow, said, run } = await load(third);
      assert.equal(flow?.vanished, 3);
      assert.match(
        said.join("\n"),
        /3 rows of `gn_synthese\.synthese` are no longer in the export of flow `occurrences`: 2 deleted, 1 left as it is\. For example, by id_source, entity_source_pk_value:\n {2}\d+, \d+ \(id_synthese \d+, [A-Z][a-z]+ [^)]*\).*: missed in/,
      );
      const left = await here();
      assert.deepEqual(
        left.map(({ pk }) => pk),
        [judged, broken],
      );
      assert.deepEqual(
        await rows(
          `select unique_id_sinp as uuid from gn_commons.t_validations join gn_synthese.synthese on unique_id_sinp = uuid_attached_row
            where entity_source_pk_value in ('${judged}', '${automatic}')`,
        ),
        [{ uuid: chosen[1]?.uuid }],
      );
      await execute(database(), await undoing("deleted", run));
      assert.deepEqual(await here(), first);
    });
  });
});
