import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { formatComplaint, inOrder } from "../../src/core/complaint.ts";
import { expandPipeline } from "../../src/core/expand.ts";
import { type LoadOptions, loadPipeline } from "../../src/core/pipeline-file.ts";
import type { Secret } from "../../src/core/secret.ts";
import { components } from "../../src/registry.ts";

const broken = new URL("../pipelines-broken/", import.meta.url).pathname;

/** What a user reads, with places relative to the folder of the broken pipelines. */
const complaintsOf = async (file: string, options: Partial<LoadOptions> = {}): Promise<string> => {
  const { complaints, warnings } = await loadPipeline(file, {
    components,
    environment: {},
    isOffline: true,
    ...options,
  });
  const base = relative(process.cwd(), broken);
  return inOrder([...complaints, ...warnings])
    .map((complaint) => `${formatComplaint(complaint)}\n`)
    .join("\n")
    .replaceAll(broken, "")
    .replaceAll(`${base}/`, "");
};

describe("a broken pipeline is told with place, sentence and caret", async () => {
  const files = (await readdir(broken)).filter((name) => name.endsWith(".yaml")).sort();
  for (const file of files) {
    test(file.replace(".yaml", "").replaceAll("-", " "), async () => {
      const expected = join(broken, file.replace(".yaml", ".txt"));
      const found = await complaintsOf(join(broken, file));
      assert.notEqual(found, "", "it is not broken");
      assert.doesNotMatch(found, /must match exactly|additional propert|instancePath/);
      if (process.env.UPDATE) await writeFile(expected, found);
      assert.equal(found, await readFile(expected, "utf8"));
    });
  }
});

