import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { getLanguageService, SchemaPriority, TextDocument } from "yaml-language-server";

const SCHEMA = new URL("../schema/pipeline.schema.json", import.meta.url).href;
const FILE = "file:///pipelines/p.yaml";

/** The engine of the editors' YAML extension, with the schema as an editor finds it. */
const service = getLanguageService({
  schemaRequestService: (uri: string) => readFile(new URL(uri), "utf8"),
  workspaceContext: {
    resolveRelativePath: (path: string, base: string) => new URL(path, base).href,
  },
  yamlSettings: {
    documents: { getOpenTextDocument: () => undefined, all: () => [] },
  } as never,
} as never);
service.configure({
  validate: true,
  completion: true,
  hover: true,
  schemas: [{ uri: SCHEMA, fileMatch: ["*.yaml"], priority: SchemaPriority.Settings }],
} as never);

let version = 0;

/** A pipeline with the cursor at `¦`; a new version each time, as the engine keeps what it has parsed. */
const opened = (text: string) => {
  const at = text.indexOf("¦");
  const document = TextDocument.create(FILE, "yaml", ++version, text.replace("¦", ""));
  // Two of the engine's packages declare the same document in different ways.
  return {
    document: document as Parameters<typeof service.doComplete>[0],
    position: document.positionAt(at < 0 ? 0 : at),
  };
};

const completions = async (text: string): Promise<string[]> => {
  const { document, position } = opened(text);
  return (await service.doComplete(document, position, false)).items.map(({ label }) => label);
};

const hover = async (text: string): Promise<string> => {
  const { document, position } = opened(text);
  const found = await service.doHover(document, position);
  return JSON.stringify(found?.contents ?? "");
};

const HEAD = "name: p\nflows:\n  - name: a\n";

describe("an editor that reads the pipeline's schema", () => {
  test("completes the keys of a pipeline and of a flow", async () => {
    const top = await completions("name: p\n¦");
    for (const key of ["flows", "database", "setup"]) assert.ok(top.includes(key), key);
    const flow = await completions(`${HEAD}    ¦`);
    for (const key of ["source", "transforms", "sink"]) assert.ok(flow.includes(key), key);
  });

  test("completes the components of the place, and no others", async () => {
    const sources = await completions(`${HEAD}    source:\n      d¦`);
    assert.ok(sources.includes("dwca") && sources.includes("inaturalist"));
    assert.ok(!sources.includes("project") && !sources.includes("postgres_copy"));
    const transforms = await completions(`${HEAD}    transforms:\n      - ¦`);
    assert.ok(transforms.includes("extract_id") && !transforms.includes("dwca"));
  });

  test("completes a component's options, and the values of a choice", async () => {
    const options = await completions(`${HEAD}    sink:\n      postgres_copy:\n        ¦`);
    for (const key of ["table", "mode", "create"]) assert.ok(options.includes(key), key);
    const modes = await completions(`${HEAD}    sink:\n      postgres_copy:\n        mode: ¦`);
    assert.ok(modes.includes("replace") && modes.includes("append"));
  });

  test("shows what a component is and an example of it", async () => {
    const text = await hover(`${HEAD}    source:\n      dw¦ca:\n        path: a.zip\n`);
    assert.match(text, /Reads a table of a Darwin Core Archive/);
    assert.match(text, /Example/);
    assert.match(text, /demo\.zip/);
  });

  test("shows what an option means", async () => {
    const text = await hover(
      `${HEAD}    sink:\n      postgres_copy:\n        table: t\n        mo¦de: append\n`,
    );
    assert.match(text, /empties the table and loads it in one transaction/);
  });

  test("says above an option which component it is of, and what a flow's own keys mean", async () => {
    const option = await hover(`${HEAD}    transforms:\n      - lookup:\n          cod¦e: x\n`);
    assert.match(option, /#### lookup\\n/);
    const source = await hover(`${HEAD}    sou¦rce: { csv: { path: a.csv } }\n`);
    assert.match(source, /#### flow\\n.*Where the records come from/);
    assert.deepEqual(await completions(`${HEAD}    rejects:\n      ¦`), ["max"]);
    const max = await hover(`${HEAD}    rejects:\n      m¦ax: 1%\n`);
    assert.match(max, /a number, or a share of those that were read/);
  });

  test("underlines what is wrong, and nothing in the project's own pipelines", async () => {
    const problems = async (text: string) =>
      (await service.doValidation(opened(text).document, false)).map(({ message }) => message);
    assert.notDeepEqual(await problems(`${HEAD}    source: { dwc: {} }\n`), []);
    for (const name of ["demo", "inat", "confluences", "observations", "flows/synthese"]) {
      const text = await readFile(new URL(`../pipelines/${name}.yaml`, import.meta.url), "utf8");
      const bare = text.replace(/^# yaml-language-server.*\n/, "\n");
      assert.deepEqual(await problems(bare), [], name);
    }
  });
});
