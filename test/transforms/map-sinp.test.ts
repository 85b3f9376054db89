/** `map_sinp` as a component; what it makes of records is in `test/geonature/golden.yaml`. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Batch } from "../../src/core/batch.ts";
import type { Context } from "../../src/core/component.ts";
import { readFields } from "../../src/geonature/fields.ts";
import { mapSinp } from "../../src/transforms/map-sinp.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import { batchOf, inputNamed } from "../support/flow.ts";
import { MAP_SINP_OPTIONS } from "../support/golden.ts";
import { installSandbox } from "../support/sandbox.ts";
import { contextAlone } from "../support/transform.ts";

type Options = Parameters<typeof mapSinp.create>[0];
const OPTIONS: Options = { ...MAP_SINP_OPTIONS, platforms: [] };

const columns = (await readFields({ path: OPTIONS.fields, option: "fields" }, () => undefined))
  ?.filter(({ part }) => part === "input")
  .map(({ column }) => column);
assert.ok(columns);
const EMPTY: Record<string, string | null> = Object.fromEntries(
  columns.map((name) => [name, null]),
);

/** A museum's record that is mapped without a reject. */
const record = (id: number, more: Record<string, string | null> = {}) => ({
  ...EMPTY,
  gbif_id: String(id),
  occurrence_id: `MHNL-${id}`,
  dataset_key: "49ff3f7f-732e-4d23-8af0-ba79ed8dacb5",
  event_date: "1923-05-01",
  decimal_latitude: "45.7",
  decimal_longitude: "4.8",
  scientific_name: "Sphaerium corneum",
  cd_nom: "1",
  id_dataset: "2",
  id_source: "3",
  ...more,
});

const map = async (
  batches: readonly Batch[],
  { options = {}, ...context }: { options?: Partial<Options> } & Partial<Context>,
) => {
  const said: string[] = [];
  async function* all() {
    yield* batches;
  }
  const transform = mapSinp.create({ ...OPTIONS, ...options });
  const mapped = await Array.fromAsync(transform(all(), { ...contextAlone(said), ...context }));
  return { mapped, said };
};

describe("map_sinp without records", () => {
  test("opens no database, and gives the columns of the synthese", async () => {
    const { mapped, said } = await map([Batch.empty(inputNamed("none"), columns)], {});
    assert.deepEqual(
      mapped.map(({ size }) => size),
      [0],
    );
    for (const name of ["unique_id_sinp", "id_nomenclature_sex", "longitude", "gbif_dates"]) {
      assert.ok(mapped[0]?.names.includes(name), name);
    }
    for (const name of ["platform", "the_geom_4326", "additional_data", "cd_hab", "last_action"]) {
      assert.ok(!mapped[0]?.names.includes(name), name);
    }
    assert.deepEqual(said, []);
  });

  test("misses a column that the mapping reads", async () => {
    const names = columns.filter((name) => name !== "life_stage");
    await assert.rejects(map([Batch.empty(inputNamed("none"), names)], { mode: "validate" }), {
      code: "unknown_column",
      subject: "life_stage",
    });
  });
});

onEachDatabase((database) => {
  before(() => installSandbox(database()));
  const here = () => ({ database: database().opened });

  describe("map_sinp", () => {
    test("writes the instance's own numbers of the codes", async () => {
      const [known] = await rowsOf(
        database(),
        "select ref_nomenclatures.get_id_nomenclature('SEXE', '2')::text as id",
      );
      const { mapped } = await map([batchOf([record(1, { sex: "FEMALE" })])], here());
      assert.equal(mapped[0]?.column("id_nomenclature_sex").text(0), known?.id);
    });

    test("says the version of the mapping once, and values without a rule most frequent first", async () => {
      const sexes = ["x", "y", "y", "z", "z", "z"];
      const batches = sexes.map((sex, index) => batchOf([record(index, { sex })]));
      const { said } = await map([...batches, batchOf([record(9, { caste: "queen" })])], here());
      assert.match(said[0] ?? "", /^The mapping to the SINP is version 1-[0-9a-f]{8}\.$/);
      assert.deepEqual(said.slice(1), [
        '`sex` has no SEXE (id_nomenclature_sex is 6, Non renseigné): "z" (3), "y" (2), "x" (1), in 6 records.',
      ]);
    });

    test("says what the settings leave out, and counts it as filtered", async () => {
      const bases = ["FOSSIL_SPECIMEN", "LIVING_SPECIMEN", "FOSSIL_SPECIMEN", "PRESERVED_SPECIMEN"];
      const rows = bases.map((basis, index) => record(index, { basis_of_record: basis }));
      const licenced = [
        ...rows,
        record(8, { license: "CC_BY_NC_4_0" }),
        record(9, { license: "CC0_1_0", occurrence_status: "absent" }),
      ];
      const { mapped, said } = await map([batchOf(licenced)], {
        ...here(),
        options: { licenses: ["CC0_1_0", "UNSPECIFIED"] },
      });
      assert.equal(mapped[0]?.filtered, 5);
      assert.equal(mapped[0]?.size, 1);
      assert.equal(
        said[1],
        'Left out by the settings of `map_sinp`: "FOSSIL_SPECIMEN" (2), "LIVING_SPECIMEN" (1), "licence CC_BY_NC_4_0" (1), "ABSENT" (1), in 5 records.',
      );
    });

    test("gives the first reason of a record that has several, and goes on with the others", async () => {
      const { mapped } = await map(
        [
          batchOf([
            record(1, { decimal_latitude: null, event_date: "2999" }),
            record(2),
            record(3, { cd_nom: null, event_date: null }),
          ]),
        ],
        here(),
      );
      assert.deepEqual(mapped[0]?.rejects.map(({ place, code }) => `${place} ${code}`).sort(), [
        "input.txt:1 no_coordinates",
        "input.txt:3 taxon_unknown",
      ]);
      assert.deepEqual(
        [...(mapped[0]?.rows ?? [])].map((row) =>
          mapped[0]?.column("entity_source_pk_value").text(row),
        ),
        ["2"],
      );
    });

    test("ends the run on a uuid that is not known yet, if it is told to", async () => {
      const rows = [record(1), record(2, { id_inaturalist: "42" })];
      const waiting = await map([batchOf(rows)], here());
      assert.deepEqual(
        waiting.mapped[0]?.rejects.map(({ code }) => code),
        ["uuid_pending"],
      );
      await assert.rejects(
        map([batchOf(rows)], { ...here(), options: { unresolved_uuid: "stop" } }),
        { code: "uuids_unresolved" },
      );
    });

    test("ends the run with all codes that the instance does not have", async () => {
      await execute(
        database(),
        `update ref_nomenclatures.t_nomenclatures set cd_nomenclature = cd_nomenclature || '-old'
          where (cd_nomenclature, id_type) in (
            select cd, id_type from (values ('3', 'SEXE'), ('16', 'STADE_VIE')) as gone (cd, type)
              join ref_nomenclatures.bib_nomenclatures_types t on t.mnemonique = gone.type
          );`,
      );
      try {
        await assert.rejects(map([batchOf([record(1)])], here()), (error: Error) => {
          assert.match(
            error.message,
            /^This GeoNature does not know 2 codes of the mapping: (STADE_VIE 16, SEXE 3|SEXE 3, STADE_VIE 16)\./,
          );
          return true;
        });
      } finally {
        await execute(
          database(),
          `update ref_nomenclatures.t_nomenclatures
              set cd_nomenclature = replace(cd_nomenclature, '-old', '');`,
        );
      }
    });
  });
});
