/** `validate --connect`: what only the database knows, found without writing anything. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, describe, test } from "node:test";
import { askDatabaseOf } from "../src/connect.ts";
import { loadPipeline } from "../src/core/pipeline-file.ts";
import type { Plan } from "../src/core/plan.ts";
import type { Database } from "../src/core/session.ts";
import { components } from "../src/registry.ts";
import {
  asRole,
  execute,
  newRole,
  onEachDatabase,
  rowsOf,
  type TestDatabase,
} from "./support/database.ts";
import { copyPipelines, loaded } from "./support/pipelines.ts";
import { planFrom } from "./support/plan.ts";
import { runRunner } from "./support/runner.ts";
import { installSandbox, SANDBOX, SOURCE, STAGING, TAXA } from "./support/sandbox.ts";

const signal = new AbortController().signal;

/** A pipeline of one flow; the source gives the columns that its statement has. */
const flow = (select: string, sink: string, transforms = ""): string => `name: p
flows:
  - name: f
    source: { postgres: { sql: "${select}" } }
    transforms: [${transforms}]
    sink: { ${sink} }
`;

const askedOf = async (plan: Plan, as: Database) =>
  (await askDatabaseOf(plan, { database: as, signal })).complaints;
const complaints = async (yaml: string, database: TestDatabase, as: Database = database.opened) =>
  (await askedOf(await planFrom(yaml, database), as)).map(({ code, message, place }) => ({
    code,
    message,
    at: `${place.line}:${place.column}`,
  }));
const codes = async (yaml: string, database: TestDatabase) =>
  (await complaints(yaml, database)).map(({ code }) => code);

