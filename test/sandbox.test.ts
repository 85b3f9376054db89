import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "csv-parse/sync";
import { isDatabaseError } from "../src/core/session.ts";
import { runScript } from "../src/postgres/script.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "./support/database.ts";
import { installSandbox, NO_SENSITIVITY, SANDBOX, SOURCE, STAGING } from "./support/sandbox.ts";

const csv = async (path: string): Promise<Record<string, string>[]> =>
  parse(await readFile(new URL(path, import.meta.url)), { columns: true });

/** SQLSTATE with which a statement is refused; undefined when it is not. */
const refusal = async (database: TestDatabase, sql: string): Promise<string | undefined> => {
  try {
    await execute(database, sql);
    return undefined;
  } catch (error) {
    return isDatabaseError(error) ? error.code : String(error);
  }
};

/** The columns of a row that a test does not care about, as SQL. */
const ORDINARY: Readonly<Record<string, string>> = {
  id_source: "(select id_source from gn_synthese.t_sources where name_source = 'Occtax')",
  nom_cite: "'Papilio machaon'",
  cd_nom: "(select cd_nom from taxonomie.taxref where lb_nom = 'Papilio machaon')",
  date_min: "'2026-05-01'",
  date_max: "'2026-05-01'",
};

const insertion = (columns: Readonly<Record<string, string>> = {}): string => {
  const all = { ...ORDINARY, ...columns };
  return `insert into gn_synthese.synthese (${Object.keys(all).join(", ")}) values (${Object.values(all).join(", ")})`;
};

/** Inserts a row; answers with its id. */
const observe = async (
  database: TestDatabase,
  columns: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const [row] = await rowsOf(database, `${insertion(columns)} returning id_synthese`);
  return Number(row?.id_synthese);
};

const code = (type: string, value: string): string =>
  `ref_nomenclatures.get_id_nomenclature('${type}', '${value}')`;

const local = (longitude: number, latitude: number): string =>
  `st_transform(st_setsrid(st_makepoint(${longitude}, ${latitude}), 4326), find_srid('gn_synthese', 'synthese', 'the_geom_local'))`;

/** One value of a row of the synthese; `expression` is SQL over its columns. */
const cellOf = async (database: TestDatabase, id: number, expression: string): Promise<unknown> =>
  (
    await rowsOf(
      database,
      `select ${expression} as value from gn_synthese.synthese where id_synthese = ${id}`,
    )
  )[0]?.value;

const sensitivityOf = (database: TestDatabase, id: number) =>
  cellOf(database, id, "ref_nomenclatures.get_cd_nomenclature(id_nomenclature_sensitivity)");

const areasOf = async (database: TestDatabase, id: number): Promise<unknown[]> =>
  (
    await rowsOf(
      database,
      `select area_name from gn_synthese.cor_area_synthese join ref_geo.l_areas using (id_area) where id_synthese = ${id} order by 1`,
    )
  ).map(({ area_name }) => area_name);

