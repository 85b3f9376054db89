/** How the flow `synthese` finds the taxon and the data set of a record. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { writeArchive } from "../samples/archive.ts";
import { messageOf } from "../src/core/errors.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, runFile } from "./support/pipelines.ts";
import { installSandbox, SANDBOX, SOURCE, STAGING, TAXA } from "./support/sandbox.ts";

/** By cd_nom: cd_ref, name, and the keys of GBIF (or of another site) that lead to it. */
const TAXREF = `
  insert into taxonomie.taxref (cd_nom, cd_ref, regne, lb_nom, nom_complet, nom_valide)
  select cd_nom, cd_ref, 'Animalia', name, name, name from (values
    (9000001, 9000001, 'Aus albus'), (9000002, 9000003, 'Aus senior'), (9000003, 9000003, 'Aus verus'),
    (9000004, 9000004, 'Aus alter'), (9000005, 9000005, 'Aus geminus'), (9000006, 9000006, 'Aus geminus'),
    (9000007, 9000007, 'Aus manualis')) as t (cd_nom, cd_ref, name);
  insert into taxonomie.taxref_liens (ct_name, ct_type, cd_nom, ct_sp_id) values
    ('GBIF', 'x', 9000001, '101'), ('GBIF', 'x', 9000002, '102'), ('GBIF', 'x', 9000003, '102'),
    ('GBIF', 'x', 9000004, '103'), ('GBIF', 'x', 9000003, '103'), ('INPN', 'x', 9000001, '104');
  insert into pinv_gbif.cor_taxon (taxon_key, scientific_name, cd_nom) values ('105', null, 9000007), (null, 'Aus manu', 9000007);
  insert into pinv_gbif.cor_taxon_key values ('5WZLF', '101');`;

interface Case {
  readonly name: string;
  readonly keys: readonly [taxon: string | null, accepted?: string | null, species?: string | null];
  readonly scientific?: string;
  readonly found?: readonly [cdNom: number, how: string];
}

const CASES: readonly Case[] = [
  { name: "its key comes first", keys: ["101", "102", "103"], found: [9000001, "taxonKey"] },
  {
    name: "then the accepted key",
    keys: ["9", "101", "102"],
    found: [9000001, "acceptedTaxonKey"],
  },
  { name: "then the species' key", keys: ["9", null, "101"], found: [9000001, "speciesKey"] },
  { name: "of a synonym and its name, the name", keys: ["102"], found: [9000003, "taxonKey"] },
  { name: "of two names, the lower number", keys: ["103"], found: [9000003, "taxonKey"] },
  { name: "another site's number is none of GBIF's", keys: ["104"] },
  { name: "a key filled in by hand wins", keys: ["105", "101"], found: [9000007, "cor_taxon"] },
  {
    name: "a name filled in by hand wins",
    keys: ["101"],
    scientific: "Aus manu",
    found: [9000007, "cor_taxon"],
  },
  {
    name: "a key of the Catalogue of Life leads there",
    keys: ["5WZLF"],
    found: [9000001, "taxonKey"],
  },
  {
    name: "a name alone, if it is unique",
    keys: ["9"],
    scientific: "Aus albus",
    found: [9000001, "scientificName"],
  },
  { name: "a name of two taxa leads nowhere", keys: ["9"], scientific: "Aus geminus" },
];

