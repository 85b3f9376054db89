/** Real archives, against a reader that is slow, obvious and not the product's. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { postgresCopy } from "../../src/sinks/postgres-copy.ts";
import { dwca } from "../../src/sources/dwca.ts";
import { onEachDatabase, rowsOf } from "../support/database.ts";
import { flowOf, run, stage } from "../support/flow.ts";
import { realData } from "../support/real-data.ts";
import { filesOf } from "../support/slow-archive.ts";

/** GBIF's quirk, said as simply as it can be: a quoted field has only doubled quotes inside. */
const gbifValue = (field: string): string | null => {
  const inner = /^"(.*)"$/s.exec(field)?.[1];
  const isQuoted = inner?.includes('""') && !inner.replaceAll('""', "").includes('"');
  return (isQuoted ? inner?.replaceAll('""', '"') : field) || null;
};

/** Rows by column, from the header line alone. */
const slowTable = (text: string): Record<string, string | null>[] => {
  const [header = "", ...lines] = text.split("\n");
  const names = header.split("\t");
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const fields = line.split("\t");
      assert.equal(fields.length, names.length, "the slow reader wants lines of one width");
      return Object.fromEntries(names.map((name, index) => [name, gbifValue(fields[index] ?? "")]));
    });
};

const folder = realData("gbif");

onEachDatabase((database) => {
  describe("GBIF's archives", { skip: folder.skip }, () => {
    for (const file of folder.skip ? [] : readdirSync(folder.path)) {
      test(`${file}: the staged rows are, value for value, those of a slow reader`, async () => {
        const path = join(folder.path, file);
        const files = await filesOf(path);
        const entries = new Map([...files].map(([name, content]) => [name, content.toString()]));
        const tables = [...entries.keys()].filter((name) =>
          /^(occurrence|verbatim|multimedia)\.txt$|\.csv$/.test(name),
        );
        assert.ok(tables.length > 0);
        for (const table of tables) {
          const expected = slowTable(entries.get(table) ?? "");
          const names = (entries.get(table) ?? "").split("\n")[0]?.split("\t") ?? [];
          // geodeticDatum is a constant of meta.xml in newer archives, with no column in the file.
          const constants = /default="([^"]*)" term="[^"]*geodeticDatum"/.exec(
            entries.get("meta.xml") ?? "",
          );
          const isCore = table.startsWith("occurrence");
          const datum = isCore && !names.includes("geodeticDatum") ? constants?.[1] : undefined;
          const columns = datum === undefined ? names : [...names, "geodeticDatum"];
          const summary = await run(database(), [
            flowOf({
              source: stage(dwca, { path, table, max_gb: 200, max_ratio: 200 }),
              sink: stage(postgresCopy, {
                table: "stage.real",
                mode: "replace",
                create: { columns: Object.fromEntries(columns.map((name) => [name, "text"])) },
              }),
            }),
          ]);
          assert.equal(summary.error, undefined);
          assert.equal(summary.flows[0]?.inserted, expected.length);
          // In the order of the file: one transaction appends to an empty table.
          const staged = await rowsOf(database(), "select * from stage.real order by ctid");
          const wanted = expected.map((row) =>
            datum === undefined ? row : { ...row, geodeticDatum: datum },
          );
          assert.deepEqual(staged, wanted);
          await rowsOf(database(), "drop table stage.real");
        }
      });
    }
  });
});
