/** The golden cases of the mapping, through the component and the code lists of a real database. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Batch } from "../../src/core/batch.ts";
import { onEachDatabase, rowsOf } from "../support/database.ts";
import { base, cases, mapped } from "../support/golden.ts";
import { installSandbox } from "../support/sandbox.ts";

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