describe("a good pipeline", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  const load = async (text: string, options: Partial<LoadOptions> = {}, included?: string) => {
    const file = join(folder, "p.yaml");
    await writeFile(file, text);
    if (included !== undefined) await writeFile(join(folder, "included.yaml"), included);
    const loaded = await loadPipeline(file, {
      components,
      environment: {},
      isOffline: false,
      ...options,
    });
    return { ...loaded, said: loaded.complaints.map(({ message }) => message) };
  };
  const flow = (source: string, more = "") =>
    `name: x\nflows:\n  - name: a\n    source: ${source}\n    sink: { file: { path: out.tsv } }\n${more}`;

  test("has defaults filled in and paths relative to the file that names them", async () => {
    const { plan, said } = await load(flow("{ dwca: { path: ../a.zip } }"));
    assert.deepEqual(said, []);
    assert.equal(plan?.database.reveal(), "embedded");
    assert.deepEqual(plan?.flows[0]?.source.options, {
      path: join(folder, "..", "a.zip"),
      max_gb: 200,
      max_ratio: 200,
    });
  });

  test("has variables replaced in values: with a default, a literal, and never more than text", async () => {
    const environment = { A: "x: [1]", EMPTY: "" };
    const { plan } = await load(
      flow(`{ dwca: { path: a.zip, table: "\${A}-\${B:-b}-\${EMPTY:-e}-$\${C}" } }`),
      { environment },
    );
    assert.deepEqual(plan?.flows[0]?.source.options, {
      path: join(folder, "a.zip"),
      table: "x: [1]-b-e-${C}",
      max_gb: 200,
      max_ratio: 200,
    });
  });

  test("takes numbers and limits from variables, and a path of the shell from the working folder", async () => {
    const { plan, said } = await load(
      flow(
        `{ dwca: { path: "\${ARCHIVE}", max_gb: "\${GB}" } }`,
        `    rejects: { max: "\${MAX}" }\n`,
      ),
      { environment: { ARCHIVE: "a.zip", GB: "2.5", MAX: "0.5%" } },
    );
    assert.deepEqual(said, []);
    assert.deepEqual(plan?.flows[0]?.source.options, {
      path: join(process.cwd(), "a.zip"),
      max_gb: 2.5,
      max_ratio: 200,
    });
    assert.deepEqual(plan?.flows[0]?.rejects.max, { share: 0.005 });
  });

  test("without a value for a variable is refused to run, and only noted offline", async () => {
    const text = `database: "\${DATABASE_URL}"\n${flow(`{ dwca: { path: "\${ARCHIVE:?Set it to a zip}" } }`)}`;
    const run = await load(text);
    assert.deepEqual(run.said, [
      "The variable `DATABASE_URL` has no value. Set it, or give a default: `${DATABASE_URL:-…}`.",
      "The variable `ARCHIVE` has no value. Set it to a zip.",
    ]);
    const offline = await load(text, { isOffline: true });
    assert.deepEqual([offline.said, offline.variables], [[], ["DATABASE_URL", "ARCHIVE"]]);
    const overridden = await load(text, {
      environment: { ARCHIVE: "a.zip" },
      database: "embedded",
    });
    assert.deepEqual(overridden.said, []);
  });

  test("needs the variables of the flows that are to run, and of what all share", async () => {
    const text = `name: x
database: "\${DATABASE_URL}"
flows:
  - include: included.yaml
    with: { archive: "\${ARCHIVE:?Set it to a zip}" }
  - name: b
    source: { csv: { path: "\${TABLE}" } }
    sink: { file: { path: "\${OUT}" } }
    rejects: { max: "\${MAX}" }
`;
    const included = `
params: { archive: { type: path }, unused: { type: string, default: "\${UNUSED}" } }
flows:
  - name: a
    source: { dwca: { path: "\${with.archive}" } }
    sink: { file: { path: "\${OUT}" } }
`;
    const needed = async (...wanted: string[]) => {
      const { complaints } = await load(
        text,
        { isWanted: ({ name }) => wanted.includes(name) },
        included,
      );
      return complaints.map(({ place: { line }, message }) => `${line} ${message.split("`")[1]}`);
    };
    assert.deepEqual(await needed("b"), ["2 DATABASE_URL", "7 TABLE", "8 OUT", "9 MAX"]);
    assert.deepEqual(await needed("a"), ["6 OUT", "2 DATABASE_URL", "5 ARCHIVE"]);
    assert.deepEqual(await needed(), ["2 DATABASE_URL"]);
    const { variables } = await load(text, { isOffline: true }, included);
    assert.deepEqual(variables, ["DATABASE_URL", "ARCHIVE", "TABLE", "OUT", "MAX"]);
  });

  test("gets patterns as regular expressions and plain numbers as they are written", async () => {
    const { plan } = await load(
      flow(
        "{ dwca: { path: a.zip } }",
        "    transforms:\n      - extract_id: { from: a, to: b, pattern: '(\\d+)', missing: null }\n      - set: { columns: { n: 1.50 } }\n",
      ),
    );
    const [extract, set] = plan?.flows[0]?.transforms ?? [];
    assert.deepEqual(extract?.options, { from: "a", to: "b", pattern: /(\d+)/u, missing: null });
    assert.deepEqual(set?.options, { columns: { n: "1.50" } });
  });

  test("includes flows: typed parameters stay what they are, paths belong to the file that gives them", async () => {
    const included = `
params:
  archive: { type: path }
  licenses: { type: list, default: [CC0_1_0] }
  table: { type: string, default: occurrence }
flows:
  - name: inner
    source: { dwca: { path: "\${with.archive}", table: "\${with.table}.txt" } }
    transforms: [ { filter: { column: license, in: "\${with.licenses}" } } ]
    sink: { file: { path: out.tsv } }
`;
    const { plan, said } = await load(
      "name: x\nflows:\n  - include: included.yaml\n    with: { archive: data/a.zip, licenses: [CC_BY_4_0, CC0_1_0] }\n",
      {},
      included,
    );
    assert.deepEqual(said, []);
    assert.equal(plan?.flows[0]?.name, "inner");
    assert.deepEqual(plan?.flows[0]?.source.options, {
      path: join(folder, "data", "a.zip"),
      table: "occurrence.txt",
      max_gb: 200,
      max_ratio: 200,
    });
    assert.deepEqual(plan?.flows[0]?.transforms[0]?.options, {
      column: "license",
      in: ["CC_BY_4_0", "CC0_1_0"],
    });
  });

  test("may have variables in the defaults of parameters, which need no value when they are not used", async () => {
    const included = `
params:
  archive: { type: path, default: "\${ARCHIVE}" }
  gigabytes: { type: integer, default: "\${GB:-5}" }
flows:
  - name: inner
    source: { dwca: { path: "\${with.archive}", max_gb: "\${with.gigabytes}" } }
    sink: { file: { path: out.tsv } }
`;
    const given = await load(
      "name: x\nflows:\n  - include: included.yaml\n    with: { archive: a.zip }\n",
      {},
      included,
    );
    assert.deepEqual(given.said, []);
    assert.deepEqual(given.plan?.flows[0]?.source.options, {
      path: join(folder, "a.zip"),
      max_gb: 5,
      max_ratio: 200,
    });
    const missing = await load("name: x\nflows: [ { include: included.yaml } ]\n", {}, included);
    assert.deepEqual(missing.said, [
      "The variable `ARCHIVE` has no value. Set it, or give a default: `${ARCHIVE:-…}`.",
    ]);
  });

  test("printed whole loads as the same pipeline, variables without a value included", async () => {
    const source = `{ dwca: { path: "\${ARCHIVE}", max_gb: "\${GB}" } }`;
    const transforms = `    transforms:
      - extract_id: { from: a, to: b, pattern: '/x/(\\d+)' }
      - set: { columns: { note: "costs $\${x}" } }
`;
    const first = await load(flow(source, transforms), { isOffline: true });
    assert.deepEqual(first.said, []);
    assert.ok(first.plan);
    const text = expandPipeline(first.plan);
    assert.match(text, /path: \$\{ARCHIVE\}\n/);
    assert.match(text, /pattern: \/x\/\(\\d\+\)\n/);
    assert.match(text, /note: costs \$\$\{x\}\n/);
    assert.match(text, /path: out\.tsv\n/);
    const second = await load(text, { isOffline: true });
    assert.deepEqual(second.said, []);
    assert.deepEqual(second.variables, ["ARCHIVE", "GB"]);
    assert.ok(second.plan);
    assert.equal(expandPipeline(second.plan), text);
  });

  test("is printed with its included files in their places, without its password", async () => {
    const { plan } = await load(
      `database: postgresql://anne:s3cret@host/x\n${flow("{ csv: { path: 'http://x', columns: [a] } }")}`,
    );
    assert.ok(plan);
    const text = expandPipeline(plan);
    assert.match(text, /database: postgresql:\/\/anne:\*\*\*@host\/x/);
    assert.match(text, /rejects:\n\s+max: 0/);
    assert.doesNotMatch(text, /s3cret/);
  });

  test("is printed with a document as it is written: the name of its file, or the value in place", async () => {
    const inline = "{ gbif: { query: { type: equals, key: COUNTRY, value: FR } } }";
    const { plan, said } = await load(flow(inline));
    assert.deepEqual(said, []);
    assert.ok(plan);
    assert.match(expandPipeline(plan), /query:\n +type: equals\n +key: COUNTRY\n +value: FR\n/);
  });

  test("whose secret stands in the wrong place is told so without the secret", async () => {
    const sink = (table: string) =>
      flow("{ csv: { path: a.csv } }").replace(
        "file: { path: out.tsv }",
        `postgres_copy: { table: "${table}", mode: append }`,
      );
    const environment = {
      DATABASE_URL: "postgresql://anne:s3cret@host/x",
      MY_TOKEN: 's3cret"x',
      A_PWD: "s3cret-pwd",
    };
    const url = await load(sink("${DATABASE_URL}"), { environment });
    assert.match(url.said.join(), /postgresql:\/\/anne:\*\*\*@host/);
    const token = await load(sink("${MY_TOKEN}"), { environment });
    assert.match(token.said.join(), /`table` .*\*\*\*/);
    const word = await load(sink("${A_PWD}"), { environment });
    assert.match(word.said.join(), /`table` .*\*\*\*/);
    for (const { said } of [url, token, word]) assert.doesNotMatch(said.join(), /s3cret/);
  });

  test("keeps its database secret wherever it lands", async () => {
    const { plan } = await load(
      `database: postgresql://anne:s3cret@host/x\n${flow("{ csv: { path: a.csv } }")}`,
    );
    const secret = plan?.database as Secret;
    assert.equal(`${secret} ${JSON.stringify({ secret })}`, '*** {"secret":"***"}');
  });
});