onEachDatabase((database) => {
  let pipelines = "";
  before(async () => {
    await execute(database(), "create extension if not exists postgis");
    await installSandbox(database(), { scripts: [SANDBOX, SOURCE, STAGING, TAXA] });
    pipelines = await copyPipelines(database());
  });

  /** Runs a pipeline of these flows. */
  const run = async (flows: string, chosen?: readonly string[]) => {
    const file = join(pipelines, "taxa.yaml");
    await writeFile(file, `name: taxa\nflows:\n${flows}`);
    const summary = await runFile(file, database(), chosen ? { flows: chosen } : {});
    assert.equal(summary.status, "done", messageOf(summary.error));
    return summary.flows;
  };
  const synthese = (settings = "") =>
    run(
      `  - include: flows/synthese.yaml\n    with: { licenses: [any], max_rejects: any${settings} }\n`,
      ["synthese"],
    );
  const stage = (id: number, values: Readonly<Record<string, string | null>>) => {
    const all = {
      occurrence_status: "PRESENT",
      event_date: "2022-02-04",
      decimal_latitude: "45",
      decimal_longitude: "4",
      ...values,
    };
    const texts = Object.values(all).map((value) => (value === null ? "null" : `'${value}'`));
    return `insert into pinv_gbif.tmp_gbif_data (gbif_id, ${Object.keys(all).join(", ")}) values (${id}, ${texts.join(", ")});`;
  };

  describe("the taxon of a record", () => {
    test("is found by hand-made tables, then its keys, then its name, or is told", async () => {
      const staged = CASES.map(({ keys: [taxonkey, accepted, species], scientific }, index) =>
        stage(index, {
          taxonkey,
          accepted_taxon_key: accepted ?? null,
          species_key: species ?? null,
          scientific_name: scientific ?? "Aus nemo",
          dataset_key: "8a863029-f435-446a-821e-275f4f641165",
        }),
      );
      await execute(database(), `${TAXREF}\n${staged.join("\n")}`);
      const found = async () => {
        const rows = await rowsOf(
          database(),
          "select entity_source_pk_value as id, cd_nom, additional_data->'gbif'->>'cdNomFrom' as how from gn_synthese.synthese",
        );
        return new Map(rows.map(({ id, cd_nom, how }) => [Number(id), [cd_nom, how]]));
      };
      const [withoutNames] = await synthese();
      assert.ok(![...(await found()).values()].some(([, how]) => how === "scientificName"));
      assert.deepEqual(withoutNames?.rejectedByCode, [["taxon_unknown", 3]]);
      const [withNames] = await synthese(", taxa_by_name: true");
      assert.deepEqual(withNames?.rejectedByCode, [["taxon_unknown", 2]]);
      const rows = await found();
      for (const [index, { name, found: expected }] of CASES.entries()) {
        assert.deepEqual(rows.get(index), expected, name);
      }
    });
  });

  describe("the data set of a record", () => {
    test("may be known here under another uuid", async () => {
      await execute(
        database(),
        `truncate pinv_gbif.tmp_gbif_data;
         ${stage(50, { taxonkey: "101", scientific_name: "Aus albus", dataset_key: "00000000-0000-4000-8000-000000000001" })}
         ${stage(51, { taxonkey: "101", scientific_name: "Aus albus", dataset_key: "00000000-0000-4000-8000-000000000002" })}
         insert into pinv_gbif.cor_dataset values ('00000000-0000-4000-8000-000000000001', '49ff3f7f-732e-4d23-8af0-ba79ed8dacb5')`,
      );
      const [flow] = await synthese();
      assert.deepEqual(flow?.rejectedByCode, [["dataset_unknown", 1]]);
      assert.deepEqual(
        await rowsOf(
          database(),
          "select entity_source_pk_value as id, unique_dataset_id as uuid from gn_synthese.synthese join gn_meta.t_datasets using (id_dataset) where entity_source_pk_value in ('50', '51')",
        ),
        [{ id: "50", uuid: "49ff3f7f-732e-4d23-8af0-ba79ed8dacb5" }],
      );
    });
  });

  describe("an archive with keys of the Catalogue of Life", () => {
    test("goes to the synthese by cor_taxon_key as one with GBIF's older keys does", async () => {
      const load = async (name: string, hasColKeys: boolean, settings: string) => {
        const archive = join(database().folder, name);
        await writeArchive(archive, { rows: 200, seed: 5, mode: "big", isTame: true, hasColKeys });
        await execute(
          database(),
          "truncate gn_synthese.synthese cascade; truncate pinv_gbif.track_synthese",
        );
        const flows = await run(
          `  - include: flows/gbif-staging.yaml
    with: { query: queries/inat.json, archive: ${archive}${settings} }
  - include: flows/synthese.yaml
    with: { licenses: [any], max_rejects: any }
`,
          ["occurrences", "synthese"],
        );
        const { inserted, rejectedByCode } = flows[1] ?? {};
        return { inserted, rejectedByCode };
      };
      const before = await load("numbers.zip", false, "");
      const known = await rowsOf(
        database(),
        "select distinct ct_sp_id as key from taxonomie.taxref_liens where ct_name = 'GBIF' and ct_sp_id ~ '^[0-9]+$'",
      );
      // As the generator makes letters of the numbers.
      const crosswalk = known.map(
        ({ key }) => `('${Number(key).toString(36).toUpperCase()}', '${key}')`,
      );
      await execute(
        database(),
        `insert into pinv_gbif.cor_taxon_key values ${crosswalk.join(", ")}`,
      );
      assert.ok((before.inserted ?? 0) > 20);
      assert.deepEqual(await load("letters.zip", true, ", taxon_keys: any"), before);
    });
  });
});