onEachDatabase((database) => {
  before(() => installSandbox(database()));

  describe("the sandbox", () => {
    test("has the columns, types and defaults of a GeoNature 2.17", async () => {
      const documented = await csv("support/geonature-columns.csv");
      const present = await rowsOf(
        database(),
        `select nspname || '.' || relname || '.' || attname as name, format_type(atttypid, atttypmod) as type,
                not attnotnull as nullable, pg_get_expr(adbin, adrelid) as "default"
           from pg_attribute
           join pg_class on pg_class.oid = attrelid and relkind = 'r'
           join pg_namespace on pg_namespace.oid = relnamespace
           left join pg_attrdef on adrelid = attrelid and adnum = attnum
          where attnum > 0 and not attisdropped`,
      );
      const found = new Map(present.map(({ name, ...rest }) => [name, rest]));
      for (const column of documented) {
        const name = `${column.schema}.${column.table}.${column.column}`;
        const { default: preset = "", type, nullable } = column;
        assert.deepEqual(
          found.get(name),
          {
            type,
            nullable: nullable === "t",
            // The one that needs no extension.
            default: preset.replace("uuid_generate_v4()", "gen_random_uuid()") || null,
          },
          name,
        );
      }
      assert.ok(documented.length > 300);
    });

    test("is not changed by running it again", async () => {
      const counts = `select (select count(*) from ref_nomenclatures.t_nomenclatures)::int as codes,
        (select md5(string_agg(id_nomenclature || cd_nomenclature, ',' order by id_nomenclature)) from ref_nomenclatures.t_nomenclatures) as ids,
        (select count(*) from taxonomie.taxref)::int as taxa, (select count(*) from taxonomie.taxref_liens)::int as links,
        (select count(*) from ref_geo.l_areas)::int as areas, (select count(*) from gn_meta.t_datasets)::int as datasets,
        (select count(*) from pg_constraint)::int as constraints, (select count(*) from pg_trigger)::int as triggers`;
      const first = await rowsOf(database(), counts);
      await installSandbox(database());
      assert.deepEqual(await rowsOf(database(), counts), first);
    });

    test("has all code lists, with ids that no code gives away", async () => {
      const codes = await csv("../pipelines/sinp/nomenclatures.csv");
      const rows = await rowsOf(
        database(),
        `select mnemonique_type || '/' || cd_nomenclature as code, id_nomenclature as id from (
           select bib_nomenclatures_types.mnemonique as mnemonique_type, cd_nomenclature, id_nomenclature
             from ref_nomenclatures.t_nomenclatures join ref_nomenclatures.bib_nomenclatures_types using (id_type)) as codes
          order by id_nomenclature`,
      );
      const sorted = (names: unknown[]) => names.map(String).sort();
      assert.deepEqual(
        sorted(rows.map((row) => row.code)),
        sorted(codes.map(({ type, cd_nomenclature }) => `${type}/${cd_nomenclature}`)),
      );
      const known = new Set(codes.map(({ cd_nomenclature }) => cd_nomenclature));
      assert.ok(rows.every(({ id }) => !known.has(String(id))));
      const inOrder = rows.map((row) => String(row.code));
      assert.notDeepEqual(inOrder, sorted(inOrder));
    });

    test("knows most taxa of the sample by GBIF's key: some by two names, some by a synonym, some not at all", async () => {
      const [counts] = await rowsOf(
        database(),
        `with linked as (
           select ct_sp_id, count(*) as names, bool_or(cd_nom = cd_ref) as has_accepted
             from taxonomie.taxref_liens join taxonomie.taxref using (cd_nom)
            where ct_name = 'GBIF' and id_rang = 'ES' group by 1)
         select count(*)::int as keys, count(*) filter (where names > 1)::int as ambiguous,
                count(*) filter (where not has_accepted)::int as synonyms from linked`,
      );
      assert.deepEqual(counts, { keys: 112, ambiguous: 6, synonyms: 3 });
      // The statement with which users look for the phyla to ask for.
      const phyla = await rowsOf(
        database(),
        `select distinct ct_sp_id from taxonomie.taxref join taxonomie.taxref_liens using (cd_nom)
          where ct_name = 'GBIF' and id_rang = 'PH' and regne = 'Animalia' and phylum <> 'Chordata' order by 1`,
      );
      assert.deepEqual(
        phyla.map(({ ct_sp_id }) => ct_sp_id),
        ["42", "52", "54"],
      );
    });
  });

  describe("a row of the sandbox's synthese", () => {
    test("with a code of another type is refused with P0001, an unknown code is null", async () => {
      const wrong = insertion({ id_nomenclature_sex: code("STADE_VIE", "2") });
      assert.equal(await refusal(database(), wrong), "P0001");
      const id = await observe(database(), { id_nomenclature_sex: code("SEXE", "99") });
      assert.equal(await cellOf(database(), id, "id_nomenclature_sex"), null);
    });

    test("may have a code of another type in the three columns that nobody checks", async () => {
      const id = await observe(database(), {
        id_nomenclature_behaviour: code("SEXE", "3"),
        id_nomenclature_determination_method: code("SEXE", "3"),
        id_nomenclature_info_geo_type: code("SEXE", "3"),
      });
      assert.ok(id > 0);
    });

    test("takes the instance's defaults only where a column is left out", async () => {
      const sex = "ref_nomenclatures.get_cd_nomenclature(id_nomenclature_sex)";
      const status = "ref_nomenclatures.get_cd_nomenclature(id_nomenclature_observation_status)";
      const left = await observe(database());
      assert.equal(await cellOf(database(), left, sex), "6");
      assert.equal(await cellOf(database(), left, status), "Pr");
      assert.equal(await cellOf(database(), left, "meta_v_taxref"), "Taxref V17.0");
      const given = await observe(database(), { id_nomenclature_sex: "null" });
      assert.equal(await cellOf(database(), given, sex), null);
    });

    test("is refused with inverted dates, counts, altitudes or depths, or attached to no area", async () => {
      const wrong: Record<string, string>[] = [
        { date_max: "'2026-04-30'" },
        { count_min: "2", count_max: "1" },
        { altitude_min: "2", altitude_max: "1" },
        { depth_min: "2", depth_max: "1" },
        { id_nomenclature_info_geo_type: code("TYP_INF_GEO", "2") },
      ];
      for (const columns of wrong) {
        assert.equal(
          await refusal(database(), insertion(columns)),
          "23514",
          JSON.stringify(columns),
        );
      }
    });

    test("never keeps the dates of creation and change that the loader gives", async () => {
      const id = await observe(database(), {
        unique_id_sinp: "'00000000-0000-4000-8000-000000000001'",
        meta_create_date: "'2001-01-01'",
        meta_update_date: "'2001-01-01'",
      });
      const isNow = (column: string) => `${column} > now() - interval '1 hour'`;
      assert.equal(await cellOf(database(), id, isNow("meta_create_date")), true);
      // The second write, by the trigger of the sensitivity, is an update.
      assert.equal(await cellOf(database(), id, isNow("meta_update_date")), true);
      await execute(
        database(),
        `update gn_synthese.synthese set meta_create_date = '2001-01-01', meta_update_date = '2001-01-01' where id_synthese = ${id}`,
      );
      assert.equal(await cellOf(database(), id, isNow("meta_create_date")), false);
      assert.equal(await cellOf(database(), id, isNow("meta_update_date")), true);
      await execute(
        database(),
        `update gn_synthese.synthese set meta_create_date = null where id_synthese = ${id}`,
      );
      assert.equal(await cellOf(database(), id, isNow("meta_create_date")), true);
      await execute(
        database(),
        `update gn_synthese.synthese set meta_create_date = '2001-01-01' where id_synthese = ${id}`,
      );
      // Even of a row that is there already, the trigger has set the date before the conflict is seen.
      await execute(
        database(),
        `${insertion({ unique_id_sinp: "'00000000-0000-4000-8000-000000000001'", meta_create_date: "'2001-01-01'" })}
           on conflict (unique_id_sinp) do update set meta_create_date = excluded.meta_create_date`,
      );
      assert.equal(await cellOf(database(), id, isNow("meta_create_date")), true);
    });

    test("loses the sensitivity that is inserted, and again when one of six columns is named in an update", async () => {
      const four = code("SENSIBILITE", "4");
      const id = await observe(database(), { id_nomenclature_sensitivity: four });
      assert.equal(await sensitivityOf(database(), id), "0");
      const set = (assignments: string) =>
        execute(
          database(),
          `update gn_synthese.synthese set ${assignments} where id_synthese = ${id}`,
        );
      for (const column of [
        "date_min",
        "date_max",
        "cd_nom",
        "the_geom_local",
        "id_nomenclature_bio_status",
        "id_nomenclature_behaviour",
      ]) {
        await set(`id_nomenclature_sensitivity = ${four}`);
        assert.equal(await sensitivityOf(database(), id), "4");
        await set(`${column} = ${column}`);
        assert.equal(await sensitivityOf(database(), id), "0", column);
      }
    });

    test("keeps the sensitivity of the loader in an instance whose triggers for it do nothing", async () => {
      await installSandbox(database(), { scripts: [NO_SENSITIVITY] });
      const id = await observe(database(), {
        id_nomenclature_sensitivity: code("SENSIBILITE", "4"),
      });
      await execute(
        database(),
        `update gn_synthese.synthese set cd_nom = cd_nom where id_synthese = ${id}`,
      );
      assert.equal(await sensitivityOf(database(), id), "4");
      await installSandbox(database());
    });

    test("has the sensitivity of the severest rule for its taxon, day, place and behaviour", async () => {
      const apollo = "(select cd_nom from taxonomie.taxref where lb_nom = 'Parnassius apollo')";
      const rule = (columns: Record<string, string>) =>
        rowsOf(
          database(),
          `insert into gn_sensitivity.t_sensitivity_rules (cd_nom, sensitivity_duration, ${Object.keys(columns).join(", ")})
           values (${apollo}, 10, ${Object.values(columns).join(", ")}) returning id_sensitivity as id`,
        ).then(([row]) => Number(row?.id));
      await rule({ id_nomenclature_sensitivity: code("SENSIBILITE", "1") });
      const inIsere = await rule({ id_nomenclature_sensitivity: code("SENSIBILITE", "2") });
      const breeding = await rule({ id_nomenclature_sensitivity: code("SENSIBILITE", "3") });
      await rule({
        id_nomenclature_sensitivity: code("SENSIBILITE", "4"),
        date_min: "'2020-07-01'",
        date_max: "'2020-07-31'",
      });
      await execute(
        database(),
        `insert into gn_sensitivity.cor_sensitivity_area select ${inIsere}, id_area from ref_geo.l_areas where area_name = 'Isère';
         insert into gn_sensitivity.cor_sensitivity_criteria select ${breeding}, id_nomenclature, id_type
           from ref_nomenclatures.t_nomenclatures where id_nomenclature = ${code("STATUT_BIO", "3")}`,
      );
      const cases: [Record<string, string>, string][] = [
        [{}, "1"],
        [{ the_geom_local: local(5.72, 45.19) }, "2"],
        [{ id_nomenclature_bio_status: code("STATUT_BIO", "3") }, "3"],
        [{ date_min: "'2025-07-14'", date_max: "'2025-07-14'" }, "4"],
        [{ date_min: "'1990-07-14'", date_max: "'1990-07-14'" }, "0"],
      ];
      for (const [columns, expected] of cases) {
        const id = await observe(database(), { cd_nom: apollo, ...columns });
        assert.equal(await sensitivityOf(database(), id), expected, JSON.stringify(columns));
      }
    });

    test("is linked to the areas that its local geometry meets, and only to those that are enabled", async () => {
      const lyon = await observe(database(), { the_geom_local: local(4.84, 45.76) });
      assert.deepEqual(await areasOf(database(), lyon), ["Rhône"]);
      const corner = `(select st_pointn(st_exteriorring(st_geometryn(geom, 1)), 1) from ref_geo.l_areas where area_name = 'Loire')`;
      const border = await observe(database(), { the_geom_local: corner });
      assert.deepEqual(await areasOf(database(), border), ["Loire", "Puy-de-Dôme"]);
      const touching = `(select st_exteriorring(st_geometryn(geom, 1)) from ref_geo.l_areas where area_name = 'Ain')`;
      const line = await observe(database(), { the_geom_local: touching });
      assert.deepEqual(await areasOf(database(), line), []);
      const nowhere = await observe(database(), {
        the_geom_4326: "st_setsrid(st_makepoint(4.84, 45.76), 4326)",
      });
      assert.deepEqual(await areasOf(database(), nowhere), []);
      await execute(
        database(),
        "update ref_geo.l_areas set enable = false where area_name = 'Rhône'",
      );
      const disabled = await observe(database(), { the_geom_local: local(4.84, 45.76) });
      assert.deepEqual(await areasOf(database(), disabled), []);
      assert.deepEqual(await areasOf(database(), lyon), []);
      await execute(
        database(),
        "update ref_geo.l_areas set enable = true where area_name = 'Rhône'",
      );
      assert.deepEqual(await areasOf(database(), disabled), ["Rhône"]);
    });

    test("is linked again when an update names a geometry, even the one that is there", async () => {
      const id = await observe(database(), { the_geom_local: local(4.84, 45.76) });
      const unlink = () =>
        execute(database(), `delete from gn_synthese.cor_area_synthese where id_synthese = ${id}`);
      const set = (assignment: string) =>
        execute(
          database(),
          `update gn_synthese.synthese set ${assignment} where id_synthese = ${id}`,
        );
      await unlink();
      await set("comment_description = 'x'");
      assert.deepEqual(await areasOf(database(), id), []);
      for (const column of ["the_geom_local", "the_geom_4326"]) {
        await unlink();
        await set(`${column} = ${column}`);
        assert.deepEqual(await areasOf(database(), id), ["Rhône"], column);
      }
      await set(`the_geom_local = ${local(5.72, 45.19)}`);
      assert.deepEqual(await areasOf(database(), id), ["Isère"]);
    });

    test("gets the status, date, comment and validator of a validation by its uuid, and no other way", async () => {
      const uuid = "00000000-0000-4000-8000-00000000000a";
      const id = await observe(database(), { unique_id_sinp: `'${uuid}'` });
      const validate = (status: string) =>
        execute(
          database(),
          `insert into gn_commons.t_validations (uuid_attached_row, id_nomenclature_valid_status, id_validator, validation_comment, validation_date)
           values ('${uuid}', ${code("STATUT_VALID", status)}, 2, 'vu', '2026-06-01')`,
        );
      await validate("1");
      const shown = `ref_nomenclatures.get_cd_nomenclature(id_nomenclature_valid_status) || ' ' || validator || ' ' || validation_comment || ' ' || meta_validation_date::date`;
      assert.equal(await cellOf(database(), id, shown), "1 CURIE Marie vu 2026-06-01");
      await execute(
        database(),
        `update gn_synthese.synthese set unique_id_sinp = gen_random_uuid() where id_synthese = ${id}`,
      );
      await validate("4");
      assert.equal(await cellOf(database(), id, shown), "1 CURIE Marie vu 2026-06-01");
    });

    test("loses the text of its observers as soon as one with an account is linked", async () => {
      const id = await observe(database(), { observers: "'Anne Martin'" });
      await execute(
        database(),
        `insert into gn_synthese.cor_observer_synthese values (${id}, 3), (${id}, 2)`,
      );
      assert.equal(await cellOf(database(), id, "observers"), "CURIE Marie, FABRE Jean-Henri");
    });

    test("leaves a line in the log when it is deleted, and its validations", async () => {
      const uuid = "00000000-0000-4000-8000-00000000000b";
      const id = await observe(database(), {
        unique_id_sinp: `'${uuid}'`,
        the_geom_local: local(4.84, 45.76),
      });
      await execute(
        database(),
        `insert into gn_commons.t_validations (uuid_attached_row, id_nomenclature_valid_status) values ('${uuid}', ${code("STATUT_VALID", "1")});
         delete from gn_synthese.synthese where id_synthese = ${id}`,
      );
      const left = await rowsOf(
        database(),
        `select (select last_action from gn_synthese.t_log_synthese where id_synthese = ${id}) as action,
                (select count(*)::int from gn_synthese.cor_area_synthese where id_synthese = ${id}) as links,
                (select count(*)::int from gn_commons.t_validations where uuid_attached_row = '${uuid}') as validations`,
      );
      assert.deepEqual(left, [{ action: "D", links: 0, validations: 1 }]);
    });

    test("writes its media into the history", async () => {
      await execute(
        database(),
        `insert into gn_commons.t_medias (id_nomenclature_media_type, id_table_location, media_url)
         select ${code("TYPE_MEDIA", "2")}, id_table_location, 'x' from gn_commons.bib_tables_location where table_name = 'synthese';
         update gn_commons.t_medias set media_url = 'y'; delete from gn_commons.t_medias`,
      );
      assert.deepEqual(
        await rowsOf(
          database(),
          "select string_agg(operation_type, '' order by id_history_action) as operations from gn_commons.t_history_actions",
        ),
        [{ operations: "IUD" }],
      );
    });

    test("has a uuid of its own; its source's key is not unique until gbif-source.sql has run", async () => {
      const uuid = { unique_id_sinp: "'00000000-0000-4000-8000-00000000000c'" };
      await observe(database(), uuid);
      assert.equal(await refusal(database(), insertion(uuid)), "23505");
      const key = { entity_source_pk_value: "'4000000001'" };
      await observe(database(), key);
      assert.equal(await refusal(database(), insertion(key)), undefined);
    });
  });
});