describe("offline, a stage whose variable has no value", () => {
  const check = async (source: string, transforms: readonly string[]) => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    const file = join(folder, "p.yaml");
    const list = transforms.map((transform) => `      - ${transform}\n`).join("");
    const sink = "    sink: { file: { path: out.tsv } }\n";
    const text = `name: x\nflows:\n  - name: a\n    source: ${source}\n    transforms:\n${list}${sink}`;
    await writeFile(file, text);
    const loaded = await loadPipeline(file, { components, environment: {}, isOffline: true });
    await rm(folder, { recursive: true });
    return loaded.complaints.map(({ code, place }) => `${place.line}:${place.column} ${code}`);
  };

  test("leaves the others checked", async () => {
    const found = await check('{ csv: { path: "${FILE}" } }', [
      "project: { columns: { a: x } }",
      "filter: { column: b, present: true }",
    ]);
    assert.deepEqual(found, ["7:27 unknown_column"]);
  });

  test("is not complained of, nor are columns whose name depends on it", async () => {
    const found = await check("{ csv: { path: a.csv } }", [
      'project: { columns: { a: x, "y": "${FROM}" } }',
      'filter: { column: "${COLUMN}", present: true }',
      'extract_id: { from: a, to: "${TO}", pattern: "(.)" }',
      "filter: { column: z, present: true }",
    ]);
    assert.deepEqual(found, []);
  });
});

