/** `pinv_gbif.upsert_gbif_data()`: the SQL function does to the synthese what the sink does. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { loadPipeline } from "../src/core/pipeline-file.ts";
import { components } from "../src/registry.ts";
import { setUpPipeline, uninstallPipeline } from "../src/setup.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, runFile } from "./support/pipelines.ts";

const FUNCTION = "select * from pinv_gbif.upsert_gbif_data";
const TRACK = "select * from pinv_gbif.track_synthese order by entity_source_pk_value";
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
  const sink = async (way = "") => (await run(`merging${way}.yaml`)).flows[0];
  const stage = async (way = "") => (await run(`staging${way}.yaml`)).flows[0];
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
       insert into pinv_gbif.track_synthese select * from track_before;
       truncate pinv_gbif.track_synthese_written;
       insert into pinv_gbif.track_synthese_written select * from written_before;`,
    );
  /** The rejects of the merge itself. */
  const rejects = (run: string) =>
    rows(
      `select code, message from runner.reject where run = ${run} and code <> 'taxon_unknown' and code not like 'uuid_p%' and code not like 'uuid_m%' and code not like 'date%' order by 1, 2`,
    );
  const findings = (run: string) =>
    rows(
      `select kind, key, label, column_name, old, new from runner.finding where run = ${run} order by kind, key, column_name`,
    );
  const last = async () => String((await rows("select max(run) as run from runner.run"))[0]?.run);
  const fingerprint = () =>
    rows("select xmin::text, ctid::text from gn_synthese.synthese order by id_synthese");

  before(async () => {
    pipelines = await copyPipelines(database());
    await execute(database(), "create extension if not exists postgis");
    for (const [name, mode] of [
      ["merging", "merge"],
      ["staging", "stage_only"],
      ["merging-adopting", "merge, adopt: apply"],
      ["staging-adopting", "stage_only, adopt: apply"],
      ["merging-deleting", "merge, vanished: delete, vanished_after_exports: 1"],
      ["staging-deleting", "stage_only, vanished: delete, vanished_after_exports: 1"],
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
      assert.deepEqual([staged?.inserted, staged?.staged], [flow?.inserted, flow?.inserted]);
      assert.equal(flow?.staged, 0);
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
         update pinv_gbif.tmp_gbif_data set recorded_by = 'Yet Others' where gbif_id = ${ids[22]};
         update gn_synthese.synthese set observers = 'Mine', place_name = 'Mine' where entity_source_pk_value = '${ids[22]}';
         create table synthese_before as select * from gn_synthese.synthese;
         create table track_before as select * from pinv_gbif.track_synthese;
         create table written_before as select * from pinv_gbif.track_synthese_written;`,
      );
      assert.ok(old);
      const bySink = await sink();
      const expected = await content();
      const sinkRun = await last();
      const [expectedRejects, expectedFindings] = [await rejects(sinkRun), await findings(sinkRun)];
      assert.deepEqual(
        new Set(expectedRejects.map(({ code }) => code)),
        new Set(["adoptable", "raise_exception"]),
      );
      assert.ok(expectedFindings.some(({ kind }) => kind === "held"));
      for (const kind of ["rekeyed", "corrected", "superseded"])
        assert.ok(
          expectedFindings.some((finding) => finding.kind === kind),
          kind,
        );
      await restore();
      await stage();
      assert.deepEqual(await sums(), countsOf(bySink));
      assert.deepEqual(await content(), expected);
      const ownRun = await last();
      assert.deepEqual(await rejects(ownRun), expectedRejects);
      assert.deepEqual(await findings(ownRun), expectedFindings);
    });

    test("adopts rows loaded by hand as the sink does, and leaves alone what may be two", async () => {
      await restore();
      await execute(
        database(),
        `create temporary table hand as
           select id_synthese, row_number() over (order by id_synthese) as n from gn_synthese.synthese
             join gn_synthese.t_sources using (id_source) where name_source = 'GBIF' order by id_synthese offset 50 limit 40;
         update gn_synthese.synthese as s
            set id_source = (select id_source from gn_synthese.t_sources where name_source = 'Occtax'),
                unique_id_sinp = case n % 2 when 0 then unique_id_sinp else gen_random_uuid() end,
                entity_source_pk_value = case n % 2 when 0 then 'hand ' || n else entity_source_pk_value end,
                observers = case when n % 3 = 0 then 'typed by hand' else observers end,
                additional_data = '{"hand": 1}'
           from hand where hand.id_synthese = s.id_synthese;
         insert into gn_synthese.synthese (id_source, id_dataset, nom_cite, date_min, date_max, entity_source_pk_value)
         select id_source, id_dataset, 'the same by hand', date_min, date_max, entity_source_pk_value
           from gn_synthese.synthese join hand using (id_synthese) where n = 51;
         delete from pinv_gbif.track_synthese where entity_source_pk_value in (select entity_source_pk_value from gn_synthese.synthese where additional_data ->> 'hand' = '1');
         drop table hand, synthese_before, track_before, written_before;
         create table synthese_before as select * from gn_synthese.synthese;
         create table track_before as select * from pinv_gbif.track_synthese;
         create table written_before as select * from pinv_gbif.track_synthese_written;`,
      );
      const bySink = await sink("-adopting");
      // But for the one that is there twice; and the row of the test before, which was only reported there.
      assert.equal(bySink?.adopted, 39 + 1);
      const [expected, sinkRun] = [await content(), await last()];
      await restore();
      await stage("-adopting");
      assert.deepEqual(await sums(), countsOf(bySink));
      assert.deepEqual(await content(), expected);
      const ownRun = await last();
      assert.deepEqual(await findings(ownRun), await findings(sinkRun));
      assert.deepEqual(await rejects(ownRun), await rejects(sinkRun));
      assert.deepEqual(
        (await rejects(ownRun))
          .map(({ code }) => code)
          .filter((code) => code === "adopt_ambiguous"),
        ["adopt_ambiguous"],
      );
      const [ids] = await rows(
        `select count(distinct key)::int as n from runner.finding
           join gn_synthese.synthese on label = concat_ws(', ', 'id_synthese ' || id_synthese, nom_cite)
          where run = ${ownRun} and kind = 'adopted' and additional_data ->> 'hand' = '1'`,
      );
      assert.equal(ids?.n, 39);
      assert.deepEqual(await sums(), { ...countsOf(await sink("-adopting")) });
    });

    test("a dry run counts what it would do, and leaves no trace", async () => {
      await restore();
      const [before, track] = [await fingerprint(), await rows(TRACK)];
      const runs = await rows("select count(*)::int as n from runner.run");
      const dry = await sums(`${FUNCTION}(p_dry_run => true)`);
      assert.deepEqual(await fingerprint(), before);
      assert.deepEqual(await rows(TRACK), track);
      assert.deepEqual(await rows("select count(*)::int as n from runner.run"), runs);
      assert.deepEqual(await sums(`${FUNCTION}(p_dry_run => false)`), dry);
      assert.ok(Number(dry?.updated) > 0);
    });

    test("one data set is merged by itself; one that is not staged is refused", async () => {
      await execute(
        database(),
        "drop trigger refuse on gn_synthese.synthese; delete from gn_synthese.synthese; truncate pinv_gbif.track_synthese",
      );
      const sets = await rows(
        "select unique_dataset_id::text as uuid, count(*)::int as n from pinv_gbif.tmp_synthese join gn_meta.t_datasets using (id_dataset) group by 1 order by 2",
      );
      assert.ok(sets.length > 1);
      const [set] = sets;
      assert.deepEqual(
        await rows(
          `select dataset_uuid::text as uuid, inserted::int as n from pinv_gbif.upsert_gbif_data('${set?.uuid}') as merged`,
        ),
        [set],
      );
      const [there] = await rows("select count(*)::int as n from gn_synthese.synthese");
      assert.equal(there?.n, set?.n);
      await assert.rejects(
        rows("select * from pinv_gbif.upsert_gbif_data('00000000-0000-0000-0000-000000000000')"),
        /has no row of p_dataset 00000000-0000-0000-0000-000000000000\. Nothing was merged, and nothing deleted\./,
      );
    });

    test("deletes and reports nothing whose record is gone: that is left to the flow with `merge`", async () => {
      await sink();
      const [gone] = await rows(
        "delete from pinv_gbif.tmp_gbif_data where gbif_id = (select min(entity_source_pk_value)::bigint from gn_synthese.synthese join gn_synthese.t_sources using (id_source) where name_source = 'GBIF') returning gbif_id::text as id",
      );
      const there = () =>
        rows(
          `select id_synthese, run::int from gn_synthese.synthese join pinv_gbif.track_synthese using (id_source, entity_source_pk_value) where entity_source_pk_value = '${gone?.id}'`,
        );
      const before = await there();
      assert.equal(before.length, 1);
      await stage("-deleting");
      await sums();
      assert.deepEqual(await there(), before);
      assert.deepEqual(await findings(await last()), []);
      assert.equal((await sink("-deleting"))?.vanished, 1);
    });

    test("tells nothing of the tables that it drops", async () => {
      await stage();
      const before = database().notices.length;
      await rows(CALL);
      assert.deepEqual(
        database()
          .notices.slice(before)
          .filter((text) => text.includes("skipping")),
        [],
      );
      const [setting] = await rows("show client_min_messages");
      assert.equal(setting?.client_min_messages, "notice");
    });

    test("a stage that is empty, older than the records, overtaken or of another version is refused, and nothing is deleted", async () => {
      await stage();
      await sums();
      const before = await fingerprint();
      const refused = (message: RegExp) => assert.rejects(rows(CALL), message);
      await execute(
        database(),
        "create table kept as select * from pinv_gbif.tmp_synthese; truncate pinv_gbif.tmp_synthese",
      );
      await refused(/The stage pinv_gbif\.tmp_synthese is empty\./);
      await execute(database(), "alter table pinv_gbif.tmp_synthese rename to not_staged_yet");
      await assert.rejects(rows(CALL), {
        message: /The stage pinv_gbif\.tmp_synthese is empty\./,
        hint: "runner explain stage_empty",
      });
      await execute(database(), "alter table pinv_gbif.not_staged_yet rename to tmp_synthese");
      await execute(
        database(),
        "insert into pinv_gbif.tmp_synthese select * from kept; update pinv_gbif.tmp_synthese set runner_version = 'other'",
      );
      await refused(/are of another version than the function pinv_gbif\.upsert_gbif_data/);
      await stage();
      await run("demo.yaml", ["multimedia"]);
      await refused(/run \d+ of the same pipeline has brought newer records since/);
      await stage();
      await execute(
        database(),
        "update pinv_gbif.tmp_gbif_data set recorded_by = 'A Newer Name' where gbif_id = (select entity_source_pk_value::bigint from gn_synthese.synthese order by id_synthese limit 1)",
      );
      assert.equal((await sink())?.updated, 1);
      await refused(/run \d+ has merged newer values of its records since/);
      assert.equal((await fingerprint()).length, before.length);
    });
  });

  describe("runner setup", () => {
    const plan = async () => {
      const { plan: loaded } = await loadPipeline(join(pipelines, "merging.yaml"), {
        components,
        environment: {},
        isOffline: false,
      });
      assert.ok(loaded);
      return { ...loaded, setup: [] };
    };
    const options = () => ({
      database: database().opened,
      signal: new AbortController().signal,
      log: { info: () => undefined, warn: () => undefined },
    });
    const functions = () =>
      rows(
        "select obj_description(oid, 'pg_proc') as comment, prosecdef from pg_proc where proname = 'upsert_gbif_data'",
      );

    test("--uninstall removes the function and leaves the tables; setup makes it again, the same as a run that stages", async () => {
      await stage();
      const [made] = await functions();
      assert.match(
        String(made?.comment),
        /^runner \S+, version [0-9a-f]{12}: merges pinv_gbif\.tmp_synthese into gn_synthese\.synthese/,
      );
      assert.equal(made?.prosecdef, false);
      assert.deepEqual(await uninstallPipeline(await plan(), options()), [
        "pinv_gbif.upsert_gbif_data(p_dataset uuid, p_dry_run boolean)",
      ]);
      assert.deepEqual(await functions(), []);
      assert.deepEqual(await uninstallPipeline(await plan(), options()), []);
      const [staged] = await rows("select count(*)::int as n from pinv_gbif.tmp_synthese");
      assert.ok(Number(staged?.n) > 0);
      assert.match(
        (await setUpPipeline(await plan(), options())).join(),
        /^Function pinv_gbif\.upsert_gbif_data, version /,
      );
      assert.deepEqual(await functions(), [made]);
      assert.deepEqual(await setUpPipeline(await plan(), options()), []);
      const last = await rows("select status from runner.run order by run desc limit 4");
      assert.deepEqual(
        last.map(({ status }) => status),
        ["setup", "setup", "uninstall", "uninstall"],
      );
      await sums();
    });

    test("stops before a function of that name that somebody else has made", async () => {
      await execute(
        database(),
        "create function pinv_gbif.upsert_gbif_data() returns void language sql as 'select'",
      );
      await assert.rejects(
        setUpPipeline(await plan(), options()),
        /that the runner has not made\. If nobody needs it, remove it: drop function pinv_gbif\.upsert_gbif_data\(\);/,
      );
      await execute(database(), "drop function pinv_gbif.upsert_gbif_data()");
    });

    test("the function is refused while a pipeline with the same lock runs", async () => {
      // The embedded database has one connection, which may take a lock twice.
      if (database().kind === "embedded") return;
      await using other = await database().opened.session();
      await other.query("select pg_advisory_lock(hashtextextended('runner:lock:pinv_gbif', 0))");
      await assert.rejects(rows(CALL), /The lock `pinv_gbif` is held by a pipeline/);
    });
  });
});