const SOURCE_OF: Readonly<Record<string, string>> = {
  id_source: "(select id_source from gn_synthese.t_sources where name_source = 'GBIF')",
};

const gbifRow = (key: string): Record<string, string> => ({
  ...SOURCE_OF,
  entity_source_pk_value: `'${key}'`,
});

/** Runs setup scripts, as a role if one is named; answers with what is told when they fail. */
const setUp = async (
  { opened: database }: TestDatabase,
  scripts: readonly string[],
  role?: string,
): Promise<string | undefined> => {
  await using session = await database.session();
  try {
    if (role) await session.script(`set role ${role}`);
    for (const script of scripts) await runScript(session, script);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await session.script("reset role");
  }
};

const indexesOf = async (database: TestDatabase): Promise<unknown[]> =>
  (
    await rowsOf(
      database,
      `select indexrelid::regclass::text as name from pg_index
        where indrelid = 'gn_synthese.synthese'::regclass and indpred is not null and indisvalid order by 1`,
    )
  ).map(({ name }) => name);

onEachDatabase((database) => {
  describe("gbif-source.sql", () => {
    test("says that there is no GeoNature where there is none", async () => {
      assert.match(
        String(await setUp(database(), [SOURCE])),
        /gbif-source\.sql:6:1 failed: there is no GeoNature in database \S+: it has no schema gn_synthese\. Name the database of yours \(DATABASE_URL or --database\); to try one, put sql\/geonature-sandbox\.sql first under setup\. Nothing/,
      );
    });

    test("makes the source with its link, the tables and a unique index for this source alone; again, nothing", async () => {
      await installSandbox(database(), { scripts: [SANDBOX, STAGING, SOURCE, SOURCE] });
      assert.deepEqual(
        await rowsOf(
          database(),
          "select url_source, entity_source_pk_field from gn_synthese.t_sources where name_source = 'GBIF'",
        ),
        [{ url_source: "https://www.gbif.org/occurrence", entity_source_pk_field: "gbifID" }],
      );
      assert.equal((await indexesOf(database())).length, 1);
      await observe(database(), gbifRow("4000000001"));
      assert.equal(await refusal(database(), insertion(gbifRow("4000000001"))), "23505");
      await observe(database(), { entity_source_pk_value: "'4000000001'" });
      assert.equal(
        await refusal(database(), insertion({ entity_source_pk_value: "'4000000001'" })),
        undefined,
      );
      for (const table of ["cor_taxon", "cor_dataset", "cor_taxon_key"]) {
        assert.deepEqual(await rowsOf(database(), `select * from pinv_gbif.${table}`), []);
      }
    });

    test("lists the rows that have a gbifID twice before it builds the index", async () => {
      await execute(
        database(),
        `drop index ${(await indexesOf(database()))[0]}; delete from gn_synthese.synthese`,
      );
      const ids: number[] = [];
      for (let number = 10; number < 22; number++) {
        ids.push(await observe(database(), gbifRow(String(number))));
        ids.push(await observe(database(), gbifRow(String(number))));
      }
      await observe(database(), gbifRow("30"));
      const message = String(await setUp(database(), [SOURCE]));
      assert.match(
        message,
        /the source GBIF \(id_source \d+\) has 12 gbifID more than once\. Keep one row of each:\n/,
      );
      assert.ok(message.includes(`\n  10: id_synthese ${ids[0]}, ${ids[1]}\n  11: `), message);
      assert.match(message, /\n {2}19: [^\n]+\n {2}and 2 more\nNothing of it was kept/);
      assert.deepEqual(await indexesOf(database()), []);
    });

    test("builds an index again that an interrupted build left behind", async () => {
      const [source] = await rowsOf(
        database(),
        "select id_source from gn_synthese.t_sources where name_source = 'GBIF'",
      );
      assert.equal(
        await refusal(
          database(),
          `create unique index concurrently left_behind on gn_synthese.synthese (entity_source_pk_value) where id_source = ${source?.id_source}`,
        ),
        "23505",
      );
      assert.deepEqual(
        await rowsOf(
          database(),
          "select indisvalid from pg_index where indexrelid = 'gn_synthese.left_behind'::regclass",
        ),
        [{ indisvalid: false }],
      );
      await execute(database(), "delete from gn_synthese.synthese");
      assert.equal(await setUp(database(), [SOURCE]), undefined);
      assert.equal((await indexesOf(database())).length, 1);
      assert.deepEqual(
        await rowsOf(database(), "select to_regclass('gn_synthese.left_behind') as left_behind"),
        [{ left_behind: null }],
      );
    });

    test("keeps an index that the owner has made under another name, and a link that is another", async () => {
      const [name] = await indexesOf(database());
      await execute(
        database(),
        `alter index ${name} rename to made_by_hand;
         update gn_synthese.t_sources set url_source = 'https://example.org' where name_source = 'GBIF'`,
      );
      assert.equal(await setUp(database(), [SOURCE]), undefined);
      assert.deepEqual(await indexesOf(database()), ["gn_synthese.made_by_hand"]);
      assert.equal(
        database().notices.at(-1),
        "The link of the source GBIF is https://example.org, not https://www.gbif.org/occurrence; it was left as it is.",
      );
      await execute(
        database(),
        "update gn_synthese.t_sources set url_source = null where name_source = 'GBIF'",
      );
      assert.equal(await setUp(database(), [SOURCE]), undefined);
      assert.deepEqual(
        await rowsOf(
          database(),
          "select url_source from gn_synthese.t_sources where name_source = 'GBIF'",
        ),
        [{ url_source: "https://www.gbif.org/occurrence" }],
      );
    });

    test("tells a role without superuser rights all that it lacks; with just that, it can load", async () => {
      const role = `loader_${database().kind}_${process.pid}`;
      await execute(
        database(),
        `drop schema pinv_gbif cascade; delete from gn_synthese.t_sources where name_source = 'GBIF';
         drop index gn_synthese.made_by_hand; create role ${role}`,
      );
      const told: string[] = [];
      for (;;) {
        const message = await setUp(database(), [STAGING, SOURCE], role);
        if (message === undefined) break;
        told.push(message);
        assert.ok(told.length < 10, message);
        // Who gives the rights alone hears of the source and the index once more.
        const statements = [...message.matchAll(/^ {2}(.+;)$/gm)]
          .map((match) => String(match[1]))
          .filter(
            (statement) => !/lacks rights/.test(message) || /^(grant|create) /.test(statement),
          );
        // One by one, as an index is built concurrently outside a transaction.
        for (const statement of statements) await execute(database(), statement);
      }
      const [schema, rights, source, index, ...others] = told;
      assert.match(String(schema), new RegExp(`create schema pinv_gbif authorization ${role};`));
      assert.match(String(rights), new RegExp(`grant usage on schema taxonomie to ${role};\n`));
      assert.match(
        String(rights),
        new RegExp(`grant \\w+, \\w+, \\w+ on table gn_synthese.synthese to ${role};\n`),
      );
      assert.match(
        String(rights),
        /\n {2}insert into gn_synthese\.t_sources .+;\n {2}select format\('create unique index .+ \\gexec/,
      );
      assert.match(String(source), /may not make it\. .+\n {2}insert into gn_synthese\.t_sources/);
      assert.match(
        String(index),
        /only the owner of gn_synthese\.synthese can do what is missing\. Role \S+ runs once:\n {2}create unique index concurrently/,
      );
      assert.deepEqual(others, []);
      await using session = await database().opened.session();
      await session.script(`set role ${role}`);
      try {
        await session.script(
          `${insertion({ ...gbifRow("4000000002"), the_geom_local: local(4.84, 45.76) })};
           update gn_synthese.synthese set the_geom_local = ${local(5.72, 45.19)}, cd_nom = cd_nom`,
        );
      } finally {
        await session.script(`reset role; drop owned by ${role}; drop role ${role}`);
      }
      assert.deepEqual(
        await rowsOf(
          database(),
          "select area_name from gn_synthese.cor_area_synthese join ref_geo.l_areas using (id_area)",
        ),
        [{ area_name: "Isère" }],
      );
    });

    test("tells a role whose tables somebody else made by hand to become their owner, and then migrates them", async () => {
      const role = `heir_${database().kind}_${process.pid}`;
      await installSandbox(database());
      await execute(
        database(),
        `drop schema if exists pinv_gbif cascade; create schema pinv_gbif; create role ${role};
         create table pinv_gbif.tmp_gbif_data (gbif_id bigint primary key, taxonkey int);
         create table pinv_gbif.cor_multimedia (gbif_id bigint, media_url text)`,
      );
      const message = await setUp(database(), [SOURCE], role);
      assert.match(
        String(message),
        new RegExp(
          `\n {2}alter table pinv_gbif\\.cor_multimedia owner to ${role};\n {2}alter table pinv_gbif\\.tmp_gbif_data owner to ${role};\n`,
        ),
      );
      const statements = [...String(message).matchAll(/^ {2}(.+;)$/gm)].map((match) => match[1]);
      for (const statement of statements) await execute(database(), String(statement));
      assert.equal(await setUp(database(), [STAGING], role), undefined);
      await execute(database(), `drop owned by ${role} cascade; drop role ${role}`);
      await installSandbox(database(), { scripts: [STAGING, SOURCE] });
    });

    test("runs in psql too, as the sandbox does", async (context) => {
      if (database().kind === "embedded") return context.skip("psql needs a server");
      await execute(
        database(),
        "delete from gn_synthese.t_sources where name_source = 'GBIF' and false",
      );
      const psql = (script: string) =>
        promisify(execFile)("psql", ["-q", "-v", "ON_ERROR_STOP=1", database().url, "-f", script]);
      const [before] = await indexesOf(database());
      await execute(database(), `drop index ${before}`);
      for (const script of [SANDBOX, STAGING, SOURCE]) await psql(script);
      assert.equal((await indexesOf(database())).length, 1);
    });
  });

  describe("a true GeoNature", () => {
    test("is not overwritten by the sandbox", async () => {
      await execute(database(), "comment on schema gn_synthese is null");
      await assert.rejects(installSandbox(database()), {
        message: /has a GeoNature already, and the sandbox would overwrite it\. Leave/,
      });
      await execute(database(), "comment on schema gn_synthese is 'sandbox'");
      await installSandbox(database());
    });
  });

  describe("another local projection", () => {
    for (const srid of [2972, 2975]) {
      test(`${srid} is a setting of the sandbox, for its geometries and areas`, async () => {
        await execute(
          database(),
          "drop schema gn_synthese, gn_sensitivity, gn_imports, gn_meta, gn_commons, ref_geo cascade",
        );
        await installSandbox(database(), { srid });
        assert.deepEqual(
          await rowsOf(
            database(),
            `select f_table_name as table, f_geometry_column as column, srid from geometry_columns
              where f_table_schema in ('gn_synthese', 'ref_geo') and f_geometry_column not like '%4326' and f_geometry_column <> 'the_geom_point'
              order by 1, 2`,
          ),
          [
            { table: "l_areas", column: "centroid", srid },
            { table: "l_areas", column: "geom", srid },
            { table: "synthese", column: "the_geom_local", srid },
          ],
        );
        const id = await observe(database(), { the_geom_local: local(4.84, 45.76) });
        assert.deepEqual(await areasOf(database(), id), ["Rhône"]);
        const other = "st_setsrid(st_makepoint(840000, 6520000), 2154)";
        assert.match(
          String(await refusal(database(), insertion({ the_geom_local: other }))),
          /^(22023|23514)$/,
        );
        await assert.rejects(installSandbox(database(), { srid: 2154 }), {
          message: new RegExp(
            `this sandbox was made with the projection ${srid}; for 2154 make one in an empty database`,
          ),
        });
      });
    }
  });
});
