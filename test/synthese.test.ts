/** From the staging tables to the synthese, by the pipelines as they come with the project. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, describe, test } from "node:test";
import { messageOf, type RunnerError } from "../src/core/errors.ts";
import { fileLabel } from "../src/core/place.ts";
import { readMapping } from "../src/geonature/mapping.ts";
import type { FlowSummary } from "../src/run-flows.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, planFile, runFile, undoing } from "./support/pipelines.ts";

type Row = Readonly<Record<string, unknown>>;

/** What a run did to the synthese. */
const counts = (flow: FlowSummary | undefined) => {
  const { inserted, updated, unchanged } = flow ?? {};
  return { inserted, updated, unchanged };
};

onEachDatabase((database) => {
  let pipelines = "";
  before(async () => {
    pipelines = await copyPipelines(database());
  });

  const run = async (flows?: readonly string[]) => {
    const summary = await runFile(join(pipelines, "demo.yaml"), database(), flows ? { flows } : {});
    assert.equal(summary.status, "done", messageOf(summary.error));
    return summary;
  };
  const synthese = async () => {
    const { flows, said, run: number } = await run(["synthese"]);
    return { flow: flows[0], said, number };
  };
  /** What a plan of the same shows; it must leave the synthese alone. */
  const planned = async () => {
    const before = await fingerprint();
    const { flows, error, said } = await planFile(join(pipelines, "demo.yaml"), database(), {
      flows: ["synthese"],
    });
    assert.deepEqual(await fingerprint(), before, messageOf(error));
    return { flow: flows[0], said };
  };
  const rows = (sql: string) => rowsOf(database(), sql);
  /** Everything of the synthese that a load must not touch, by row. */
  const fingerprint = () =>
    rows(
      "select entity_source_pk_value as pk, xmin::text, ctid::text, meta_update_date::text from gn_synthese.synthese order by id_synthese",
    );
  const sequence = async () =>
    (await rows("select last_value::text from gn_synthese.synthese_id_synthese_seq"))[0];

  describe("the synthese", () => {
    before(async () => {
      await execute(database(), "create extension if not exists postgis");
      await run(["occurrences", "multimedia", "uuids", "deleted_observations", "datasets"]);
    });

    test("gets every record of the sample, or says why not", async () => {
      const { flow, number } = await synthese();
      assert.deepEqual(
        [flow?.read, flow?.inserted, flow?.rejected, flow?.filtered],
        [2000, 1847, 153, 0],
      );
      assert.deepEqual(Object.fromEntries(flow?.rejectedByCode ?? []), {
        taxon_unknown: 122,
        uuid_missing: 19,
        uuid_pending: 8,
        date_missing: 4,
      });
      const [stored] = await rows(
        `select count(*)::int as n from runner.reject where run = ${number} and flow = 'synthese'`,
      );
      assert.deepEqual(stored, { n: 153 });
      const [there] = await rows(
        `select count(*)::int as n, count(distinct unique_id_sinp)::int as uuids, min(last_action) as action,
                count(*) filter (where st_distance(st_transform(the_geom_4326, 2154), the_geom_local) < 0.001)::int as places
           from gn_synthese.synthese join gn_synthese.t_sources using (id_source) where name_source = 'GBIF'`,
      );
      assert.deepEqual(there, { n: 1847, uuids: 1847, action: "I", places: 1847 });
    });

    test("a second load touches no row and takes no number of the sequence", async () => {
      const [before, number] = [await fingerprint(), await sequence()];
      const { flow } = await synthese();
      assert.deepEqual(counts(flow), { inserted: 0, updated: 0, unchanged: 1847 });
      assert.deepEqual(await fingerprint(), before);
      assert.deepEqual(await sequence(), number);
    });

    test("without the track, comparing everything, it touches no row either", async () => {
      await execute(database(), "truncate pinv_gbif.track_synthese");
      const before = await fingerprint();
      assert.deepEqual(counts((await synthese()).flow), {
        inserted: 0,
        updated: 0,
        unchanged: 1847,
      });
      assert.deepEqual(await fingerprint(), before);
    });

    test("a new export's DOI, dates of interpretation, `modified` and issues change nothing", async () => {
      const before = await fingerprint();
      await execute(
        database(),
        "update pinv_gbif.tmp_gbif_data set modified = '2099-01-01', issue = 'NEW_ISSUE', last_interpreted = '2099-01-01'",
      );
      assert.deepEqual(counts((await synthese()).flow), {
        inserted: 0,
        updated: 0,
        unchanged: 1847,
      });
      assert.deepEqual(await fingerprint(), before);
    });

    test("a value that changed updates the columns that come of it, and those alone", async () => {
      const snapshot = async () =>
        new Map(
          (await rows("select to_jsonb(s) as row from gn_synthese.synthese as s")).map(
            ({ row }) => [(row as Row).entity_source_pk_value, row as Row],
          ),
        );
      const before = await snapshot();
      const chosen = await rows(
        `select gbif_id::text as id from pinv_gbif.tmp_gbif_data
          where basis_of_record = 'HUMAN_OBSERVATION' and information_withheld is null and data_generalizations is null
            and id_inaturalist is not null and life_stage is null and sex is null and vitality is null and behavior is null
            and gbif_id::text in (select entity_source_pk_value from gn_synthese.synthese)
          order by gbif_id limit ${CHANGES.length}`,
      );
      assert.equal(chosen.length, CHANGES.length);
      for (const [index, { set }] of CHANGES.entries()) {
        await execute(
          database(),
          `update pinv_gbif.tmp_gbif_data set ${set} where gbif_id = ${chosen[index]?.id}`,
        );
      }
      const { flow } = await synthese();
      const after = await snapshot();
      const found = CHANGES.map(({ set }, index) => {
        const [old, now] = [before, after].map((all) => all.get(chosen[index]?.id) ?? {});
        const changed = Object.keys(now ?? {}).filter(
          (name) => JSON.stringify(old?.[name]) !== JSON.stringify(now?.[name]),
        );
        return {
          set,
          columns: changed
            .filter((name) => ![...OF_ANY_UPDATE, "meta_update_date"].includes(name))
            .sort(),
        };
      });
      assert.deepEqual(
        found,
        CHANGES.map(({ set, columns }) => ({ set, columns: columns.toSorted() })),
      );
      assert.deepEqual(counts(flow), {
        inserted: 0,
        updated: CHANGES.length,
        unchanged: 1847 - CHANGES.length,
      });
      const untouched = [...before.keys()].filter((pk) => !chosen.some(({ id }) => id === pk));
      for (const pk of untouched) assert.deepEqual(after.get(pk), before.get(pk));

      // Every column that an update may write is among them.
      const { fields } = await readMapping({
        fields: join(pipelines, "sinp/fields.csv"),
        vocabularies: join(pipelines, "sinp/vocabularies.csv"),
      });
      const written = fields.filter(({ part, rule }) => part === "synthese" && rule !== "left");
      const untried = written
        .map(({ column }) => column)
        .filter((name) => !CHANGES.some(({ columns }) => columns.includes(name)));
      assert.deepEqual(untried.sort(), [...NEVER_BY_ITSELF, ...OF_ANY_UPDATE].sort());
    });

    test("a row that a validator has judged keeps the judgement when the record changes", async () => {
      const [row] = await rows(
        "select entity_source_pk_value as pk, unique_id_sinp as uuid from gn_synthese.synthese join gn_synthese.t_sources using (id_source) where name_source = 'GBIF' order by id_synthese desc limit 1",
      );
      await execute(
        database(),
        `insert into gn_commons.t_validations (uuid_attached_row, id_nomenclature_valid_status, id_validator, validation_comment, validation_date)
         values ('${row?.uuid}', ref_nomenclatures.get_id_nomenclature('STATUT_VALID', '1'), 2, 'Certain.', now());
         update pinv_gbif.tmp_gbif_data set occurrence_remarks = 'after the validation' where gbif_id = ${row?.pk};`,
      );
      const judgement = () =>
        rows(
          `select unique_id_sinp, ref_nomenclatures.get_cd_nomenclature(id_nomenclature_valid_status) as status, validator, validation_comment,
                  meta_validation_date::text from gn_synthese.synthese where entity_source_pk_value = '${row?.pk}'`,
        );
      const before = await judgement();
      assert.equal(before[0]?.status, "1");
      assert.equal((await synthese()).flow?.updated, 1);
      assert.deepEqual(await judgement(), before);
      const [now] = await rows(
        `select comment_description as remark from gn_synthese.synthese where entity_source_pk_value = '${row?.pk}'`,
      );
      assert.deepEqual(now, { remark: "after the validation" });
    });

    test("a judged row whose taxon changes at GBIF is held, with old and new, until the pipeline says apply", async () => {
      const [row] = await rows(
        `select entity_source_pk_value as pk, id_synthese, cd_nom, nom_cite as name from gn_synthese.synthese
          where id_nomenclature_valid_status = ref_nomenclatures.get_id_nomenclature('STATUT_VALID', '1')`,
      );
      await execute(
        database(),
        `update pinv_gbif.tmp_gbif_data set taxonkey = (
           select taxon_key from pinv_gbif.v_taxon_link where cd_nom <> ${row?.cd_nom} and cd_nom = cd_ref order by 1 desc limit 1)
          where gbif_id = ${row?.pk}`,
      );
      const plan = await planned();
      assert.deepEqual([plan.flow?.updated, plan.flow?.held], [0, 1]);
      assert.deepEqual(
        plan.flow?.findings.map(({ kind, column }) => [kind, column]),
        [["held", "cd_nom"]],
      );
      const { flow, said } = await synthese();
      assert.deepEqual([flow?.updated, flow?.held], [0, 1]);
      const key = flow?.findings[0]?.key;
      assert.ok(
        said.some(
          (text) =>
            text.includes("as people have worked on it; `validated: apply` updates it.") &&
            text.includes(
              `, ${row?.pk} (id_synthese ${row?.id_synthese}, ${row?.name}): cd_nom "${row?.cd_nom} (`,
            ),
        ),
        said.join("\n"),
      );
      const applying = join(pipelines, "applying.yaml");
      await writeFile(
        applying,
        "name: applying\nflows:\n  - include: flows/synthese.yaml\n    with: { licenses: [any], validated: apply }\n",
      );
      const applied = await runFile(applying, database());
      assert.equal(applied.flows[0]?.updated, 1, messageOf(applied.error));
      assert.deepEqual(
        applied.flows[0]?.findings.map(({ kind, key, column }) => [kind, key, column]),
        [["overruled", key, "cd_nom"]],
      );
    });

    test("a judged row that would move is told with both places, as a person reads them", async () => {
      const [row] = await rows(
        `select entity_source_pk_value as pk from gn_synthese.synthese
          where id_nomenclature_valid_status = ref_nomenclatures.get_id_nomenclature('STATUT_VALID', '1')`,
      );
      const northwards = (degrees: number) =>
        execute(
          database(),
          `update pinv_gbif.tmp_gbif_data set decimal_latitude = decimal_latitude + ${degrees} where gbif_id = ${row?.pk}`,
        );
      await northwards(0.5);
      const { flow } = await planned();
      await northwards(-0.5);
      const [found, ...others] = flow?.findings ?? [];
      assert.deepEqual([found?.kind, found?.column, others], ["held", "the_geom_4326", []]);
      const latitudes = [found?.old, found?.new].map((place) =>
        Number(/^POINT\(\S+ (\S+)\)$/.exec(place ?? "")?.[1]),
      );
      assert.equal((latitudes[1] ?? 0) - (latitudes[0] ?? 0), 0.5);
    });

    test("uuids that belong to another source are left to it, and the record is set aside", async () => {
      await execute(
        database(),
        `update gn_synthese.synthese
            set id_source = (select id_source from gn_synthese.t_sources where name_source = 'Occtax'),
                id_dataset = (select min(id_dataset) from gn_meta.t_datasets d where d.id_dataset <> synthese.id_dataset)
          where id_synthese = (select min(id_synthese) from gn_synthese.synthese);`,
      );
      const stolen = () =>
        rows(
          "select to_jsonb(s) as row from gn_synthese.synthese as s order by id_synthese limit 1",
        );
      const before = await stolen();
      const { flow } = await synthese();
      assert.deepEqual(new Map(flow?.rejectedByCode).get("uuid_other_source"), 1);
      assert.equal(flow?.inserted, 0);
      assert.deepEqual(await stolen(), before);
    });

    test("an observation under a new gbifID keeps its row and uuid, and gets the new key", async () => {
      const [row] = await rows(
        "select id_synthese, unique_id_sinp as uuid, entity_source_pk_value as pk from gn_synthese.synthese order by id_synthese offset 100 limit 1",
      );
      await execute(
        database(),
        `update pinv_gbif.tmp_gbif_data set gbif_id = 999 where gbif_id = ${row?.pk}; update pinv_gbif.cor_multimedia set gbif_id = 999 where gbif_id = ${row?.pk};`,
      );
      const plan = await planned();
      assert.deepEqual([plan.flow?.rekeyed, plan.flow?.updated], [1, 1]);
      assert.deepEqual(
        plan.flow?.findings.map(({ kind, column, old, new: now }) => [kind, column, old, now]),
        [["rekeyed", "entity_source_pk_value", row?.pk, "999"]],
      );
      const { flow } = await synthese();
      assert.deepEqual([flow?.inserted, flow?.updated, flow?.rekeyed], [0, 1, 1]);
      const [now] = await rows(
        `select id_synthese, unique_id_sinp as uuid, entity_source_pk_value as pk, last_action, additional_data->'gbif'->>'gbifID' as id
           from gn_synthese.synthese where id_synthese = ${row?.id_synthese}`,
      );
      assert.deepEqual(now, { ...row, pk: "999", last_action: "U", id: "999" });
      assert.equal((await synthese()).flow?.updated, 0);
    });

    test("an observation whose uuid was not known waits, and loads by itself once it is", async () => {
      const [waiting] = await rows(
        `select gbif_id::text as pk, id_inaturalist as n from pinv_gbif.tmp_gbif_data as staged
          where id_inaturalist is not null
            and not exists (select from pinv_gbif.cor_uuid_inaturalist as known where known.id_inaturalist = staged.id_inaturalist)
          order by 1 limit 1`,
      );
      const uuid = "aaaaaaaa-0000-4000-8000-000000000001";
      const here = () =>
        rows(
          `select unique_id_sinp as uuid, last_action from gn_synthese.synthese where entity_source_pk_value = '${waiting?.pk}'`,
        );
      const pending = (flow: Awaited<ReturnType<typeof synthese>>["flow"]) =>
        new Map(flow?.rejectedByCode).get("uuid_pending") ?? 0;
      const before = await synthese();
      assert.deepEqual(await here(), []);
      await execute(
        database(),
        `insert into pinv_gbif.cor_uuid_inaturalist (id_inaturalist, uuid, status) values (${waiting?.n}, '${uuid}', 'found')`,
      );
      const plan = await planned();
      assert.deepEqual([plan.flow?.inserted, pending(plan.flow)], [1, pending(before.flow) - 1]);
      const { flow } = await synthese();
      assert.deepEqual([flow?.inserted, pending(flow)], [1, pending(before.flow) - 1]);
      assert.deepEqual(await here(), [{ uuid, last_action: "I" }]);
    });

    test("rows loaded by hand before are listed, and are the pipeline's with `adopt: apply`: uuid and judgement stay", async () => {
      const chosen = await rows(
        `select id_synthese as id, entity_source_pk_value as pk from gn_synthese.synthese join gn_synthese.t_sources using (id_source)
          where name_source = 'GBIF' and digital_proof like '%inaturalist.org/observations/%'
            and id_nomenclature_valid_status = ref_nomenclatures.get_id_nomenclature('STATUT_VALID', '0')
          order by id_synthese offset 200 limit 3`,
      );
      const [byUuid, byKey, byLink] = chosen.map(({ id }) => id);
      await execute(
        database(),
        `insert into gn_synthese.t_sources (name_source) values ('By hand');
         update gn_synthese.synthese set id_source = (select id_source from gn_synthese.t_sources where name_source = 'By hand'),
                entity_source_pk_value = null, additional_data = '{"mine": 1}'
          where id_synthese in (${byUuid}, ${byLink});
         update gn_synthese.synthese set id_source = (select id_source from gn_synthese.t_sources where name_source = 'By hand'), observers = 'By hand'
          where id_synthese = ${byKey};
         update gn_synthese.synthese set unique_id_sinp = gen_random_uuid() where id_synthese in (${byKey}, ${byLink});
         insert into gn_commons.t_validations (uuid_attached_row, id_nomenclature_valid_status, id_validator, validation_comment, validation_date)
         select unique_id_sinp, ref_nomenclatures.get_id_nomenclature('STATUT_VALID', '1'), 2, 'Certain.', now()
           from gn_synthese.synthese where id_synthese = ${byKey};`,
      );
      const now = () =>
        rows(
          `select id_synthese as id, name_source, entity_source_pk_value as pk, unique_id_sinp as uuid, observers, validator,
                  additional_data->>'mine' as mine
             from gn_synthese.synthese join gn_synthese.t_sources using (id_source)
            where id_synthese in (${byUuid}, ${byKey}, ${byLink}) order by id_synthese`,
        );
      const before = await now();
      const reported = await synthese();
      assert.equal(new Map(reported.flow?.rejectedByCode).get("adoptable"), 3);
      assert.equal(reported.flow?.inserted, 0);
      assert.ok(
        reported.said.some((text) =>
          /^3 rows of `gn_synthese\.synthese` under other keys are records .*; `adopt: apply` makes the rows the pipeline's\./.test(
            text,
          ),
        ),
      );
      assert.deepEqual(await now(), before);

      const taking = join(pipelines, "taking.yaml");
      await writeFile(
        taking,
        "name: taking\nflows:\n  - include: flows/synthese.yaml\n    with: { licenses: [CC0_1_0, CC_BY_4_0, CC_BY_NC_4_0], adopt: apply }\n",
      );
      const plan = await planFile(taking, database());
      assert.equal(plan.flows[0]?.adopted, 3, messageOf(plan.error));
      assert.deepEqual(await now(), before);
      const { flows, error, run: taken } = await runFile(taking, database());
      assert.deepEqual(
        [flows[0]?.adopted, flows[0]?.updated, flows[0]?.inserted],
        [3, 3, 0],
        messageOf(error),
      );
      // What they lose is kept.
      const lost = await rows(
        `select old from runner.finding where run = ${taken} and kind = 'adopted' and column_name = 'observers'`,
      );
      assert.deepEqual(lost, [{ old: "By hand" }]);
      const after = await now();
      assert.deepEqual(
        after.map(({ id, pk, name_source }) => ({ id, pk, name_source })),
        chosen.map((row) => ({ ...row, name_source: "GBIF" })),
      );
      for (const column of ["uuid", "validator", "mine"]) {
        assert.deepEqual(
          after.map((row) => row[column]),
          before.map((row) => row[column]),
        );
      }
      assert.notEqual(after[1]?.observers, "By hand");
      // iNaturalist's uuid came too late for these rows: it is kept beside their own.
      const late = await rows(
        `select additional_data->'gbif'->>'uuid' is not null as late from gn_synthese.synthese
          where id_synthese in (${byUuid}, ${byKey}, ${byLink}) order by id_synthese`,
      );
      assert.deepEqual(late, [{ late: false }, { late: true }, { late: true }]);
      const again = await synthese();
      assert.deepEqual([again.flow?.updated, again.flow?.adopted], [0, 0]);
      // Undone as docs/safety.md says, and done again.
      await execute(database(), await undoing("adopted", taken));
      const keys = (all: readonly Row[]) =>
        all.map(({ id, name_source, pk }) => [id, name_source, pk]);
      assert.deepEqual(keys(await now()), keys(before));
      assert.equal((await runFile(taking, database())).flows[0]?.adopted, 3);
    });

    test("an observation that another source may have too is listed by `--flow duplicates`, and by that alone", async () => {
      await execute(
        database(),
        `insert into gn_synthese.synthese (id_source, entity_source_pk_value, unique_id_sinp, id_dataset, cd_nom, nom_cite, date_min, date_max, the_geom_4326, the_geom_point, the_geom_local, observers)
         select (select id_source from gn_synthese.t_sources where name_source = 'Occtax'), 'lpo-1', gen_random_uuid(), id_dataset, cd_nom, 'twice, "perhaps"', date_min, date_max, the_geom_4326, the_geom_point, the_geom_local, 'Dupont, ' || observers
           from gn_synthese.synthese join gn_synthese.t_sources using (id_source)
          where name_source = 'GBIF' and observers ~ '[a-z]{4}' order by id_synthese offset 300 limit 1;`,
      );
      const before = await fingerprint();
      const { flows, said } = await run(["duplicates"]);
      assert.equal(flows[0]?.inserted, 1);
      const [head, line] = (await readFile(join(pipelines, "duplicates.csv"), "utf8")).split("\n");
      assert.match(
        head ?? "",
        /^\ufeffid_synthese;gbifID;cd_ref;lb_nom;day;distance_m;observers;other_source;/,
      );
      assert.match(line ?? "", /;0;.*;Occtax;\d+;lpo-1;Dupont, /);
      assert.ok(
        said.includes(`Written: ${fileLabel(join(pipelines, "duplicates.csv"))}, 1 record.`),
      );
      assert.deepEqual(await fingerprint(), before);
      assert.ok(!(await synthese()).flow?.name.includes("duplicates"));
    });

    test("a taxon that people filled in by hand comes before what TaxRef says", async () => {
      await execute(
        database(),
        `insert into pinv_gbif.cor_taxon (scientific_name, cd_nom)
         select 'Glomeris marginata (Villers, 1789)', min(cd_nom) from taxonomie.taxref`,
      );
      const { flow } = await synthese();
      assert.equal(flow?.inserted, 23);
      const [found] = await rows(
        "select count(*)::int as n, min(additional_data->'gbif'->>'cdNomFrom') as how from gn_synthese.synthese where additional_data->'gbif'->>'cdNomFrom' = 'cor_taxon' and cd_nom = (select min(cd_nom) from taxonomie.taxref)",
      );
      assert.deepEqual(found, { n: 23, how: "cor_taxon" });
    });

    test("is the same when two connections write it", async () => {
      const load = async (parallel: number) => {
        const name = `by_${parallel}`;
        await execute(
          database(),
          `truncate gn_synthese.synthese cascade; truncate pinv_gbif.track_synthese;
           drop table if exists written_by cascade;
           create table written_by (pid int primary key);
           create or replace function note_session() returns trigger language plpgsql as $$
           begin insert into written_by values (pg_backend_pid()) on conflict do nothing; return null; end $$;
           create or replace trigger note_session after insert on pinv_gbif.track_synthese
             for each statement execute function note_session();`,
        );
        await writeFile(
          join(pipelines, `${name}.yaml`),
          `name: ${name}\nflows:\n  - include: flows/synthese.yaml\n    with: { licenses: [any], parallel: ${parallel} }\n`,
        );
        const { flows, error } = await runFile(join(pipelines, `${name}.yaml`), database());
        const [flow] = flows;
        assert.ok(flow && flow.inserted > 1800, messageOf(error));
        const all = await rows(
          `select to_jsonb(s) - '{id_synthese,meta_create_date,meta_update_date}'::text[] as row,
                  (select array_agg(id_area order by id_area) from gn_synthese.cor_area_synthese where id_synthese = s.id_synthese) as areas
             from gn_synthese.synthese as s order by entity_source_pk_value`,
        );
        const sessions = await rows("select pid from written_by");
        return { counted: counts(flow), rejected: flow.rejectedByCode, all, sessions };
      };
      const { sessions: one, ...expected } = await load(1);
      const { sessions: two, ...found } = await load(2);
      assert.deepEqual(found, expected);
      await execute(database(), "drop function note_session() cascade; drop table written_by");
      assert.deepEqual([one.length, two.length > 1], [1, database().kind === "server"]);
    });
  });

  describe("data sets", () => {
    before(async () => {
      await writeFile(
        join(pipelines, "check.yaml"),
        `name: check
flows:
  - include: flows/check-datasets.yaml
    with: { query: queries/inat.json, archive: ../samples/demo.zip }
`,
      );
      await writeFile(
        join(pipelines, "create.yaml"),
        `name: create
flows:
  - include: flows/create-datasets.yaml
    with: { query: queries/inat.json, archive: ../samples/demo.zip, framework: L'atlas, organism: "Observatoire régional des invertébrés" }
`,
      );
    });

    test("that GeoNature lacks stop the pipeline with their uuids and titles", async () => {
      await execute(
        database(),
        `delete from gn_synthese.synthese; delete from gn_meta.cor_dataset_actor;
         create table kept as select * from gn_meta.t_datasets order by id_dataset;
         delete from gn_meta.t_datasets where id_dataset <> (select min(id_dataset) from kept);`,
      );
      const summary = await runFile(join(pipelines, "check.yaml"), database());
      assert.equal(summary.status, "failed");
      assert.match(
        messageOf(summary.error),
        /was rejected \(dataset_unknown\): .*\n.* \(dataset_unknown\): .*\(title "Observation\.org.*\n.* \(dataset_unknown\): .*\nFlow `datasets` stopped there, .* 3 were set aside: 3 dataset_unknown\.\n.*Create the data set .*flows\/create-datasets\.yaml.* Or allow more of them: `unknown`, below `with` of its include\.$/,
      );
      // The user's own line: the limit is a default of a file that others share.
      const { place, aftermath } = summary.error as RunnerError;
      assert.deepEqual(
        [place && basename(place.file), place?.line, place?.fallback?.parameter, aftermath],
        ["check.yaml", 3, "unknown", "Nothing of flow `datasets` was committed."],
      );
      const listed = summary.said.find((text) => text.includes("title")) ?? "";
      assert.match(listed, /"8a863029-f435-446a-821e-275f4f641165" \(title "Observation\.org/);
    });

    test("are created under the framework, with an actor; one that is there is not edited", async () => {
      const missing = await runFile(join(pipelines, "create.yaml"), database());
      assert.match(messageOf(missing.error), /"L'atlas"/);
      await execute(
        database(),
        `insert into gn_meta.t_acquisition_frameworks (acquisition_framework_name, acquisition_framework_desc, acquisition_framework_start_date)
         values ('L''atlas', 'x', '2020-01-01')`,
      );
      const present = await rows("select to_jsonb(d) as row from gn_meta.t_datasets as d");
      const summary = await runFile(join(pipelines, "create.yaml"), database());
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(
        summary.flows.map(({ inserted, unchanged }) => [inserted, unchanged]),
        [
          [3, 1],
          [3, 0],
        ],
      );
      const now = await rows(
        "select to_jsonb(d) as row from gn_meta.t_datasets as d order by id_dataset",
      );
      assert.deepEqual(now[0], present[0]);
      const created = await rows(
        `select unique_dataset_id::text as uuid, acquisition_framework_name as framework, nom_organisme as contact,
                t_datasets.additional_data->'gbif'->>'license' is not null as has_license, length(dataset_desc) > 20 as is_described
           from gn_meta.t_datasets join gn_meta.t_acquisition_frameworks using (id_acquisition_framework)
           join gn_meta.cor_dataset_actor using (id_dataset) join utilisateurs.bib_organismes on id_organism = id_organisme
          where unique_dataset_id = '8a863029-f435-446a-821e-275f4f641165'`,
      );
      assert.deepEqual(created, [
        {
          uuid: "8a863029-f435-446a-821e-275f4f641165",
          framework: "L'atlas",
          contact: "Observatoire régional des invertébrés",
          has_license: true,
          is_described: true,
        },
      ]);
      const again = await runFile(join(pipelines, "create.yaml"), database());
      assert.deepEqual(
        again.flows.map(({ read, inserted, updated }) => [read, inserted, updated]),
        [
          [4, 0, 0],
          [0, 0, 0],
        ],
      );
    });
  });
});

/** Written by every update, whatever it is about. */
const OF_ANY_UPDATE = ["last_action", "additional_data"];

/** The key, what is written with a new row only, the same for all rows, or stored and never compared. */
const NEVER_BY_ITSELF = [
  "id_source",
  "entity_source_pk_value",
  "unique_id_sinp",
  "id_nomenclature_valid_status",
  "id_nomenclature_sensitivity",
  "id_nomenclature_info_geo_type",
  "id_nomenclature_grp_typ",
  "meta_v_taxref",
];

/** A change of a staged record, and the columns of the synthese that it is about. */
const CHANGES: readonly { set: string; columns: readonly string[] }[] = [
  { set: "verbatim_scientific_name = 'Changed name'", columns: ["nom_cite"] },
  { set: "event_date = '2001-02'", columns: ["date_min", "date_max"] },
  {
    set: "decimal_latitude = 45.123",
    columns: ["the_geom_4326", "the_geom_point", "the_geom_local"],
  },
  {
    set: "coordinate_uncertainty_meters = 77.2, data_generalizations = null",
    columns: ["precision"],
  },
  {
    set: "individual_count = '12345'",
    columns: ["count_min", "count_max", "id_nomenclature_obj_count", "id_nomenclature_type_count"],
  },
  { set: "life_stage = 'Larva'", columns: ["id_nomenclature_life_stage"] },
  { set: "sex = 'Female'", columns: ["id_nomenclature_sex"] },
  { set: "reproductive_condition = 'gravid'", columns: ["id_nomenclature_bio_status"] },
  { set: "vitality = 'dead'", columns: ["id_nomenclature_bio_condition"] },
  { set: "degree_of_establishment = 'managed'", columns: ["id_nomenclature_naturalness"] },
  { set: "establishment_means = 'vagrant'", columns: ["id_nomenclature_biogeo_status"] },
  { set: "behavior = 'flying'", columns: ["id_nomenclature_behaviour"] },
  { set: "locality = 'Elsewhere'", columns: ["place_name"] },
  { set: "recorded_by = 'Somebody Else'", columns: ["observers"] },
  { set: "identified_by = 'A Specialist'", columns: ["determiner"] },
  { set: "occurrence_remarks = 'Changed remark'", columns: ["comment_description"] },
  { set: "associated_references = 'Fabre, 1879'", columns: ["reference_biblio"] },
  { set: "elevation = '812', elevation_accuracy = '2'", columns: ["altitude_min", "altitude_max"] },
  { set: "depth = '3', depth_accuracy = '1'", columns: ["depth_min", "depth_max"] },
  {
    set: "taxonkey = (select taxon_key from pinv_gbif.v_taxon_link where cd_nom not in (select cd_nom from gn_synthese.synthese where entity_source_pk_value = gbif_id::text) order by 1 limit 1)",
    columns: ["cd_nom"],
  },
  {
    set: "basis_of_record = 'OCCURRENCE'",
    columns: ["id_nomenclature_source_status", "id_nomenclature_obs_technique"],
  },
  { set: "caste = 'queen'", columns: [] },
  {
    set: "dataset_key = '8a863029-f435-446a-821e-275f4f641165'",
    columns: ["id_dataset", "id_nomenclature_naturalness"],
  },
  {
    set: "data_generalizations = 'Coordinates obscured'",
    columns: ["id_nomenclature_blurring", "id_nomenclature_geo_object_nature"],
  },
  { set: "occurrence_status = null", columns: ["id_nomenclature_observation_status"] },
  { set: '"references" = null', columns: ["digital_proof", "id_nomenclature_exist_proof"] },
  {
    set: "media_type = null",
    columns: ["id_nomenclature_determination_method", "id_nomenclature_obs_technique"],
  },
  {
    set: "basis_of_record = 'PRESERVED_SPECIMEN', institution_code = 'MHNL', catalog_number = '7'",
    columns: [
      "non_digital_proof",
      "sample_number_proof",
      "id_nomenclature_source_status",
      "id_nomenclature_obs_technique",
      "id_nomenclature_determination_method",
    ],
  },
];
