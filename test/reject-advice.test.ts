/** What is told besides when a flow ends for its rejects: a type under `create` that values are none of. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { RunnerError } from "../src/core/errors.ts";
import { runPipeline } from "../src/runner.ts";
import { onEachDatabase, type TestDatabase } from "./support/database.ts";
import { planFrom } from "./support/plan.ts";

const quiet = { info: () => undefined, warn: () => undefined };

onEachDatabase((database) => {
  /** The last lines of the error of a run. */
  const advice = async (
    rows: readonly string[],
    { sink, transform, more = "" }: { sink: string; transform?: string; more?: string },
    at: TestDatabase = database(),
  ): Promise<string[]> => {
    await writeFile(join(at.folder, "a.csv"), `id,n\n${rows.join("\n")}\n`);
    const yaml = `name: p
flows:
  - name: f
    source: { csv: { path: a.csv } }
${transform === undefined ? "" : `    transforms: [{ ${transform} }]\n`}    sink: { ${sink} }
${more}`;
    const { error } = await runPipeline(await planFrom(yaml, at), {
      database: at.opened,
      signal: new AbortController().signal,
      log: quiet,
    });
    const { code, message } = error as RunnerError;
    assert.equal(code, "too_many_rejects");
    return message.split("\n").filter((line) => /^(Or is it|The limit stands)/.test(line));
  };

  describe("a run that ends for its rejects", () => {
    for (const sink of ["postgres_copy", "postgres_upsert"] as const) {
      const how = sink === "postgres_copy" ? "mode: replace" : "key: [id]";
      const to = (type: string, table: string) =>
        `${sink}: { table: ${sink}_${table}, ${how}, create: { columns: { id: bigint, n: ${type} }, primary_key: [id] } }`;

      test(`names the type under \`create\` of ${sink}, its place and a better one`, async () => {
        const [line, ...others] = await advice(["1,12", "2,3", "3,"], { sink: to("date", "a") });
        assert.deepEqual(others, []);
        assert.match(
          line ?? "",
          /^Or is it the type\? Column `n` is `date` under `create` \(.*pipeline\.yaml:5:\d+\): if its values \("12" and "3"\) are right, write `integer` or `text` there; a table/,
        );
      });

      test(`names the transform for decimal commas with ${sink}`, async () => {
        const rows = ['1,"48,86"', '2,"2,5"'];
        const [comma, ...others] = await advice(rows, { sink: to("numeric", "comma") });
        assert.equal(
          comma,
          'Or is it the comma? For PostgreSQL, a number has a point: `- parse_numbers: { columns: [n] }` as the last of the transforms writes it so ("48,86" and "2,5").',
        );
        assert.equal(others.length, 1);
      });

      test(`names only \`text\` for values that are too long, be they digits, with ${sink}`, async () => {
        const [line] = await advice(["1,1234", `2,${"5".repeat(50)}`], {
          sink: to("varchar(3)", "long"),
        });
        assert.match(
          line ?? "",
          /`n` is `varchar\(3\)` .* \("1234" and "5{40}…"\) are right, write `text` there/,
        );
      });

      test(`tells a value as the file has it, and the column by its true name, with ${sink}`, async () => {
        const column = 'a "b"';
        const [line] = await advice(['1,"x\\y\tz"'], {
          sink: `${sink}: { table: ${sink}_odd, ${how}, create: { columns: { id: bigint, '${column}': integer }, primary_key: [id] } }`,
          transform: `project: { columns: { id: id, '${column}': n } }`,
        });
        assert.match(
          line ?? "",
          /Column `a "b"` is `integer` .* \("x\\\\y\\tz"\) are right, write `text`/,
        );
      });

      test(`does so for a few values, and at the end, with ${sink}`, async () => {
        const rows = Array.from({ length: 50 }, (_, index) => `${index},${index}`);
        const given = { sink: to("integer", "b"), more: '    rejects: { max: "1%" }\n' };
        const [line] = await advice([...rows, "51,12-15", "52,16-20"], given);
        assert.match(
          line ?? "",
          /`n` is `integer` .* \("12-15" and "16-20"\) are right, write `text` there/,
        );
      });
    }

    test("says nothing of types where the server refuses for another reason", async () => {
      const sink =
        "postgres_copy: { table: unique_ones, mode: replace, create: { columns: { id: bigint, n: text }, primary_key: [id] } }";
      assert.deepEqual(await advice(["1,a", "1,b"], { sink }), []);
    });
  });
});
