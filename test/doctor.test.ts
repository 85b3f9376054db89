/** `runner doctor`: what it says of a machine, a database and a pipeline, and that it changes nothing. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { doctorLines, type doctorObject } from "../src/commands/doctor.ts";
import type { RunnerError } from "../src/core/errors.ts";
import type { Database } from "../src/core/session.ts";
import { type Examination, examine } from "../src/doctor.ts";
import { runScript } from "../src/postgres/script.ts";
import { asRole, execute, newRole, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, loaded, planFile, runFile } from "./support/pipelines.ts";
import { planFrom } from "./support/plan.ts";
import { runRunner } from "./support/runner.ts";
import { installSandbox, NO_SENSITIVITY, SANDBOX } from "./support/sandbox.ts";

const signal = new AbortController().signal;
const ACCOUNT = { GBIF_USER: "user", GBIF_PWD: "very-secret", GBIF_EMAIL: "a@example.org" };

/** The lines of a part that are not ok, or all: `level code`. */
const of = ({ lines }: Examination, about: string) =>
  lines.filter((line) => line.about === about).map(({ level, code }) => `${level} ${code}`);
const problems = ({ lines }: Examination) =>
  lines.filter(({ level }) => level === "problem").map(({ code, about }) => `${about}: ${code}`);
const messageOf = ({ lines }: Examination, code: string) =>
  lines.find((line) => line.code === code)?.message;

