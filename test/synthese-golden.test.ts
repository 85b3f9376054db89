/** Function and sink give the same tables for every golden case of the mapping. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { loadPipeline } from "../src/core/pipeline-file.ts";
import type { StagePlan } from "../src/core/plan.ts";
import { components } from "../src/registry.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { allowing, flowOf, rowsSource, run } from "./support/flow.ts";
import { cases, mapped, type Values } from "./support/golden.ts";
import { copyPipelines } from "./support/pipelines.ts";
import { installSandbox, SANDBOX, SOURCE, STAGING } from "./support/sandbox.ts";

onEachDatabase((database) => {
  let rows: Values[] = [];
  let sinks: { merge: StagePlan; stage: StagePlan };
  before(async () => {
    await execute(database(), "create extension if not exists postgis");
    await installSandbox(database(), { scripts: [SANDBOX, SOURCE, STAGING] });
    const [ids] = await rowsOf(
      database(),
      `select (select id_source from gn_synthese.t_sources where name_source = 'GBIF')::text as id_source,
              (select min(id_dataset) from gn_meta.t_datasets)::text as id_dataset, (select min(cd_nom) from taxonomie.taxref)::text as cd_nom`,
    );
    rows = await rowsOfCases(ids as Values);
    const folder = await copyPipelines(database());
    sinks = { merge: await sinkOf(folder, "merge"), stage: await sinkOf(folder, "stage_only") };
  });

  /** The rows of all cases that give one, each under a key and a uuid of its own. */
  const rowsOfCases = async (ids: Values): Promise<Values[]> => {
    const all: Values[] = [];
    for (const [index, { settings = {}, record = {} }] of cases.entries()) {
      const { batch } = await mapped(database(), settings, record);
      if (batch.size === 0) continue;
      all.push({
        ...Object.fromEntries(batch.names.map((name) => [name, batch.column(name).text(0)])),
        ...ids,
        input_hash: String(index),
        entity_source_pk_value: String(9000 + index),
        unique_id_sinp: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      });
    }
    return all;
  };

  const sinkOf = async (folder: string, mode: string): Promise<StagePlan> => {
    const file = join(folder, `${mode}.yaml`);
    await writeFile(
      file,
      `name: test\nflows:\n  - include: flows/synthese.yaml\n    with: { licenses: [any], synthese: ${mode} }\n`,
    );
    const { plan } = await loadPipeline(file, { components, environment: {}, isOffline: false });
    const sink = plan?.flows.find(({ name }) => name === "synthese")?.sink;
    assert.ok(sink);
    // The rows here are all there are: nothing vanishes.
    const { vanished: _, ...options } = sink.options as { vanished?: unknown };
    return { ...sink, options };
  };
  const load = async (sink: StagePlan, given: readonly Values[]) => {
    const flow = flowOf({ source: rowsSource(given), sink, rejects: allowing(1000) });
    const { status, error, flows } = await run(database(), [flow]);
    assert.equal(status, "done", messageOf(error));
    const { inserted, updated, unchanged, held } = flows[0] ?? {};
    return { inserted, updated, unchanged, held };
  };
  const bySink = (given: readonly Values[]) => load(sinks.merge, given);
  const byFunction = async (given: readonly Values[]) => {
    await load(sinks.stage, given);
    const [counts] = await rowsOf(
      database(),
      "select inserted::int, updated::int, unchanged::int, held::int from pinv_gbif.upsert_gbif_data() as merged",
    );
    return counts;
  };
  const tables = () =>
    rowsOf(
      database(),
      `select to_jsonb(s) - 'id_synthese' - 'meta_create_date' - 'meta_update_date' - 'meta_validation_date' as row, hash::text, version
         from gn_synthese.synthese as s join pinv_gbif.track_synthese using (id_source, entity_source_pk_value) order by entity_source_pk_value`,
    );
  const empty = () =>
    execute(database(), "delete from gn_synthese.synthese; truncate pinv_gbif.track_synthese");

  describe("the golden cases", () => {
    test("give the same tables by the sink and by the function, new and changed into each other", async () => {
      assert.ok(rows.length > 80, String(rows.length));
      // Each case's values under the key of the next: almost every column of every row changes.
      const keys = ["entity_source_pk_value", "unique_id_sinp"] as const;
      const shifted = rows.map((row, index) => {
        const next = rows[(index + 1) % rows.length] ?? {};
        return { ...row, ...Object.fromEntries(keys.map((name) => [name, next[name] ?? null])) };
      });
      const inserted = await bySink(rows);
      assert.equal(inserted.inserted, rows.length);
      const fresh = await tables();
      const updated = await bySink(shifted);
      assert.ok(Number(updated.updated) > rows.length / 2);
      const changed = await tables();
      await empty();
      assert.deepEqual(await byFunction(rows), inserted);
      assert.deepEqual(await tables(), fresh);
      assert.deepEqual(await byFunction(shifted), updated);
      assert.deepEqual(await tables(), changed);
    });

    test("change nothing when sink and function take turns", async () => {
      const fingerprint = () =>
        rowsOf(database(), "select xmin::text, ctid::text from gn_synthese.synthese order by 1, 2");
      await empty();
      await bySink(rows);
      const before = await fingerprint();
      const unchanged = { inserted: 0, updated: 0, unchanged: rows.length, held: 0 };
      for (const merge of [byFunction, bySink, byFunction, bySink]) {
        assert.deepEqual(await merge(rows), unchanged);
      }
      assert.deepEqual(await fingerprint(), before);
    });
  });
});
