/** The example of each component, as the reference prints it, run in one pipeline. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { componentReference } from "../src/core/reference.ts";
import { components } from "../src/registry.ts";
import { copyTemplate } from "./support/database.ts";
import { startFakeGbif } from "./support/fake-gbif.ts";
import { startFakeInaturalist } from "./support/fake-inaturalist.ts";
import { runRunner } from "./support/runner.ts";

const root = new URL("../", import.meta.url).pathname;
const exampleOf = (name: string): string =>
  components.find((component) => component.name === name)?.example ?? "";

const ARCHIVE = "dwca: { path: ../samples/demo.zip, table: occurrence }";
const STAGED = 'postgres: { sql: "select * from pinv_gbif.tmp_gbif_data" }';
/** The double of a service stands where the service is: nothing else of the example changes. */
const at = (name: string, variable: string, path = ""): string =>
  exampleOf(name).replace(/ \}$/, `, url: "\${${variable}}${path}" }`);

/** What stands before an example, and behind it, so that it has something to do. */
const SETTINGS: Readonly<Record<string, { source?: string; before?: string; sink?: string }>> = {
  gbif: { source: at("gbif", "GBIF_API") },
  inaturalist: { source: at("inaturalist", "INATURALIST_API", "/observations") },
  distinct: { source: STAGED },
  lookup: { source: STAGED },
  map_values: { source: STAGED },
  map_sinp: {
    source: "postgres: { query: queries/staged.sql }",
    before:
      "set: { columns: { id_source: 1, id_dataset: 1, cd_nom: 54139, cd_nom_from: taxonKey } }",
  },
  postgres_copy: {
    source: "dwca: { path: ../samples/demo.zip, table: multimedia }",
    before: "project: { columns: { gbif_id: gbifID, media_url: identifier } }",
  },
  postgres_upsert: { source: exampleOf("json") },
};

/** The flow that runs an example; `name` is the component's. */
const flowOf = ({ name, kind, example }: (typeof components)[number]): string => {
  const { source, before: first } = SETTINGS[name] ?? {};
  const transforms = [first, kind === "transform" ? example : undefined].filter(Boolean);
  return [
    `  - name: ${name}`,
    `    source: { ${source ?? (kind === "source" ? example : ARCHIVE)} }`,
    `    transforms: [${transforms.map((one) => `{ ${one} }`).join(", ")}]`,
    `    sink: { ${kind === "sink" ? example : `file: { path: ../out/${name}.tsv, format: tsv }`} }`,
    "    rejects: { max: any }",
  ].join("\n");
};

// iNaturalist's is asked while no uuid is known, the others come in the order of the reference.
const inOrder = components.toSorted(
  (a, b) => Number(b.name === "inaturalist") - Number(a.name === "inaturalist"),
);

const PIPELINE = `
name: examples
setup: [sql/geonature-sandbox.sql, sql/gbif-source.sql, sql/pinv_gbif.sql, sql/gbif-taxa.sql]
flows:
  - include: flows/gbif-staging.yaml
    with: { query: queries/inat.json, archive: ../samples/demo.zip }
${inOrder.map(flowOf).join("\n")}
`;

describe("the example of", () => {
  let folder = "";
  let ran: Awaited<ReturnType<typeof runRunner>>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    for (const part of ["pipelines", "samples"]) {
      const filter = (path: string) => !path.includes(".runner");
      await cp(join(root, part), join(folder, part), { recursive: true, filter });
    }
    await copyTemplate(join(folder, "pipelines", ".runner", "db"));
    await writeFile(join(folder, "pipelines", "examples.yaml"), PIPELINE);
    await using gbif = await startFakeGbif({ polls: 0 });
    await using inaturalist = await startFakeInaturalist();
    ran = await runRunner(["pipelines/examples.yaml", "--json"], {
      cwd: folder,
      environment: {
        DATABASE_URL: "",
        GBIF_API: gbif.url,
        INATURALIST_API: inaturalist.url,
        GBIF_USER: "fake",
        GBIF_PWD: "fake",
        GBIF_EMAIL: "you@example.org",
        XDG_CACHE_HOME: join(folder, "cache"),
      },
    });
  });
  after(() => rm(folder, { recursive: true }));

  for (const { name, kind, example } of components) {
    test(`${name} stands in the reference, runs, and records come through`, async () => {
      assert.ok(componentReference(components).includes(`### ${name}\n`));
      assert.ok(componentReference(components).includes(`\`\`\`yaml\n${example}\n\`\`\``));
      assert.equal(ran.code, 0, ran.stderr);
      const { flows } = JSON.parse(ran.stdout.trim().split("\n").at(-1) ?? "");
      const flow = flows.find((one: { name: string }) => one.name === name);
      assert.ok(flow.read > 0, JSON.stringify(flow));
      assert.ok(flow.inserted + flow.updated + flow.unchanged > 0, JSON.stringify(flow));
      if (kind === "sink") return;
      const text = await readFile(join(folder, "out", `${name}.tsv`), "utf8");
      assert.equal(text.trimEnd().split("\n").length, flow.inserted + 1);
    });
  }
});