onEachDatabase((database) => {
  let pipelines = "";
  const doctor = async (file: string, as: Database = database().opened) =>
    examine(await loaded(join(pipelines, file), ACCOUNT), { database: as, unset: [], signal });

  before(async () => {
    Object.assign(process.env, ACCOUNT);
    pipelines = await copyPipelines(database());
    await execute(database(), "create extension if not exists postgis");
  });

  describe("doctor of a database without a GeoNature", () => {
    test("says that and nothing else of the database, as it is why all else is missing", async () => {
      const found = await doctor("confluences.yaml");
      assert.equal(
        messageOf(found, "geonature")?.replace(/ \S+ has no/, " x has no"),
        "Database x has no GeoNature: there is no table gn_synthese.synthese. Is it the right one? Nothing else was looked at there.",
      );
      assert.deepEqual(problems(found), ["checks: geonature"]);
      assert.deepEqual(of(found, "checks"), ["problem geonature"]);
      assert.match(
        doctorLines(found, "c.yaml").at(-1) ?? "",
        /^1 problem has to be mended before a run\./,
      );
      assert.deepEqual(of(found, "flow synthese"), []);
    });
  });

  describe("doctor before the first run", () => {
    test("says once of a database in which setup has still to make the GeoNature that it is not set up", async () => {
      // As a run leaves it that failed in its setup.
      await execute(database(), "create schema runner");
      const found = await doctor("demo.yaml");
      await execute(database(), "drop schema runner");
      assert.deepEqual(problems(found), []);
      assert.deepEqual(
        of(found, "checks").filter((line) => line !== "ok postgis"),
        ["warning not_set_up"],
      );
      assert.match(
        messageOf(found, "not_set_up") ?? "",
        /^Not set up yet: setup makes .*`gn_synthese`/,
      );
    });

    test("names an archive that is not there, and one that is damaged", async () => {
      await writeFile(join(database().folder, "damaged.zip"), "PK\u0003\u0004 and no more");
      const flow = (name: string) =>
        `  - name: ${name}\n    source: { dwca: { path: ${name}.zip } }\n    sink: { file: { path: "-" } }\n`;
      const plan = await planFrom(
        `name: p\nflows:\n${flow("elsewhere")}${flow("damaged")}`,
        database(),
      );
      const found = await examine(plan, { database: database().opened, unset: [], signal });
      assert.deepEqual(problems(found), [
        "environment: input_missing",
        "flow damaged: archive_broken",
      ]);
    });
  });

  describe("doctor of a GeoNature", () => {
    before(() => installSandbox(database()));

    test("has nothing to mend before the first run, and says what setup will make", async () => {
      const found = await doctor("confluences.yaml");
      assert.deepEqual(problems(found), []);
      assert.deepEqual(of(found, "checks"), [
        "ok geonature",
        "ok postgis",
        "ok columns",
        "ok rights",
        "ok source",
        "ok source_index",
        "ok projection",
        "ok taxa",
        "warning sensitivity",
        "warning sensitivity",
        "ok areas",
        "ok loaded_before",
      ]);
      assert.match(
        messageOf(found, "source") ?? "",
        /^There is no source GBIF yet: setup makes it\.$/,
      );
      assert.match(
        messageOf(found, "taxa") ?? "",
        /^131 of 158 accepted animal taxa of TaxRef \(83 %\)/,
      );
      assert.deepEqual(of(found, "flow synthese"), ["ok flow_ready"]);
    });

    test("changes nothing: no row, no table, no number of a sequence", async () => {
      const state = async () => [
        await rowsOf(
          database(),
          `select (select count(*)::int from pg_class) as relations, (select count(*)::int from pg_namespace) as schemas,
                  (select json_agg(s order by s) from (select schemaname || sequencename || coalesce(last_value, 0) as s from pg_sequences) as t) as sequences,
                  (select md5(string_agg(t::text, '' order by t::text)) from gn_meta.t_datasets as t) as datasets,
                  (select md5(string_agg(t::text, '' order by t::text)) from gn_synthese.t_sources as t) as sources`,
        ),
        await rowsOf(
          database(),
          "select max(xmin::text::bigint) as youngest from (select xmin from pg_class union all select xmin from pg_attribute union all select xmin from gn_synthese.synthese) as t",
        ),
      ];
      const before = await state();
      for (const file of ["confluences.yaml", "observations.yaml", "demo.yaml"]) await doctor(file);
      assert.deepEqual(await state(), before);
    });

    test("refuses to write even when a check asks for it", async () => {
      const folder = join(database().folder, "checks");
      await mkdir(folder, { recursive: true });
      await writeFile(
        join(folder, "bad.sql"),
        "select 'ok' as level, setval('gn_synthese.t_sources_id_source_seq', 99)::text as message",
      );
      await writeFile(join(folder, "shape.sql"), "select 'fine' as level, 'x' as message");
      const plan = await planFrom(
        `name: p
checks: [checks/bad.sql, checks/shape.sql]
flows:
  - name: f
    source: { postgres: { sql: "select 1 as id" } }
    sink: { file: { path: "-", format: tsv } }
`,
        database(),
      );
      const found = await examine(plan, { database: database().opened, unset: [], signal });
      assert.deepEqual(of(found, "checks"), ["problem check_failed", "problem check_shape"]);
      assert.match(messageOf(found, "check_failed") ?? "", /read-only transaction/);
    });

    test("names the data sets of the query that GeoNature lacks, unless another uuid stands for them", async () => {
      const [taken] = await rowsOf(
        database(),
        "select unique_dataset_id::text as uuid from gn_meta.t_datasets where unique_dataset_id = '8a863029-f435-446a-821e-275f4f641165'",
      );
      assert.ok(taken);
      assert.deepEqual(problems(await doctor("observations.yaml")), []);
      await execute(
        database(),
        "update gn_meta.t_datasets set unique_dataset_id = '00000000-0000-4000-8000-000000000000' where unique_dataset_id = '8a863029-f435-446a-821e-275f4f641165'",
      );
      const found = await doctor("observations.yaml");
      assert.deepEqual(problems(found), ["flow datasets: dataset_unknown"]);
      assert.match(
        messageOf(found, "dataset_unknown") ?? "",
        /^1 record would be rejected as dataset_unknown: `uuid` is "8a863029-f435-446a-821e-275f4f641165", which `gn_meta\.t_datasets` does not have\. Create the data set in GeoNature/,
      );
      await execute(
        database(),
        `create schema pinv_gbif; create table pinv_gbif.cor_dataset (gbif_uuid uuid primary key, local_uuid uuid not null);
         insert into pinv_gbif.cor_dataset values ('8a863029-f435-446a-821e-275f4f641165', '00000000-0000-4000-8000-000000000000')`,
      );
      assert.deepEqual(problems(await doctor("observations.yaml")), []);
      await execute(
        database(),
        "drop schema pinv_gbif cascade; update gn_meta.t_datasets set unique_dataset_id = '8a863029-f435-446a-821e-275f4f641165' where unique_dataset_id = '00000000-0000-4000-8000-000000000000'",
      );
    });

    test("asks nothing of the columns that setup will add to staging tables made by hand", async () => {
      await execute(
        database(),
        `create schema pinv_gbif; create table pinv_gbif.tmp_gbif_data (gbif_id bigint primary key, scientific_name varchar(255), dataset_key uuid, taxonkey int);
         insert into pinv_gbif.tmp_gbif_data values (1, 'Aus bus', '50c9509d-22c7-4a22-a47d-8c48425ef4a7', 5)`,
      );
      assert.deepEqual(problems(await doctor("confluences.yaml")), []);
      await execute(database(), "drop schema pinv_gbif cascade");
    });

    test("tells triggers that do nothing, or that are switched off, from those that work", async () => {
      const rule = `insert into gn_sensitivity.t_sensitivity_rules (cd_nom, id_nomenclature_sensitivity, sensitivity_duration)
        select max(cd_nom), ref_nomenclatures.get_id_nomenclature('SENSIBILITE', '2'), 50 from taxonomie.taxref`;
      await execute(database(), rule);
      assert.deepEqual(
        of(await doctor("confluences.yaml"), "checks").filter((line) =>
          line.includes("sensitivity"),
        ),
        ["ok sensitivity", "ok sensitivity"],
      );
      await installSandbox(database(), { scripts: [NO_SENSITIVITY] });
      assert.match(
        messageOf(await doctor("confluences.yaml"), "sensitivity") ?? "",
        /^tri_insert_calculate_sensitivity does nothing \(its function was replaced\): new rows keep the sensitivity that is loaded, 0, whatever the rules say \(active: 1\)\./,
      );
      await installSandbox(database(), { scripts: [SANDBOX] });
      await execute(
        database(),
        "alter table gn_synthese.synthese disable trigger tri_insert_calculate_sensitivity; alter table gn_synthese.synthese disable trigger tri_insert_cor_area_synthese",
      );
      const off = await doctor("confluences.yaml");
      assert.match(
        messageOf(off, "sensitivity") ?? "",
        /^tri_insert_calculate_sensitivity is switched off/,
      );
      assert.match(messageOf(off, "areas") ?? "", /switched off: new rows are not linked to areas/);
      await execute(database(), "alter table gn_synthese.synthese enable trigger all");
    });

    test("names the codes of the mapping that the instance lacks, and those that it has frozen", async () => {
      const change = (set: string) =>
        execute(
          database(),
          `update ref_nomenclatures.t_nomenclatures set ${set} where cd_nomenclature in ('3', '03') and id_type = ref_nomenclatures.get_id_nomenclature_type('SEXE')`,
        );
      await change("active = false");
      assert.deepEqual(of(await doctor("confluences.yaml"), "flow synthese"), [
        "warning codes_frozen",
      ]);
      await change("active = true, cd_nomenclature = '03'");
      const found = await doctor("confluences.yaml");
      assert.deepEqual(problems(found), ["flow synthese: unknown_codes"]);
      assert.match(messageOf(found, "unknown_codes") ?? "", /SEXE 3/);
      await change("cd_nomenclature = '3'");
    });

    test("gives a role without rights all grants, which are enough for it to have no problem, and statements as psql takes them", async (t) => {
      const role = await newRole(database(), t);
      const weak = asRole(database(), role);
      const found = await doctor("confluences.yaml", weak);
      assert.ok(problems(found).includes("checks: rights"));
      const text = doctorLines(found, "c.yaml");
      const statements = text.slice(text.indexOf("For who administers the database") + 1, -2);
      const [grants, others] = [true, false].map((wanted) =>
        statements.filter((line) => /^ *(grant|create schema) /.test(line) === wanted),
      );
      await execute(database(), grants?.join("\n") ?? "");
      const after = await doctor("confluences.yaml", weak);
      // Making the source and the index takes more than a grant that a load needs.
      assert.deepEqual(problems(after), ["checks: source", "checks: source_index"]);
      assert.match(
        messageOf(after, "source_index") ?? "",
        /only the owner of gn_synthese.synthese can build it\. Once the source GBIF is there, role \S+ runs in psql:\n {2}select format.+\\gexec$/,
      );
      // They were told with the grants, so that nobody is asked twice.
      const script = join(await mkdtemp(join(tmpdir(), "doctor-")), "copied.sql");
      // psql takes the command at the end of the line, too.
      await writeFile(script, `${others?.join("\n").replace(/ (?=.gexec$)/, "\n")}\n`);
      await using session = await database().opened.session();
      await runScript(session, script);
      await runScript(session, script);
      assert.deepEqual(problems(await doctor("confluences.yaml", weak)), []);
      await session.script(
        `do $$ declare name text; begin
           select indexrelid::regclass into name from pg_index where indrelid = 'gn_synthese.synthese'::regclass and indpred is not null;
           execute 'drop index ' || name;
         end $$;
         delete from gn_synthese.t_sources where name_source = 'GBIF'`,
      );
    });

    test("asks for the same rights as the script that stops without them", async (t) => {
      const role = await newRole(database(), t);
      const weak = asRole(database(), role);
      const check = messageOf(await doctor("confluences.yaml", weak), "rights") ?? "";
      const session = await weak.session();
      const refusal = await runScript(session, join(pipelines, "sql/gbif-source.sql")).then(
        () => "",
        (error: Error) => error.message,
      );
      await session[Symbol.asyncDispose]();
      const grants = (text: string) =>
        text.split("\n").filter((line) => /^ {2}(grant|create)/.test(line));
      assert.deepEqual(grants(check), grants(refusal));
      assert.ok(grants(check).length > 10);
    });

    test("of a true GeoNature says that the sandbox's script is to leave setup, and gives none of its tables away", async (t) => {
      const role = await newRole(database(), t);
      await execute(database(), "comment on schema gn_synthese is null");
      const weak = asRole(database(), role);
      const found = await doctor("demo.yaml", weak);
      const { error } = await planFile(join(pipelines, "demo.yaml"), database());
      await execute(database(), "comment on schema gn_synthese is 'sandbox'");
      assert.match(
        messageOf(found, "sandbox_misplaced") ?? "",
        /sql\/geonature-sandbox\.sql makes a sandbox, and database \S+ has a GeoNature of its own: setup would refuse\. Take the line out of `setup`/,
      );
      assert.doesNotMatch(doctorLines(found, "d.yaml").join("\n"), /owner to/);
      assert.equal((error as RunnerError).code, "setup_failed");
    });

    test("of a sandbox that another role has made says so, and gives none of its tables away", async (t) => {
      const weak = asRole(database(), await newRole(database(), t));
      const found = await doctor("demo.yaml", weak);
      assert.match(
        messageOf(found, "sandbox_made") ?? "",
        /^The sandbox that \S*sql\/geonature-sandbox\.sql makes is there already, and it is role `\w+`'s: setup would be refused\. Run as that role, or take the line out of `setup`/,
      );
      assert.doesNotMatch(doctorLines(found, "d.yaml").join("\n"), /owner to/);
    });

    test("never advises to give away a table of GeoNature that setup alters", async (t) => {
      const role = await newRole(database(), t);
      const script = join(pipelines, "sql/mine.sql");
      await writeFile(
        script,
        "create table if not exists gn_synthese.synthese (id int); create index if not exists mine on gn_synthese.synthese (id_source);",
      );
      await execute(database(), "comment on schema gn_synthese is null");
      const plan = await loaded(join(pipelines, "confluences.yaml"), ACCOUNT);
      const found = await examine(
        { ...plan, setup: [script] },
        { database: asRole(database(), role), unset: [], signal },
      );
      await execute(database(), "comment on schema gn_synthese is 'sandbox'");
      assert.match(
        messageOf(found, "owners_other") ?? "",
        /take what alters them out of `setup`\.$/,
      );
      assert.doesNotMatch(doctorLines(found, "c.yaml").join("\n"), /owner to/);
    });
  });

  describe("doctor after a run", () => {
    before(async () => {
      await runFile(join(pipelines, "demo.yaml"), database());
    });

    test("knows the staged taxa without a link, and rows that came by another way", async () => {
      await execute(
        database(),
        `insert into gn_synthese.synthese (id_source, id_dataset, nom_cite, date_min, date_max, entity_source_pk_value)
         select (select id_source from gn_synthese.t_sources where name_source = 'Occtax'), id_dataset, 'x', now(), now(), '4000000001'
           from gn_meta.t_datasets where unique_dataset_id = '50c9509d-22c7-4a22-a47d-8c48425ef4a7'`,
      );
      const found = await doctor("demo.yaml");
      assert.deepEqual(problems(found), []);
      assert.match(
        messageOf(found, "staged_taxa") ?? "",
        /^122 of 2000 staged records have a taxon without a link/,
      );
      assert.match(
        messageOf(found, "loaded_before") ?? "",
        /^Rows of these data sets that came by another way: 1 \(with a number or an observation's link: 1\)/,
      );
      assert.match(messageOf(found, "source") ?? "", /^The source GBIF is there/);
      const adoptable = /^Rows that came by another way and are staged records: 1\. /;
      assert.match(messageOf(found, "adoptable") ?? "", adoptable);
      await execute(
        database(),
        "update gn_synthese.synthese set entity_source_pk_value = null, digital_proof = 'https://www.inaturalist.org/observations/' || (select min(id_inaturalist) from pinv_gbif.tmp_gbif_data) where nom_cite = 'x'",
      );
      assert.match(messageOf(await doctor("demo.yaml"), "adoptable") ?? "", adoptable);
    });

    test("says that a schema `runner` of an earlier version is for its owner to change, as a run does", async (t) => {
      const role = await newRole(database(), t);
      const [was] = await rowsOf(
        database(),
        "select obj_description('runner'::regnamespace) as comment, current_user as owner",
      );
      await execute(database(), "comment on schema runner is 'version 1.'");
      const weak = asRole(database(), role);
      const { error } = await planFile(join(pipelines, "demo.yaml"), {
        ...database(),
        opened: weak,
      });
      assert.equal((error as RunnerError).code, "state_outdated");
      const told = messageOf(await doctor("confluences.yaml", weak), "state_outdated");
      assert.equal(told, (error as RunnerError).message);
      assert.match(told ?? "", new RegExp(`once as \`${was?.owner}\`;`));
      await execute(database(), `comment on schema runner is '${was?.comment}'`);
    });

    test("gives a role without rights all statements at once: after them a plan of it gets to its end", async (t) => {
      const role = await newRole(database(), t);
      const weak = asRole(database(), role);
      const refused = await planFile(join(pipelines, "confluences.yaml"), {
        ...database(),
        opened: weak,
      });
      assert.equal((refused.error as RunnerError).code, "state_forbidden");
      assert.match(
        (refused.error as Error).message,
        new RegExp(
          String.raw`\n  grant usage on schema runner to ${role};\n  grant select, insert, update on all tables in schema runner to ${role};\n  grant delete on runner\.input, runner\.replayed to ${role};$`,
        ),
      );
      const text = doctorLines(await doctor("confluences.yaml", weak), "c.yaml");
      const statements = text.slice(text.indexOf("For who administers the database") + 1, -2);
      assert.ok(
        statements.some((line) => /alter table pinv_gbif.cor_taxon owner to/.test(line)),
        statements.join("\n"),
      );
      await execute(database(), statements.join("\n"));
      const after = await doctor("confluences.yaml", weak);
      assert.deepEqual(problems(after), [], doctorLines(after, "c.yaml").join("\n"));
      // Inside the embedded database, only a superuser may send rows.
      if (database().kind === "server") {
        const planned = await planFile(
          join(pipelines, "confluences.yaml"),
          { ...database(), opened: weak },
          { flows: ["synthese"] },
        );
        assert.equal(planned.status, "done", (planned.error as Error | undefined)?.message);
      }
    });

    test("gives the grants for all tables of a statement that reads several", async (t) => {
      const role = await newRole(database(), t);
      await execute(
        database(),
        "create schema shut; create table shut.a (id int); create table shut.b (id int, t text)",
      );
      const plan = await planFrom(
        `name: p
flows:
  - name: f
    source: { postgres: { sql: "select a.id, b.t from shut.a as a join shut.b as b using (id) -- shut.c" } }
    sink: { file: { path: "-", format: tsv } }
`,
        database(),
      );
      const look = async () =>
        examine(plan, { database: asRole(database(), role), unset: [], signal });
      const message = messageOf(await look(), "rights_missing") ?? "";
      const statements = message.split("\n").slice(1);
      assert.deepEqual(statements, [
        `  grant usage on schema shut to ${role};`,
        `  grant select on table shut.a to ${role};`,
        `  grant select on table shut.b to ${role};`,
      ]);
      await execute(database(), statements.join("\n"));
      assert.deepEqual(of(await look(), "flow f"), ["ok flow_ready"]);
      await execute(database(), "drop schema shut cascade");
    });

    test("counts rows that count as not sensitive although their taxon has a rule, and says what computes it anew", async () => {
      assert.match(
        messageOf(await doctor("demo.yaml"), "sensitive_rows") ?? "",
        /^No row from GBIF/,
      );
      await execute(
        database(),
        `insert into gn_sensitivity.t_sensitivity_rules (cd_nom, id_nomenclature_sensitivity, sensitivity_duration)
         select cd_nom, ref_nomenclatures.get_id_nomenclature('SENSIBILITE', '2'), 50 from taxonomie.taxref where lb_nom = 'Misumena vatia'`,
      );
      const [rows] = await rowsOf(
        database(),
        "select count(*)::int as n from gn_synthese.synthese where cd_nom in (select cd_nom from taxonomie.taxref where lb_nom = 'Misumena vatia')",
      );
      assert.ok(Number(rows?.n) > 0);
      const told = messageOf(await doctor("demo.yaml"), "sensitive_rows") ?? "";
      assert.match(
        told,
        new RegExp(
          `their taxon has a rule: ${rows?.n}, most of all Misumena vatia \\(${rows?.n}\\)\\. A rule may`,
        ),
      );
      const anew = /`(update [^`]+;)` does\.$/.exec(told)?.[1] ?? "";
      assert.match(anew, / where id_source = \d+;$/);
      await execute(database(), anew);
      const [left] = await rowsOf(
        database(),
        `select count(*)::int as n from gn_synthese.synthese
          where cd_nom in (select cd_nom from taxonomie.taxref where lb_nom = 'Misumena vatia')
            and date_min > now() - interval '50 years'
            and id_nomenclature_sensitivity = ref_nomenclatures.get_id_nomenclature('SENSIBILITE', '0')`,
      );
      assert.equal(left?.n, 0);
    });

    test("warns of records that the INPN itself has published", async () => {
      assert.equal(messageOf(await doctor("demo.yaml"), "staged_inpn"), undefined);
      await execute(
        database(),
        "update pinv_gbif.tmp_gbif_data set institution_code = 'UMS PatriNat (OFB-CNRS-MNHN)' where gbif_id in (select gbif_id from pinv_gbif.tmp_gbif_data where dataset_key = '50c9509d-22c7-4a22-a47d-8c48425ef4a7' order by gbif_id limit 3)",
      );
      assert.match(
        messageOf(await doctor("demo.yaml"), "staged_inpn") ?? "",
        /^3 staged records were published by the INPN itself \(data set 50c9509d-22c7-4a22-a47d-8c48425ef4a7\)/,
      );
    });

    test("finds gbifIDs that are there twice, and an index that cannot be built for them", async () => {
      await execute(
        database(),
        `do $$ declare name text; begin
           select indexrelid::regclass into name from pg_index where indrelid = 'gn_synthese.synthese'::regclass and indpred is not null;
           execute 'drop index ' || name;
         end $$;
         insert into gn_synthese.synthese (id_source, id_dataset, nom_cite, date_min, date_max, entity_source_pk_value)
         select id_source, id_dataset, 'x', now(), now(), entity_source_pk_value from gn_synthese.synthese
          where id_source = (select id_source from gn_synthese.t_sources where name_source = 'GBIF') order by id_synthese limit 1`,
      );
      const found = await doctor("demo.yaml");
      assert.deepEqual(problems(found), ["checks: source_index"]);
      assert.match(
        messageOf(found, "source_index") ?? "",
        /^gbifIDs that are more than once in the synthese under the source GBIF: 1 /,
      );
    });
  });
});

describe("doctor of a machine", () => {
  const plain = `name: p
flows:
  - name: f
    source: { gbif: { query: { type: equals, key: DATASET_KEY, value: 50c9509d-22c7-4a22-a47d-8c48425ef4a7 }, table: occurrence, cache: cache } }
    sink: { file: { path: "-", format: tsv } }
`;
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-doctor-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const run = async (
    yaml: string,
    environment: NodeJS.ProcessEnv,
    words: readonly string[] = [],
  ) => {
    await writeFile(join(folder, "p.yaml"), yaml);
    return runRunner(["doctor", "p.yaml", ...words], { cwd: folder, environment });
  };

  test("tells what account is missing, and never shows one that is there", async () => {
    const without = await run(plain, { GBIF_USER: "", GBIF_PWD: "", GBIF_EMAIL: "" });
    assert.equal(without.code, 3);
    assert.match(
      without.stdout,
      / problem {2}gbif: .*set `GBIF_USER`, `GBIF_PWD` and `GBIF_EMAIL`/,
    );
    const given = await run(plain, ACCOUNT);
    assert.equal(given.code, 0, given.stdout);
    assert.match(given.stdout, /ok {7}gbif: `GBIF_USER`, `GBIF_PWD` and `GBIF_EMAIL` are set\./);
    assert.doesNotMatch(given.stdout + given.stderr, /very-secret/);
    assert.match(given.stdout, /The embedded database is made by the first run/);
    assert.match(given.stdout, /Nothing has to be mended\. Next: `runner plan p\.yaml`\.\n$/);
  });

  test("warns where checks have no database to look at, as none was named", async () => {
    await writeFile(join(folder, "check.sql"), "select 'ok' as level, 'Well.' as message");
    const { code, stdout } = await run(
      plain.replace("flows:", "checks: [check.sql]\nflows:"),
      ACCOUNT,
    );
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      / warning {2}The embedded database is made by the first run, with nothing in it but what `setup` makes: the checks were not asked\./,
    );
    assert.match(stdout, /There is 1 warning\./);
  });

  test("leaves no trace on the disk", async () => {
    await run(plain, ACCOUNT);
    assert.deepEqual(await readdir(folder), ["p.yaml"]);
  });

  test("lists variables without a value with their place, and a database that is one is not asked", async () => {
    const { code, stdout } = await run(
      plain.replace("name: p\n", "name: p\ndatabase: ${DOCTOR_URL}\n"),
      { ...ACCOUNT, DOCTOR_URL: "" },
      ["--json"],
    );
    assert.equal(code, 3);
    const { status, database, lines } = JSON.parse(stdout) as ReturnType<typeof doctorObject>;
    assert.deepEqual([status, database], ["problem", null]);
    assert.deepEqual(
      lines
        .filter(({ level }) => level !== "ok")
        .map(({ about, level, code }) => ({ about, level, code })),
      [
        { about: "environment", level: "problem", code: "variable_unset" },
        { about: "database", level: "warning", code: "not_asked" },
      ],
    );
    const [variable] = lines.filter((line) => line.code === "variable_unset");
    assert.deepEqual(variable, { ...variable, file: "p.yaml", line: 2, column: 11 });
  });

  test("says why a server cannot be reached, without its password", async () => {
    const { code, stdout } = await run(plain, ACCOUNT, [
      "--database",
      "postgresql://me:hush-hush@127.0.0.1:1/x",
    ]);
    assert.equal(code, 3);
    assert.match(
      stdout,
      /problem {2}There is no connection to postgresql:\/\/me@127\.0\.0\.1:1\/x/,
    );
    assert.doesNotMatch(stdout, /hush-hush/);
  });

  test("ends with 2 and the complaints of `validate` when the pipeline is wrong", async () => {
    const { code, stderr } = await run(
      plain.replace("table: occurrence", "tabel: occurrence"),
      ACCOUNT,
    );
    assert.equal(code, 2);
    assert.match(stderr, /has no option `tabel`/);
  });

  test("complains of a cache folder that is none, or cannot be written", async () => {
    await writeFile(join(folder, "cache"), "");
    const { code, stdout } = await run(plain, ACCOUNT);
    assert.equal(code, 3);
    assert.match(stdout, /GBIF's archives go into cache, which cannot be written/);
  });
});
