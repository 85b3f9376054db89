/** The samples of other people's archives, each table and each value, against the slow reader. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { dwca } from "../../src/sources/dwca.ts";
import { rejectsOf } from "../support/flow.ts";
import { realData } from "../support/real-data.ts";
import { filesOf, slowTables } from "../support/slow-archive.ts";
import { contextAlone, valuesOf } from "../support/transform.ts";

/** Two data files and no descriptor: nobody can say which is the table. */
const AMBIGUOUS = /invalid-simple-(two|toomuch)/;

const folder = realData("dwca");

describe("each table of a published archive", { skip: folder.skip }, () => {
  const files = folder.skip ? [] : readdirSync(folder.path);

  for (const name of files.filter((file) => !AMBIGUOUS.test(file))) {
    test(`${name}: columns, values and rejected lines are those of a slow reader`, async () => {
      const path = join(folder.path, name);
      const tables = slowTables(await filesOf(path));
      assert.ok(tables.length > 0);
      for (const { file, names, values, odd } of tables) {
        const options = { path, table: file, max_gb: 1, max_ratio: 200 } as never;
        const batches = await Array.fromAsync(dwca.create(options)(contextAlone()));
        assert.deepEqual(batches[0]?.names, names, file);
        assert.deepEqual(batches.flatMap(valuesOf), values, file);
        assert.deepEqual(
          batches.flatMap(rejectsOf).map(({ place, code }) => `${place} ${code}`),
          odd.map((line) => `${file}:${line} wrong_width`),
        );
      }
    });
  }

  for (const name of files.filter((file) => AMBIGUOUS.test(file))) {
    test(`${name}: two files could be the table, so none is read`, async () => {
      const options = { path: join(folder.path, name), max_gb: 1, max_ratio: 200 } as never;
      await assert.rejects(Array.fromAsync(dwca.create(options)(contextAlone())), {
        code: "no_table",
      });
    });
  }
});
