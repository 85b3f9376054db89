/** The golden cases of the mapping, through the component and the code lists of a real database. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Batch } from "../../src/core/batch.ts";
import { mapSinp } from "../../src/transforms/map-sinp.ts";
import { onEachDatabase, rowsOf, type TestDatabase } from "../support/database.ts";
import { batchOf } from "../support/flow.ts";
import { installSandbox } from "../support/sandbox.ts";
import { contextAlone } from "../support/transform.ts";

type Values = Readonly<Record<string, string | null>>;

interface Golden {
  readonly base: { readonly record: Values; readonly row: Values; readonly gbif: object };
  readonly cases: readonly {
    readonly name: string;
    readonly settings?: object;
    readonly record?: Values;
    readonly row?: Values;
    readonly gbif?: object;
    readonly gbif_dates?: object;
    readonly reject?: string;
    readonly filtered?: boolean;
    readonly reported?: string;
  }[];
}

/** `{{x × 600}}` is 600 times x. */
const unfolded = (text: string): string =>
  text.replace(/\{\{(\w) × (\d+)\}\}/g, (_, letter: string, times: string) =>
    letter.repeat(Number(times)),
  );

const { base, cases }: Golden = parse(
  unfolded(readFileSync(new URL("golden.yaml", import.meta.url), "utf8")),
  { merge: true },
);

const sinp = (name: string) =>
  fileURLToPath(new URL(`../../pipelines/sinp/${name}`, import.meta.url));

const DEFAULTS: Parameters<typeof mapSinp.create>[0] = {
  fields: sinp("fields.csv"),
  vocabularies: sinp("vocabularies.csv"),
  licenses: ["any"],
  observers: "as_published",
  blurred_remarks: "keep",
  uncertainty_max_point_m: 100,
  fossil: "leave_out",
  living: "leave_out",
  absent: "leave_out",
  unresolved_uuid: "wait",
  keep: [],
  platforms: ["50c9509d-22c7-4a22-a47d-8c48425ef4a7", "8a863029-f435-446a-821e-275f4f641165"],
};

/** Columns of the staging that no case fills are there, and empty. */
const STAGED: Values = Object.fromEntries(
  readFileSync(sinp("fields.csv"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("input;"))
    .map((line) => [line.split(";")[1] ?? "", null]),
);

const mapped = async ({ opened: database }: TestDatabase, settings: object, record: Values) => {
  const said: string[] = [];
  async function* one(): AsyncGenerator<Batch> {
    yield batchOf([{ ...STAGED, ...base.record, ...record }]);
  }
  const transform = mapSinp.create({ ...DEFAULTS, ...settings });
  const [batch] = await Array.fromAsync(transform(one(), { ...contextAlone(said), database }));
  assert.ok(batch);
  return { batch, said };
};

onEachDatabase((database) => {
  const codes = new Map<unknown, string>();
  before(async () => {
    await installSandbox(database());
    const known = await rowsOf(
      database(),
      "select id_nomenclature::text as id, cd_nomenclature as code from ref_nomenclatures.t_nomenclatures",
    );
    for (const { id, code } of known) codes.set(id, String(code));
  });

  const rowOf = (batch: Batch): Record<string, string | null> =>
    Object.fromEntries(
      batch.names.map((name) => {
        const value = batch.column(name).text(0);
        return [name, name.startsWith("id_nomenclature") ? (codes.get(value) ?? null) : value];
      }),
    );

  describe("the mapping", () => {
    for (const { name, settings = {}, record = {}, ...expected } of cases) {
      test(name, async () => {
        const { batch, said } = await mapped(database(), settings, record);
        const [rejected] = batch.rejects;
        assert.equal(rejected?.code, expected.reject, rejected?.message);
        assert.equal(batch.filtered, expected.filtered ? 1 : 0);
        const told = said.filter((sentence) => !/^The mapping|^Left out/.test(sentence));
        assert.deepEqual(told, expected.reported ? [expected.reported] : []);
        if (expected.row === undefined && expected.gbif === undefined) return;
        assert.equal(batch.size, 1);
        const { gbif, gbif_dates: dates, meta_v_taxref: taxref, ...row } = rowOf(batch);
        assert.deepEqual(row, { ...base.row, ...expected.row });
        const [parameter] = await rowsOf(
          database(),
          "select parameter_value as version from gn_commons.t_parameters where parameter_name = 'taxref_version'",
        );
        assert.equal(taxref, parameter?.version);
        if (expected.gbif) {
          const whole = Object.entries({ ...base.gbif, ...expected.gbif });
          assert.deepEqual(
            JSON.parse(gbif ?? ""),
            Object.fromEntries(whole.filter(([, value]) => value !== null)),
          );
        }
        if (expected.gbif_dates) assert.deepEqual(JSON.parse(dates ?? ""), expected.gbif_dates);
      });
    }
  });
});
