import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { pipelineSchema } from "../../src/core/schema.ts";
import { components } from "../../src/registry.ts";

const root = new URL("../../", import.meta.url).pathname;
const validate = new Ajv({ strict: false, allErrors: true }).compile(pipelineSchema(components));

/** What an editor would underline. */
const underlined = (yaml: string): string[] =>
  validate(parse(yaml)) ? [] : (validate.errors ?? []).map((error) => error.instancePath);

const flow = (stages: string) => `name: x\nflows: [ { name: a, ${stages} } ]`;
const SINK = "sink: { file: { path: a.tsv } }";

describe("the JSON Schema, as an editor uses it,", () => {
  for (const file of globSync("pipelines/{*,flows/*}.yaml", {
    cwd: root,
    exclude: ["**/*.test.yaml"],
  })) {
    test(`accepts ${file}`, () => {
      assert.deepEqual(underlined(readFileSync(join(root, file), "utf8")), []);
    });
  }

  for (const { name, kind, example } of components) {
    test(`accepts the example of ${name}`, () => {
      const stages = {
        source: `source: { ${example} }, ${SINK}`,
        transform: `source: { csv: { path: a.csv } }, transforms: [ { ${example} } ], ${SINK}`,
        sink: `source: { csv: { path: a.csv } }, sink: { ${example} }`,
      };
      assert.deepEqual(underlined(flow(stages[kind])), []);
    });
  }

  test("accepts variables for a table, a number, a choice, a list and a name", () => {
    const yaml = `
params:
  table: { type: string, description: The table. }
  fields: { type: list, default: [a] }
flows:
  - name: "load_\${with.table}"
    source: { csv: { path: "\${FILE}", skip_lines: "\${SKIP:-0}", columns: "\${with.fields}" } }
    sink: { postgres_copy: { table: "\${with.table}", mode: "\${MODE}" } }
    rejects: { max: "\${MAX:-1%}" }
`;
    assert.deepEqual(underlined(yaml), []);
  });

  test("underlines what is wrong: an unknown option, a wrong type, a parameter without a type", () => {
    const wrong = flow(`source: { csv: { path: a.csv, skip_lines: many, pth: x } }, ${SINK}`);
    const places = underlined(wrong);
    assert.ok(places.includes("/flows/0/source/csv"));
    assert.ok(places.includes("/flows/0/source/csv/skip_lines"));
    assert.ok(
      underlined(
        `params: { a: {} }\n${flow(`source: { csv: { path: x } }, ${SINK}`).slice(8)}`,
      ).includes("/params/a"),
    );
  });
});
