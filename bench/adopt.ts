/**
 * How long does it take to adopt rows that were loaded by hand, and what does a plan show of it before?
 * `npm run bench:adopt`.
 *
 *   --rows 54000   staged records; 94 in 100 have a row, so that some 50,000 are adopted
 *
 * The rows are loaded into the sandbox, with its triggers and 14,455 areas, and then made into what a load by hand
 * leaves: a source of their own, no track, a third to be found by uuid, a third by gbifID, a third by iNaturalist's
 * number where there is one; some are validated, some typed over. Then `plan` and a run with `adopt: report`, both
 * with `apply`, and a rerun. Ends with 1 when a row was lost, doubled, re-numbered or not adopted.
 */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import pg from "pg";
import { measure } from "./process.ts";
import { stagedSandbox } from "./staged.ts";

const { values: flags } = parseArgs({ options: { rows: { type: "string", default: "54000" } } });
const log = (text: string) => console.error(text);
await using staged = await stagedSandbox(Number(flags.rows), log);
await staged.psql(`-f ${new URL("areas.sql", import.meta.url).pathname}`);

const client = new pg.Client(process.env.TEST_DATABASE_URL);
await client.connect();

log("Loading …");
const [node, ...words] = staged.command;
await measure(node, words, staged.environment(2));
log("Making it a load by hand …");
await client.query(`
  insert into gn_synthese.t_sources (name_source) values ('GBIF by hand');
  with hand as (
    select id_synthese, (select id_source from gn_synthese.t_sources where name_source = 'GBIF by hand') as id_source,
           case when digital_proof ~ '/observations/' then id_synthese % 3 else id_synthese % 2 end as found_by
      from gn_synthese.synthese
  )
  update gn_synthese.synthese as s
     set id_source = hand.id_source,
         unique_id_sinp = case when found_by = 0 then unique_id_sinp else gen_random_uuid() end,
         entity_source_pk_value = case when found_by = 1 then entity_source_pk_value end,
         additional_data = '{"hand": 1}',
         observers = case when s.id_synthese % 10 = 0 then 'typed by hand' else observers end,
         id_nomenclature_valid_status = case when s.id_synthese % 50 = 0 then ref_nomenclatures.get_id_nomenclature('STATUT_VALID', '1') else id_nomenclature_valid_status end
    from hand where hand.id_synthese = s.id_synthese`);
await staged.sql("drop table pinv_gbif.track_synthese, pinv_gbif.track_synthese_written");
await staged.sql("vacuum analyze");

const identities = async (): Promise<string[]> =>
  (
    await client.query({
      text: "select id_synthese, unique_id_sinp, id_nomenclature_valid_status from gn_synthese.synthese order by 1",
      rowMode: "array",
    })
  ).rows.map((row) => row.join(" "));
const before = await identities();

const run = async (name: string, command: readonly [string, ...string[]], adopt: string) => {
  const [node, ...words] = command;
  const environment = { ...staged.environment(1), BENCH_ADOPT: adopt };
  const { seconds, peakMb, output } = await measure(node, words, environment);
  const lines = output.trimEnd().split("\n");
  log(`\n## ${name}: ${lines.length} lines\n${output}`);
  console.log(
    `| ${name} | ${seconds.toFixed(1)} s | ${Math.round(peakMb)} MB | ${lines.length} lines |`,
  );
};
await run("plan, `adopt: report`", staged.plan, "report");
await run("plan, `adopt: apply`", staged.plan, "apply");
await run("run, `adopt: report`", staged.command, "report");
assert.deepEqual(await identities(), before, "a plan or a report changed rows");
await run("run, `adopt: apply`", staged.command, "apply");
const after = await identities();
assert.deepEqual(after, before, "rows were lost, doubled or re-numbered");
const { rows } = await client.query(
  "select count(*)::integer as left from gn_synthese.synthese join gn_synthese.t_sources using (id_source) where name_source <> 'GBIF' or additional_data ->> 'hand' is null",
);
assert.equal(rows[0].left, 0, "rows were not adopted, or lost what others had written");
await run("again, nothing changed", staged.command, "apply");
await client.end();
console.log(
  `All ${before.length} rows are the pipeline's, each with its number, uuid and validation.`,
);