test("the project's own pipelines are all right", async () => {
  const folder = new URL("../../pipelines/", import.meta.url).pathname;
  const files = (await readdir(folder)).filter((name) => /^[^.]+\.yaml$/.test(name));
  assert.ok(files.length >= 4);
  for (const file of files) assert.equal(await complaintsOf(join(folder, file)), "");
});

test("an archive in the place of a pipeline is told to need one", async () => {
  const said = await complaintsOf(new URL("../../samples/demo.zip", import.meta.url).pathname);
  assert.match(
    said,
    / is no YAML file in UTF-8\. If it is an archive, `runner init \S+demo\.zip` writes a pipeline for it\./,
  );
});

test("a limit of rejects that a parameter gives stands where the pipeline gives it, or includes the file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await writeFile(
    join(folder, "flows.yaml"),
    `params:
  max: { type: string, default: 1% }
flows:
  - name: load
    source: { csv: { path: a.csv } }
    sink: { file: { path: b.tsv } }
    rejects: { max: "\${with.max}", bad_date: 3 }
`,
  );
  const file = join(folder, "p.yaml");
  const load = async (given: string) => {
    await writeFile(file, `name: p\nflows:\n  - include: flows.yaml\n${given}`);
    const { plan } = await loadPipeline(file, { components, environment: {}, isOffline: true });
    return plan?.flows[0]?.limitFor;
  };
  const at = (limit: ReturnType<NonNullable<typeof given>> | undefined) =>
    limit && [relative(folder, limit.place.file), limit.place.line, limit.parameter];
  const given = await load("    with: { max: 5 }\n");
  assert.deepEqual(at(given?.(undefined)), ["p.yaml", 4, "max"]);
  assert.deepEqual(at(given?.("bad_date")), ["flows.yaml", 7, undefined]);
  const asItIs = (await load(""))?.(undefined);
  assert.deepEqual(at(asItIs), ["p.yaml", 3, "max"]);
  assert.deepEqual(
    [asItIs?.place.fallback?.parameter, asItIs?.place.fallback?.place.line],
    ["max", 2],
  );
  await rm(folder, { recursive: true });
});

describe("what several pipelines share is read once, and", () => {
  const inFolder = async (work: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    await work(folder).finally(() => rm(folder, { recursive: true }));
  };
  const load = (file: string) =>
    loadPipeline(file, { components, environment: {}, isOffline: true });

  test("a mistake in an included file is told at each place that includes it", () =>
    inFolder(async (folder) => {
      await writeFile(
        join(folder, "flows.yaml"),
        "flows:\n  - name: a\n    source: { csv: { path: &anchor a.csv, file: *anchor } }\n    sink: { file: { path: b } }\n",
      );
      for (const [name, lines] of [
        ["one", ""],
        ["two", "description: a line more\n"],
      ]) {
        const file = join(folder, `${name}.yaml`);
        await writeFile(file, `name: ${name}\n${lines}flows:\n  - include: flows.yaml\n`);
      }
      const told = async (name: string) => {
        const { complaints } = await load(join(folder, `${name}.yaml`));
        return complaints.map(({ code, place }) => [
          `${code} ${relative(folder, place.file)}:${place.line}`,
          place.includedFrom?.file === join(folder, `${name}.yaml`) && place.includedFrom.line,
        ]);
      };
      assert.deepEqual(await told("one"), [
        ["unknown_option flows.yaml:3", 3],
        ["alias flows.yaml:3", 3],
      ]);
      assert.deepEqual(
        (await told("two")).map(([, line]) => line),
        [4, 4],
      );
    }));

  test("a setup script that has changed since is read anew, as is one that it names", () =>
    inFolder(async (folder) => {
      const flows = `flows:
  - name: a
    source: { csv: { path: "\${FILE}" } }
    transforms: [{ lookup: { table: s.seeds, key: { a: b }, columns: { c: d } } }]
    sink: { postgres_copy: { table: s.seed } }
`;
      const file = join(folder, "p.yaml");
      await writeFile(file, `name: p\nsetup: [all.sql]\n${flows}`);
      await writeFile(join(folder, "all.sql"), "\\ir tables.sql\n");
      const codes = async (sql: string) => {
        await writeFile(join(folder, "tables.sql"), sql);
        return (await load(file)).warnings.map(({ code }) => code);
      };
      assert.deepEqual(await codes("create table s.other ()"), ["table_not_written"]);
      assert.deepEqual(await codes("create table s.SEEDS (b int)"), []);
      assert.deepEqual(await codes("select 1"), ["table_not_written"]);
    }));
});
