/** `pinv_gbif.upsert_gbif_data()`: the SQL function does to the synthese what the sink does. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, runFile } from "./support/pipelines.ts";

const CALL = "select * from pinv_gbif.upsert_gbif_data()";

onEachDatabase((database) => {
  let pipelines = "";
  const rows = (sql: string) => rowsOf(database(), sql);

  const run = async (file: string, flows?: readonly string[]) => {
    const summary = await runFile(join(pipelines, file), database(), flows ? { flows } : {});
    assert.equal(summary.status, "done", messageOf(summary.error));
    return summary;
  };
  /** Runs the flow `synthese` alone, into the table or only into the stage. */
  const sink = async () => (await run("merging.yaml")).flows[0];
  const stage = async () => (await run("staging.yaml")).flows[0];
  const sums = async (sql = CALL) => {
    const [found] = await rows(
      `select sum(inserted)::int as inserted, sum(updated)::int as updated, sum(unchanged)::int as unchanged, sum(held)::int as held from (${sql}) as counts`,
    );
    return found;
  };
  const countsOf = (flow: Awaited<ReturnType<typeof sink>>) => {
    const { inserted, updated, unchanged, held } = flow ?? {};
    return { inserted, updated, unchanged, held };
  };
  /** All rows but for what time and sequences make different. */
  const content = () =>
    rows(
      `select to_jsonb(s) - 'id_synthese' - 'meta_create_date' - 'meta_update_date' - 'meta_validation_date' as row
         from gn_synthese.synthese as s order by unique_id_sinp`,
    );
  /** The synthese and what is known of it as a test has kept them. */
  const restore = () =>
    execute(
      database(),
      `alter table gn_synthese.synthese disable trigger user;
       delete from gn_synthese.synthese;
       insert into gn_synthese.synthese select * from synthese_before;
       alter table gn_synthese.synthese enable trigger user;
       truncate pinv_gbif.track_synthese;
       insert into pinv_gbif.track_synthese select * from track_before;`,
    );
  const fingerprint = () =>
    rows("select xmin::text, ctid::text from gn_synthese.synthese order by id_synthese");

  before(async () => {
    pipelines = await copyPipelines(database());
    await execute(database(), "create extension if not exists postgis");
    for (const [name, mode] of [
      ["merging", "merge"],
      ["staging", "stage_only"],
    ]) {
      await writeFile(
        join(pipelines, `${name}.yaml`),
        `name: demo
lock: pinv_gbif
flows:
  - include: flows/synthese.yaml
    with: { licenses: [any], synthese: ${mode} }
`,
      );
    }
    await run("demo.yaml", [
      "occurrences",
      "multimedia",
      "uuids",
      "deleted_observations",
      "datasets",
    ]);
  });

  describe("the function beside the sink", () => {
    test("inserts the rows that the sink inserts, and counts as it does", async () => {
      const flow = await sink();
      const expected = await content();
      await execute(
        database(),
        "delete from gn_synthese.synthese; truncate pinv_gbif.track_synthese;",
      );
      const staged = await stage();
      assert.equal(staged?.inserted, flow?.inserted);
      assert.deepEqual(await sums(), countsOf(flow));
      assert.deepEqual(await content(), expected);
    });

    test("sink and function by turns change nothing", async () => {
      const before = await fingerprint();
      const n = before.length;
      const unchanged = { inserted: 0, updated: 0, unchanged: n, held: 0 };
      assert.deepEqual(countsOf(await sink()), unchanged);
      await stage();
      assert.deepEqual(await sums(), unchanged);
      assert.deepEqual(countsOf(await sink()), unchanged);
      assert.deepEqual(await sums(), unchanged);
      assert.deepEqual(await fingerprint(), before);
    });

    test("updates, holds, re-keys, sets aside and adopts as the sink does, from the same state", async () => {
      const ids = (
        await rows(
          "select entity_source_pk_value as id from gn_synthese.synthese order by id_synthese limit 40",
        )
      ).map(({ id }) => String(id));
      const [changed, bare, judged, moved, other, refused, twice, old] = ids;
      await execute(
        database(),
        `create function refuse() returns trigger language plpgsql as $$
           begin if new.place_name = 'refused' then raise exception 'Not here.'; end if; return new; end $$;
         create trigger refuse before insert or update on gn_synthese.synthese for each row execute function refuse();
         update pinv_gbif.tmp_gbif_data set recorded_by = 'Somebody Else', locality = 'Elsewhere' where gbif_id = ${changed};
         delete from gn_synthese.synthese where entity_source_pk_value in ('${bare}', '${refused}');
         insert into gn_commons.t_validations (uuid_attached_row, id_nomenclature_valid_status, id_validator, validation_comment, validation_date)
         select unique_id_sinp, ref_nomenclatures.get_id_nomenclature('STATUT_VALID', '1'), 2, 'Certain.', now()
           from gn_synthese.synthese where entity_source_pk_value = '${judged}';
         update pinv_gbif.tmp_gbif_data set decimal_latitude = 45.123 where gbif_id = ${judged};
         update gn_synthese.synthese set entity_source_pk_value = '77' where entity_source_pk_value = '${moved}';
         update gn_synthese.synthese set id_source = (select id_source from gn_synthese.t_sources where name_source = 'Occtax'), entity_source_pk_value = 'theirs'
          where entity_source_pk_value = '${other}';
         update pinv_gbif.tmp_gbif_data set locality = 'refused' where gbif_id in (${refused}, ${ids[20]});
         update pinv_gbif.tmp_gbif_data set recorded_by = 'Others', locality = 'Elsewhere' where gbif_id = ${twice};
         create table synthese_before as select * from gn_synthese.synthese;
         create table track_before as select * from pinv_gbif.track_synthese;`,
      );
      assert.ok(old);
      const bySink = await sink();
      const expected = await content();
      const rejects = (run: string) =>
        rows(
          `select code, message from runner.reject where run = ${run} and code <> 'taxon_unknown' and code not like 'uuid_p%' and code not like 'uuid_m%' and code not like 'date%' order by 1, 2`,
        );
      const findings = (run: string) =>
        rows(
          `select kind, key, column_name, old, new from runner.finding where run = ${run} order by kind, key, column_name`,
        );
      const last = async () =>
        String((await rows("select max(run) as run from runner.run"))[0]?.run);
      const sinkRun = await last();
      const [expectedRejects, expectedFindings] = [await rejects(sinkRun), await findings(sinkRun)];
      assert.deepEqual(
        new Set(expectedRejects.map(({ code }) => code)),
        new Set(["adoptable", "raise_exception"]),
      );
      assert.ok(expectedFindings.some(({ kind }) => kind === "held"));
      assert.ok(expectedFindings.some(({ kind }) => kind === "rekeyed"));
      await restore();
      await stage();
      assert.deepEqual(await sums(), countsOf(bySink));
      assert.deepEqual(await content(), expected);
      const ownRun = await last();
      assert.deepEqual(await rejects(ownRun), expectedRejects);
      assert.deepEqual(await findings(ownRun), expectedFindings);
    });
  });
});
