/** What the checks of a flow say when the flow is done. */

import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { changedSample } from "./support/changed-archive.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, planFile, runFile } from "./support/pipelines.ts";

const SAID = "select 'ok' as level, 'unsaid' as message union all ";

onEachDatabase((database) => {
  describe("the checks of a flow", () => {
    const pipeline = async (
      checks: Readonly<Record<string, string>>,
      sink = "{ table: t, create: { columns: { id: integer } }, mode: append }",
    ) => {
      const folder = join(database().folder, "checked");
      await mkdir(folder, { recursive: true });
      for (const [name, sql] of Object.entries(checks)) await writeFile(join(folder, name), sql);
      const file = join(folder, "p.yaml");
      await writeFile(
        file,
        `name: checked
flows:
  - name: one
    source: { postgres: { sql: "select 1 as id" } }
    sink: { postgres_copy: ${sink} }
    checks: [${Object.keys(checks).join(", ")}]
`,
      );
      return file;
    };

    test("see its rows and warn of what is not well, in a plan as well", async () => {
      const file = await pipeline({
        "few.sql": `${SAID}select 'warning', count(*) || ' rows are few' from t`,
        "bad.sql": "select 'problem' as level, 'This is bad.' as message",
      });
      const plan = await planFile(file, database());
      assert.deepEqual(plan.said, ["1 rows are few", "This is bad."]);
      assert.equal(plan.status, "done", messageOf(plan.error));
      const run = await runFile(file, database());
      assert.deepEqual(run.said, ["1 rows are few", "This is bad."]);
      assert.equal(run.status, "done", messageOf(run.error));
    });

    test("change nothing, and one that cannot be run is told and stops nothing", async () => {
      await execute(database(), "create table kept (id integer)");
      const file = await pipeline({
        "writes.sql":
          "with made as (insert into kept values (1) returning id) select 'ok' as level, 'x' as message from made",
        "lost.sql": "select 'ok' as level, 'x' as message from nowhere",
      });
      for (const { status, said } of [
        await planFile(file, database()),
        await runFile(file, database()),
      ]) {
        assert.equal(status, "done");
        assert.match(said.join("\n"), /writes\.sql.*read-only transaction/);
        assert.match(said.join("\n"), /lost\.sql.*a table is not there/);
      }
      assert.deepEqual(await rowsOf(database(), "select * from kept"), []);
    });

    test("are not run when the flow fails", async () => {
      const file = await pipeline(
        { "any.sql": "select 'warning' as level, 'unsaid' as message" },
        "{ table: nowhere, mode: append }",
      );
      const { status, said } = await runFile(file, database());
      assert.deepEqual([status, said], ["failed", []]);
    });
  });

  describe("the pipelines that come with the project", () => {
    const INSTITUTION_CODE = 13;
    let file = "";
    before(async () => {
      await execute(database(), "create extension if not exists postgis");
      const pipelines = await copyPipelines(database());
      const demo = await readFile(join(pipelines, "demo.yaml"), "utf8");
      file = join(pipelines, "checked.yaml");
      const archive = await changedSample(database(), "inpn", (line) =>
        line.startsWith("gbifID")
          ? line
          : line.split("\t").with(INSTITUTION_CODE, "UMS PatriNat (OFB-CNRS-MNHN)").join("\t"),
      );
      await writeFile(
        file,
        demo.replace("archive: ../samples/demo.zip\n", `archive: ${archive}\n`),
      );
    });

    test("warn of records that the INPN itself has published", async () => {
      const { said, status } = await runFile(file, database(), { flows: ["occurrences"] });
      assert.equal(status, "done");
      assert.match(
        said.join("\n"),
        /\d+ staged records were published by the INPN itself \(data set 8a863029-f435-446a-821e-275f4f641165\)/,
      );
    });

    test("count in each run the rows that are not sensitive although their taxon has a rule", async () => {
      const flows = ["multimedia", "uuids", "deleted_observations", "datasets", "synthese"];
      const { said, status, error } = await runFile(file, database(), { flows });
      assert.equal(status, "done", messageOf(error));
      assert.doesNotMatch(said.join("\n"), /sensitive/);
      await execute(
        database(),
        `insert into gn_sensitivity.t_sensitivity_rules (cd_nom, id_nomenclature_sensitivity, sensitivity_duration)
         select cd_nom, ref_nomenclatures.get_id_nomenclature('SENSIBILITE', '2'), 50 from taxonomie.taxref where lb_nom = 'Misumena vatia'`,
      );
      const counted =
        /not sensitive although their taxon has a rule: \d+, most of all Misumena vatia/;
      assert.match(
        (await planFile(file, database(), { flows: ["synthese"] })).said.join("\n"),
        counted,
      );
      const again = await runFile(file, database(), { flows: ["synthese"] });
      assert.match(again.said.join("\n"), counted);
    });
  });
});