onEachDatabase((database) => {
  before(() =>
    execute(
      database(),
      `create schema s;
       create table s.bird (id integer primary key, seen date, note varchar(5), is_rare boolean default false, weight numeric not null default 0);
       create table s.plain (id integer, name text not null);
       create table s.loud (id integer primary key, word text, loud text generated always as (upper(word)) stored);
       create table s.nest (id integer primary key, bird integer references s.bird);
       create table s.bird_track (id integer primary key, hash uuid not null, version text not null, run bigint not null, input bigint);
       create table s.bird_track_written (id integer primary key, note integer);`,
    ),
  );

  describe("validate --connect", () => {
    test("complains of a table that is not there, with the nearest name, under its name", async () => {
      const [one, ...others] = await complaints(
        flow("select 1 as id", "postgres_copy: { table: s.brid, mode: append }"),
        database(),
      );
      assert.deepEqual(others, []);
      assert.deepEqual(one, {
        code: "unknown_table",
        message:
          "There is no table `s.brid` in the database. Did you mean `s.bird`? A script under `setup`, or `create` of the sink, can make it.",
        at: "6:37",
      });
    });

    test("complains of a column that the table does not have, of one that it requires, and of SQL that cannot be read", async () => {
      const copy = "postgres_copy: { table: s.plain, mode: append }";
      assert.deepEqual(await codes(flow("select 1 as id, 'x' as nmae", copy), database()), [
        "missing_columns",
      ]);
      assert.deepEqual(await codes(flow("select 1 as id", copy), database()), ["required_columns"]);
      assert.deepEqual(await complaints(flow("select idd, name from s.plain", copy), database()), [
        {
          code: "query_failed",
          message:
            'The statement `sql` failed: column "idd" does not exist. Perhaps you meant to reference the column "plain.id".',
          at: "4:40",
        },
      ]);
    });

    test("puts a mistake of SQL where it stands in the YAML, folded or as a block", async () => {
      const at = async (sql: string) => {
        const text = flow("", "file: { path: out }").replace('{ postgres: { sql: "" } }', sql);
        return (await complaints(text, database())).map((one) => one.at);
      };
      assert.deepEqual(
        await at(
          "\n      postgres:\n        sql: >-\n          select 1,\n                 nope(2)",
        ),
        ["8:18"],
      );
      assert.deepEqual(
        await at(
          "\n      postgres:\n        sql: |\n          -- two\n\n          select 1 as a form",
        ),
        ["9:25"],
      );
      // What is not written letter for letter has the place of its beginning.
      assert.deepEqual(await at('{ postgres: { sql: "select \\"a\\" from nope" } }'), ["4:32"]);
    });

    test("asks about what is right of a file that is wrong otherwise, and takes nothing to be missing for it", async () => {
      const file = join(database().folder, "partly.yaml");
      await writeFile(
        file,
        `name: p
flows:
  - name: a
    source: { postgres: { sql: "select 1 as id, nope" } }
    sink: { postgres_copy: { table: s.made, mode: sometimes } }
  - name: b
    source: { postgres: { sql: "select id from s.made" } }
    transforms: [{ nothing: {} }]
    sink: { postgres_copy: { table: s.made_too, mode: append } }
  - name: c
    source: { postgres: { sql: "select 1 as id form s.plain" } }
    sink: { file: { path: out.tsv } }
`,
      );
      const { draft } = await loadPipeline(file, { components, environment: {}, isOffline: true });
      const { complaints: all, database: label } = await askDatabaseOf(draft ?? assert.fail(), {
        database: database().opened,
        signal,
      });
      assert.deepEqual(
        all.map(({ code, place }) => `${code} ${place.line}`),
        ["query_failed 4", "query_failed 11"],
      );
      assert.equal(label, database().opened.label);
    });

    test("complains of types none of whose values can fit, and follows a column through its renaming", async () => {
      const copy = "postgres_copy: { table: s.bird, mode: append }";
      const renamed = "{ project: { columns: { id: id, seen: u } }, }";
      const [one] = await complaints(
        flow("select 1 as id, gen_random_uuid() as u", copy, renamed),
        database(),
      );
      assert.equal(one?.code, "type_cannot_fit");
      assert.equal(
        one?.message,
        "Column `seen` of `s.bird` is date, and gets values of type uuid: none can fit. Is it the right column?",
      );
      assert.deepEqual(
        await codes(flow("select 1::bigint as id, now() as seen", copy), database()),
        [],
      );
    });

    test("complains of all columns of a flow that cannot fit, and of those that the database computes", async () => {
      const copy = "postgres_copy: { table: s.bird, mode: append }";
      const wrong = flow("select gen_random_uuid() as id, true as seen, 'x' as note", copy);
      assert.deepEqual(await codes(wrong, database()), ["type_cannot_fit", "type_cannot_fit"]);
      assert.deepEqual(
        await complaints(
          flow(
            "select 1 as id, 'a' as word, 'A' as loud",
            "postgres_upsert: { table: s.loud, key: [id] }",
          ),
          database(),
        ),
        [
          {
            code: "columns_computed",
            message:
              "Table `s.loud` computes `loud` itself (`generated always`) and refuses values for it. Leave it out with `project`.",
            at: "6:13",
          },
        ],
      );
    });

    test("complains of a constant that is no value of its column, or too long for it", async () => {
      const set = (value: string) =>
        flow(
          "select 1 as id",
          "postgres_copy: { table: s.bird, mode: append }",
          `{ set: { columns: { ${value} } } }`,
        );
      assert.deepEqual(await codes(set("seen: yesterday"), database()), []);
      assert.deepEqual(await codes(set("seen: soon"), database()), ["value_cannot_fit"]);
      assert.deepEqual(await codes(set("note: abcdef"), database()), ["value_cannot_fit"]);
      assert.deepEqual(await codes(set("note: abcde"), database()), []);
    });

    test("complains of a key without a unique index, of `replace` of a referenced table, of derived SQL and of `hold_when`", async () => {
      const upsert = (options: string) => `postgres_upsert: { ${options} }`;
      const of = (sink: string) => codes(flow("select 1 as id, 'x' as name", sink), database());
      assert.deepEqual(await of(upsert("table: s.plain, key: [id]")), ["key_not_unique"]);
      assert.deepEqual(
        await of(
          upsert("table: s.bird, key: [id], derive: { note: upper(name), seen: nmae::date }"),
        ),
        ["expression_failed"],
      );
      assert.deepEqual(
        await of(
          upsert(
            "table: s.bird, key: [id], derive: { note: name }, hold_when: { where: is_rre, columns: [note] }",
          ),
        ),
        ["expression_failed"],
      );
      const adopt = (where: string, record: string) =>
        of(
          upsert(
            `table: s.bird, key: [id], derive: { note: name }, adopt: { where: ${where}, within: [id], match: [{ row: note, record: ${record} }] }`,
          ),
        );
      assert.deepEqual(await adopt("is_rare", "upper(name)"), []);
      assert.deepEqual(await adopt("is_rre", "upper(name)"), ["expression_failed"]);
      assert.deepEqual(await adopt("is_rare", "upper(nmae)"), ["expression_failed"]);
      const labels = (query: string) =>
        of(upsert(`table: s.bird, key: [id], derive: { note: name }, labels: { n*: "${query}" }`));
      assert.deepEqual(await labels("select note, id from s.bird"), []);
      assert.deepEqual(await labels("select note from s.bird"), ["expression_failed"]);
      assert.deepEqual(
        await of(
          upsert("table: s.bird, key: [id], derive: { note: name }, on_insert: { weight: heavy }"),
        ),
        ["value_cannot_fit"],
      );
      assert.deepEqual(
        await codes(
          flow("select 1 as id", "postgres_copy: { table: s.bird, mode: replace }"),
          database(),
        ),
        ["referenced_table"],
      );
    });

    test("complains of a lookup's table, columns and SQL", async () => {
      const lookup = (options: string) =>
        flow(
          "select 1 as id",
          "postgres_copy: { table: s.nest, mode: append }",
          `{ lookup: { from: id, ${options}, columns: { bird: id } } }`,
        );
      assert.deepEqual(await codes(lookup("table: s.bird, key: id"), database()), []);
      assert.deepEqual(await codes(lookup("table: s.birds, key: id"), database()), [
        "unknown_table",
      ]);
      assert.deepEqual(await codes(lookup("table: s.bird, key: ident"), database()), [
        "table_column_unknown",
      ]);
      assert.deepEqual(await codes(lookup("table: s.bird, key: id, where: sen > 1"), database()), [
        "lookup_failed",
      ]);
    });

    test("does not complain of what an earlier flow makes, nor of what it puts there", async () => {
      const yaml = `name: p
flows:
  - name: first
    source: { postgres: { sql: "select 1 as id, 'x' as name" } }
    sink: { postgres_copy: { table: fresh.names, mode: replace, create: { columns: { id: integer, name: text }, primary_key: [id] } } }
  - name: second
    source: { postgres: { sql: "select * from fresh.names" } }
    sink: { file: { path: "-", format: tsv } }
  - name: third
    source: { postgres: { sql: "select 1 as id" } }
    transforms:
      - lookup: { from: id, table: fresh.names, key: id, columns: { name: name }, missing: stop }
    sink: { file: { path: "-", format: tsv } }
`;
      assert.deepEqual(await codes(yaml, database()), []);
    });

    test("names the grants that a role without rights lacks, once for each table", async (t) => {
      const role = await newRole(database(), t);
      const yaml = flow(
        "select 1 as id, 'x' as note",
        "postgres_upsert: { table: s.bird, key: [id] }",
        "{ lookup: { from: id, table: s.nest, key: id } }, { lookup: { from: note, table: s.nest, key: id } }",
      );
      const found = await complaints(yaml, database(), asRole(database(), role));
      assert.deepEqual(
        found.map(({ message }) => message),
        [
          `Role \`${role}\` lacks rights for \`s.nest\`. Who administers the database runs:\n  grant usage on schema s to ${role};\n  grant select on table s.nest to ${role};`,
          `Role \`${role}\` lacks rights for \`s.bird\`. Who administers the database runs:\n  grant usage on schema s to ${role};\n  grant insert, select, update on table s.bird to ${role};`,
        ],
      );
      await execute(
        database(),
        `grant usage on schema s to ${role}; grant select on s.nest to ${role}; grant insert, select, update on s.bird to ${role}`,
      );
      assert.deepEqual(await complaints(yaml, database(), asRole(database(), role)), []);
    });
  });

  describe("validate --connect, of rows that vanish", () => {
    const vanishing = (vanished: string) =>
      flow(
        "select 1 as id, 'x' as note",
        `postgres_upsert: { table: s.bird, key: [id], track: s.bird_track, vanished: { of: f, ${vanished} } }`,
      );
    const present = "present: select id from s.plain";

    test("names the grants for all that is deleted, and for what is asked", async (t) => {
      const role = await newRole(database(), t);
      await execute(
        database(),
        `grant usage on schema s to ${role}; grant select, insert, update on s.bird, s.bird_track to ${role}`,
      );
      const asked = () =>
        complaints(
          vanishing(
            `action: delete, ${present}, keep_when: id in (select bird from s.nest), along: [{ table: s.nest, column: bird, of: id }]`,
          ),
          database(),
          asRole(database(), role),
        );
      const grants = (await asked()).map(({ message }) => message.split("\n").slice(1));
      assert.deepEqual(grants.flat(), [
        `  grant delete on table s.bird to ${role};`,
        `  grant delete on table s.bird_track to ${role};`,
        `  grant delete, insert, select, update on table s.bird_track_written to ${role};`,
        `  grant select on table s.plain to ${role};`,
        `  grant select on table s.nest to ${role};`,
        `  grant delete, select on table s.nest to ${role};`,
      ]);
      await execute(database(), grants.flat().join("\n"));
      assert.deepEqual(await asked(), []);
    });

    test("names the grants for what triggers write when rows are deleted, but not with the rights of their owner", async (t) => {
      const role = await newRole(database(), t);
      await execute(
        database(),
        `create schema logs;
         create table logs.deleted (id int primary key, at timestamptz); create table logs.counts (n int); create table logs.hidden (id int);
         create function logs.note() returns trigger language plpgsql as $$ begin
           insert into logs.deleted values (old.id, now()) on conflict (id) do update set at = excluded.at;
           UPDATE logs.counts set n = n - 1; return null; end $$;
         create function logs.hide() returns trigger language plpgsql security definer as $$ begin insert into logs.hidden values (old.id); return null; end $$;
         create trigger note after delete on s.bird for each row execute function logs.note();
         create trigger hide after insert or delete on s.bird for each row execute function logs.hide();
         grant usage on schema s to ${role}; grant select on s.plain to ${role};
         grant select, insert, update, delete on s.bird, s.bird_track, s.bird_track_written to ${role}`,
      );
      const asked = () =>
        complaints(vanishing(`action: delete, ${present}`), database(), asRole(database(), role));
      const grants = (await asked()).flatMap(({ message }) => message.split("\n").slice(1));
      assert.deepEqual(grants, [
        `  grant usage on schema logs to ${role};`,
        `  grant insert, select, update on table logs.deleted to ${role};`,
        `  grant usage on schema logs to ${role};`,
        `  grant select, update on table logs.counts to ${role};`,
      ]);
      await execute(database(), grants.join("\n"));
      assert.deepEqual(await asked(), []);
      await execute(
        database(),
        "drop trigger note on s.bird; drop trigger hide on s.bird; drop schema logs cascade",
      );
    });

    test("names the grants for what only its conditions read in the same round as those for the table itself", async (t) => {
      const role = await newRole(database(), t);
      await execute(
        database(),
        `create schema apart; create table apart.media (bird int); create table apart.names (id int, name text)`,
      );
      const yaml = flow(
        "select 1 as id, 'x' as note",
        `postgres_upsert: { table: s.bird, key: [id], track: s.bird_track, hold_when: { where: exists (select from s.nest where bird = bird.id), columns: [note] }, labels: { note: "select id::text, name from apart.names" }, vanished: { of: f, action: delete, ${present}, keep_when: exists (select from apart.media where bird = bird.id) } }`,
      );
      const asked = () => complaints(yaml, database(), asRole(database(), role));
      const grants = (await asked()).flatMap(({ message }) => message.split("\n").slice(1));
      for (const table of ["apart.media", "apart.names", "s.nest"]) {
        assert.ok(
          grants.includes(`  grant select on table ${table} to ${role};`),
          grants.join("\n"),
        );
      }
      await execute(database(), grants.join("\n"));
      assert.deepEqual(await asked(), []);
      await execute(database(), "drop schema apart cascade");
    });

    test("needs fewer rights where rows are only reported", async (t) => {
      const role = await newRole(database(), t);
      await execute(
        database(),
        `grant usage on schema s to ${role}; grant select, insert, update on s.bird to ${role};
         grant select, insert, update, delete on s.bird_track, s.bird_track_written to ${role}; grant select on s.plain to ${role}`,
      );
      const yaml = vanishing(`action: report, ${present}`);
      assert.deepEqual(await complaints(yaml, database(), asRole(database(), role)), []);
    });

    test("complains of SQL that cannot be read and of columns that are not there, under their names", async () => {
      const found = await complaints(
        vanishing(
          "action: delete, present: select name from s.plain, scope: rare, keep_when: is_rare, along: [{ table: s.nest, column: brid, of: id }, { table: s.nest, column: bird, of: idd }]",
        ),
        database(),
      );
      assert.deepEqual(
        found.map(({ code, message }) => [code, message]),
        [
          [
            "expression_failed",
            "Postgres refuses the SQL of `present` of `vanished`: column given.id does not exist.",
          ],
          [
            "expression_failed",
            'Postgres refuses the SQL of `scope` of `vanished`: column "rare" does not exist.',
          ],
          ["table_column_unknown", "Table `s.nest` has no column `brid`. Did you mean `bird`?"],
          ["table_column_unknown", "Table `s.bird` has no column `idd`. Did you mean `id`?"],
        ],
      );
    });
  });

  describe("the command", () => {
    test("prints what the database complains of like any other complaint, and ends with 2", async (context) => {
      const { folder, url, kind } = database();
      if (kind === "embedded") return context.skip("it is open here, and has one process only");
      const yaml = flow("select 1 as id", "postgres_copy: { table: s.brid, mode: append }");
      await writeFile(join(folder, "wrong.yaml"), yaml);
      const words = ["validate", "wrong.yaml", "--connect", "--database", url, "--format"];
      const text = await runRunner([...words, "text"], { cwd: folder });
      assert.equal(text.code, 2);
      assert.match(
        text.stderr,
        /^wrong\.yaml:6:37 There is no table `s\.brid` in the database\. Did you mean `s\.bird`\?.*\n\n.*\n.*s\.brid.*\n +\| +\^\n/,
      );
      const json = await runRunner([...words, "json"], { cwd: folder });
      const { complaints: told, files } = JSON.parse(json.stdout);
      assert.equal(told[0].code, "unknown_table");
      // Which database it was is told, and its password is not.
      const { hostname, port, pathname, username } = new URL(url);
      const label = `postgresql://${username}@${hostname}:${port}${pathname}`;
      assert.equal(files[0].database, label);
      assert.ok(text.stderr.includes(`wrong.yaml: 1 problem. Database: ${label}.\n`), text.stderr);
    });

    test("ends with 3 when there is no connection, or no name of a database to connect to", async () => {
      const { folder } = database();
      const yaml = flow("select 1 as id", 'file: { path: "-", format: tsv }').replace(
        "flows:",
        "database: ${CONNECT_NOWHERE}\nflows:",
      );
      await writeFile(join(folder, "nowhere.yaml"), yaml);
      const words = ["validate", "nowhere.yaml", "--connect"];
      const unnamed = await runRunner(words, { cwd: folder });
      assert.equal(unnamed.code, 3);
      assert.match(
        unnamed.stderr,
        /^The database of nowhere\.yaml is not known here: `\$\{CONNECT_NOWHERE\}`\. Set the variable/,
      );
      const url = "postgresql://me:hush-hush@127.0.0.1:1/x";
      const unreachable = await runRunner([...words, "--database", url], { cwd: folder });
      assert.equal(unreachable.code, 3);
      assert.match(
        unreachable.stderr,
        /^There is no connection to postgresql:\/\/me@127\.0\.0\.1:1\/x/,
      );
    });
  });

  describe("the pipelines that come with the project", () => {
    let folder = "";
    before(async () => {
      folder = await copyPipelines(database());
    });
    const files = ["confluences.yaml", "observations.yaml", "demo.yaml"];
    const found = async (file: string) => {
      const plan = await loaded(join(folder, file));
      const all = await askedOf(plan, database().opened);
      return all.map(
        ({ code, place, message }) =>
          `${basename(place.file)}: ${code} ${basename(/`(.*?)`/.exec(message)?.[1] ?? "")}`,
      );
    };

    test("want a GeoNature, which their setup does not make: its tables are complained of, and no others", async () => {
      assert.deepEqual(await found("confluences.yaml"), [
        "check-datasets.yaml: unknown_table gn_meta.t_datasets",
        "synthese.yaml: unknown_table gn_synthese.t_sources",
        "synthese.yaml: unknown_table ref_nomenclatures.bib_nomenclatures_types",
        "synthese.yaml: unknown_table gn_synthese.synthese",
        "synthese.yaml: query_failed duplicates.sql",
      ]);
      assert.deepEqual(await found("demo.yaml"), []);
    });

    test("fit a GeoNature, before their setup was run and after", async () => {
      await execute(database(), "create extension if not exists postgis");
      await installSandbox(database());
      for (const file of files) assert.deepEqual(await found(file), [], file);
      await installSandbox(database(), { scripts: [SANDBOX, SOURCE, STAGING, TAXA] });
      for (const file of files) assert.deepEqual(await found(file), [], file);
      assert.deepEqual(
        await rowsOf(database(), "select to_regnamespace('runner')::text as there"),
        [{ there: null }],
      );
    });
  });
});
