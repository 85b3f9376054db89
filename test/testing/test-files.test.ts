/** `runner test`: what is said of tests that fail, and of test files that are wrong. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { runRunner } from "../support/runner.ts";

const PIPELINE = `name: p
flows:
  - name: moths
    source: { csv: { path: "\${MOTHS:-moths.csv}" } }
    transforms:
      - parse_dates: { from: date, min: first, max: last }
      - filter: { column: order, in: [Lepidoptera] }
      - set: { columns: { project: "\${PROJECT:?Set it to the project's name.}" } }
      - set: { columns: { place: Lyon } }
    sink: { file: { path: out.tsv, format: tsv } }
  - name: plants
    source: { csv: { path: plants.csv } }
    transforms:
      - lookup: { from: taxon, table: ref.taxa, key: name, columns: { cd_nom: cd_nom }, order_by: cd_nom desc, code: taxon_unknown }
      - lookup: { from: site, table: sites, key: name, columns: { id_site: id }, missing: stop }
    sink: { file: { path: out.tsv, format: tsv } }
`;

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await writeFile(join(folder, "p.yaml"), PIPELINE);
});
after(() => rm(folder, { recursive: true }));

const tried = async (yaml: string, ...flags: string[]) => {
  await writeFile(join(folder, "p.test.yaml"), yaml);
  const environment = { PROJECT: "of the shell" };
  return runRunner(["test", "p.yaml", ...flags], { cwd: folder, environment });
};

const HEAD = "variables: { PROJECT: mine }\ntests:\n";

describe("a test that fails", () => {
  const FAILING = `${HEAD}  - name: moths of a day
    flow: moths
    rows:
      - { date: 2024-05-01, order: Lepidoptera, count: 1.50 }
      - { date: never, order: Lepidoptera }
      - { date: 2024-05-02, order: Lepidoptera, ordre: x }
      - { date: 2024-05-02, order: Diptera }
    expect:
      rows:
        - { first: 2024-05-01, project: yours, count: 1.5, nmae: a }
        - { last: 2024-05-02, place: ~ }
        - { last: 2024-05-03 }
      rejects: [{ row: 1, code: bad_date }]
      filtered: 2
`;

  test("shows each cell that differs, and what else is not as expected", async () => {
    const { code, stderr, stdout } = await tried(FAILING);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      `p.test.yaml:3:11 moths of a day
  The rows have no column \`nmae\`. There is \`date\`, \`order\`, \`count\`, \`ordre\`, \`first\`, \`last\`, \`project\` and \`place\`.
  3 rows expected, 2 came out.
  2 rows expected to be filtered, 1 were.
  Row 1 was not rejected as \`bad_date\`.
  Row 2 (p.test.yaml:7:9) was rejected as \`bad_date\`: \`date\` is no date: "never".
  row  column   expected  got
    1  project  yours     mine
    1  count    1.5       1.50
    2  place    (empty)   Lyon

p.test.yaml: 1 of 1 test failed.
`,
    );
  });

  test("shows long values from where they part, so that they do not look the same when they are cut", async () => {
    const long = `${"very ".repeat(30)}long`;
    const { stderr } = await tried(`${HEAD}  - name: a place
    flow: moths
    transform: parse_dates
    rows: [{ date: 2024, order: "${long} (L.)" }]
    expect: { rows: [{ order: "${long} (F.)" }] }
`);
    assert.match(stderr, /1 {2}order {3}… very long \(F\.\) {2}… very long \(L\.\)\n/);
  });

  test("is an annotation of a pull request, and an object of --format json", async () => {
    const { stdout } = await tried(FAILING, "--format", "github");
    assert.match(
      stdout,
      /^::error file=p\.test\.yaml,line=3,col=11,title=test_failed:: {2}The rows/,
    );
    const { code, stdout: json } = await tried(FAILING, "--format", "json");
    assert.equal(code, 1);
    const [{ tests }] = JSON.parse(json).files;
    assert.equal(tests[0].status, "failed");
    assert.deepEqual(tests[0].differences[0], {
      row: 1,
      column: "project",
      expected: "yours",
      got: "mine",
      line: 12,
    });
  });

  test("may be a column of a row that nothing uses, misspelt as likely as not", async () => {
    const { stderr } = await tried(`${HEAD}  - name: a place
    flow: moths
    transform: parse_dates
    rows: [{ date: 2024, dat: 2024 }]
    expect: { rows: [{ first: 2024-01-01 }] }
  - name: a site
    flow: plants
    transform: lookup 1
    rows: [{ taxon: Aus, site: b }]
    expect: { error: other }
`);
    // Without a table the second one ends in an error, which is told with its place.
    assert.match(stderr, /p\.test\.yaml:8:11 a site\n {2}p\.yaml:14:\d+ .*`ref\.taxa`/);
    assert.match(stderr, /^p\.test\.yaml: 1 of 2 tests failed\.$/m);
  });
});

test("lookups read the tables that a test gives, each test its own; nothing of them is kept", async () => {
  const { code, stdout, stderr } = await tried(`${HEAD.replace("tests:", "")}tables:
  ref.taxa:
    - { name: Aus bus, cd_nom: 9 }
    - { name: Aus bus, cd_nom: 10 }
  sites: [{ name: pond, id: 0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d }]
tests:
  - name: the greatest cd_nom is taken, as a number
    flow: plants
    rows: [{ taxon: Aus bus, site: pond }, { taxon: Cus, site: pond }]
    expect:
      rows: [{ cd_nom: 10, id_site: 0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d }]
      rejects: [{ row: 2, code: taxon_unknown }]
  - name: another table of sites stops the flow
    flow: plants
    rows: [{ taxon: Aus bus, site: pond }]
    tables: { sites: [{ name: lake, id: 1 }] }
    expect: { error: lookup_missing }
  - name: the tables of the file are there again
    flow: plants
    rows: [{ taxon: Aus bus, site: pond }]
    expect: { rows: [{ cd_nom: 10 }] }
`);
  assert.equal(stderr, "");
  assert.equal(stdout, "p.test.yaml: 3 tests, all right.\n");
  assert.equal(code, 0);
});

test("a table that setup made keeps its types, and asks nothing more of the rows", async () => {
  await mkdir(join(folder, "sql"), { recursive: true });
  await writeFile(
    join(folder, "sql", "made.sql"),
    `create schema ref; create table ref.kingdom (id int primary key); create table sites (name text, id int);
     create table ref.taxa (name text not null, cd_nom int, kingdom int not null references ref.kingdom, check (cd_nom > 0));
     insert into sites values ('pond', 3), ('lake', 4);`,
  );
  const good = `${HEAD.replace("tests:", "setup: [sql/made.sql]\ntests:")}  - name: a taxon without its kingdom
    flow: plants
    rows: [{ taxon: Aus bus, site: lake }]
    tables: { ref.taxa: [{ name: Aus bus, cd_nom: 9 }] }
    expect: { rows: [{ cd_nom: 9, id_site: 4 }] }
`;
  const { code, stdout, stderr } = await tried(good);
  assert.deepEqual([code, stdout, stderr], [0, "p.test.yaml: 1 test, all right.\n", ""]);
  const { stderr: refused } = await tried(good.replace("cd_nom: 9 }]", "cd_nom: nine }]"));
  assert.match(
    refused,
    /p\.test\.yaml:7:25 PostgreSQL refused the rows that the test gives for `ref\.taxa`: invalid input syntax for type integer: "nine"\./,
  );
  const { stderr: unknown } = await tried(good.replace("cd_nom: 9 }]", "cd_nmo: 9 }]"));
  assert.match(unknown, /p\.test\.yaml:7:25 .*`cd_nmo`.*Did you mean `cd_nom`\?/);
});

test("a database that setup made is kept until a script changes, and made anew where it cannot be read", async () => {
  const yaml = `${HEAD.replace("tests:", "setup: [sql/kept.sql]\ntests:")}  - name: the pond of the script
    flow: plants
    rows: [{ taxon: Aus bus, site: pond }]
    tables: { ref.taxa: [{ name: Aus bus, cd_nom: 9 }] }
    expect: { rows: [{ id_site: 3 }] }
`;
  const script = (id: number) =>
    writeFile(
      join(folder, "sql", "kept.sql"),
      `create schema ref; create table sites as select 'pond' as name, ${id} as id;`,
    );
  await mkdir(join(folder, "sql"), { recursive: true });
  const kept = join(folder, ".runner", "tests");
  await rm(kept, { recursive: true, force: true });
  await script(3);
  assert.equal((await tried(yaml)).code, 0);
  const [name = ""] = await readdir(kept);
  await script(4);
  assert.match((await tried(yaml)).stderr, /id_site +3 +4\n/);
  assert.equal((await readdir(kept)).length, 2);
  await script(3);
  await writeFile(join(kept, name), "no copy of a database");
  assert.equal((await tried(yaml)).code, 0);
  assert.deepEqual([(await tried(yaml)).code, (await readdir(kept)).length], [0, 2]);
  assert.ok((await stat(join(kept, name))).size > 100_000);
});

const CASE = "  - name: n\n    flow: moths\n    rows: [{ date: 2024 }]\n";

/** What is wrong, and the first line of what is said. */
const WRONG: readonly (readonly [string, string, string])[] = [
  ["no map", "- a\n", "p.test.yaml:1:1 A test file is a map with `tests`."],
  ["no tests", "tests: []\n", "p.test.yaml:1:8 `tests` of `p.test.yaml` must not be empty."],
  [
    "a misspelt option",
    `${HEAD}  - nam: n\n    flow: moths\n    rows: [{ date: 2024 }]\n    expect: { filtered: 1 }\n`,
    "p.test.yaml:3:5 Item 1 of `tests` has no option `nam`. Did you mean `name`?",
  ],
  [
    "nothing expected",
    `${HEAD}${CASE}    expect: {}\n`,
    "p.test.yaml:6:13 The test expects nothing. Give at least one of `rows`, `rejects`, `filtered` and `error`.",
  ],
  [
    "an unknown flow",
    `${HEAD}${CASE.replace("moths", "moth")}    expect: { filtered: 0 }\n`,
    "p.test.yaml:4:11 The pipeline has no flow `moth`. Did you mean `moths`?",
  ],
  [
    "an unknown transform",
    `${HEAD}${CASE}    transform: set\n    expect: { filtered: 0 }\n`,
    "p.test.yaml:6:16 The flow has no transform `set`. There is `parse_dates`, `filter`, `set 1` and `set 2`.",
  ],
  [
    "an unknown base",
    `${HEAD}${CASE}    base: moth\n    expect: { filtered: 0 }\n`,
    "p.test.yaml:6:11 There is no base `moth`.",
  ],
  [
    "a reject of a row that is not there",
    `${HEAD}${CASE}    expect: { rejects: [{ row: 2, code: bad_date }] }\n`,
    "p.test.yaml:6:32 There is no row 2: the test has 1.",
  ],
  [
    "a variable that only the shell has",
    `tests:\n${CASE}    expect: { filtered: 0 }\n`,
    "p.test.yaml:3:11 The flow needs the variable `PROJECT`: give it a value under `variables`.",
  ],
  [
    "a pipeline that is not there",
    `pipeline: q.yaml\n${HEAD}${CASE}    expect: { filtered: 0 }\n`,
    "q.yaml:1:1 The file q.yaml is not there. Did you mean `p.yaml`?",
  ],
];

describe("of a wrong test file is said what and where, and no test is run:", () => {
  for (const [what, yaml, sentence] of WRONG) {
    test(what, async () => {
      const { code, stderr } = await tried(yaml);
      assert.equal(stderr.split("\n")[0], sentence);
      assert.match(stderr, /^p\.test\.yaml: no test was run\.$/m);
      assert.equal(code, 2);
    });
  }
});

test("a test file's mistakes are told all at once, and an alias is no test", async () => {
  const { stderr } = await tried(`variables: { PROJECT: mine }
tests:
  - name: a
    flow: mothz
    rows: [{ date: \${DAY} }]
    expect: { rows: [] }
  - name: b
    flow: moths
    rowz: [{ date: x }]
    expect: { rejects: [{ row: 4, code: x }] }
`);
  const told = stderr.match(/^p\.test\.yaml:\d+:\d+ .*/gm);
  assert.deepEqual(told, [
    "p.test.yaml:4:11 The pipeline has no flow `mothz`. Did you mean `moths`?",
    'p.test.yaml:5:20 Inside `{ }` and `[ ]` a variable needs quotes: "${DAY}".',
    "p.test.yaml:9:5 Item 2 of `tests` has no option `rowz`. Did you mean `rows`?",
    "p.test.yaml:10:32 There is no row 4: the test has 1.",
    "p.test.yaml:10:41 No record of this flow is rejected with the code `x`.",
  ]);
  const { stderr: alias } = await tried("tests: *x\n");
  assert.match(alias, /^p\.test\.yaml:1:8 `\*x` points elsewhere/);
});

test("a folder without tests, and a pipeline without a test file, are mistakes", async () => {
  const empty = join(folder, "empty");
  await mkdir(empty);
  const { code, stderr } = await runRunner(["test", "empty"], { cwd: folder });
  assert.equal(
    stderr,
    "There is no test in empty: no file `NAME.test.yaml`, such as `inat.test.yaml` for `inat.yaml`.\nCause and cure: `runner explain no_tests`\n",
  );
  assert.equal(code, 2);
  const { stderr: missing } = await runRunner(["test", "q.yaml"], { cwd: folder });
  assert.match(missing, /^q\.yaml:1:1 The file q\.yaml is not there\./);
});

test("a pipeline without tests is told where they are looked for, and which file may be meant", async () => {
  const alone = join(folder, "alone");
  await mkdir(alone);
  await writeFile(join(alone, "birds.yaml"), "name: birds\nflows: []\n");
  const said = async (target: string) =>
    (await runRunner(["test", target], { cwd: alone })).stderr.split("\n")[0];
  assert.equal(
    await said("birds.yaml"),
    "birds.yaml has no tests: they stand beside it, in `birds.test.yaml`. Write one: a list `tests`, each test with `name`, `flow`, `rows` and `expect`, as docs/tests.md shows.",
  );
  await writeFile(join(alone, "test_birds.yaml"), "tests: []\n");
  assert.equal(
    await said("birds.yaml"),
    "birds.yaml has no tests: they stand beside it, in `birds.test.yaml`. There is `test_birds.yaml`: rename it `birds.test.yaml`.",
  );
  assert.equal(
    await said("test_birds.yaml"),
    "test_birds.yaml has tests, and not the name that files of tests have: `NAME.test.yaml`, such as `inat.test.yaml` for `inat.yaml`. Rename it.",
  );
  await rm(join(alone, "test_birds.yaml"));
  // The tests of another pipeline are not those that are missing here.
  await writeFile(join(alone, "bird.yaml"), "name: bird\nflows: []\n");
  await writeFile(join(alone, "bird.test.yaml"), "tests: []\n");
  assert.match((await said("birds.yaml")) ?? "", /`birds\.test\.yaml`\. Write one: /);
  await writeFile(join(alone, "all.test.yaml"), "pipeline: birds.yaml\ntests: []\n");
  assert.equal(
    await said("birds.yaml"),
    "birds.yaml has no tests: they stand beside it, in `birds.test.yaml`. Did you mean `all.test.yaml`?",
  );
  assert.equal(
    await said("birds"),
    "birds:1:1 The file birds is not there. Did you mean `birds.yaml`?",
  );
});

test("bases fill what rows do not say, and a base's columns need not be used", async () => {
  const { code, stderr } = await tried(`variables: { PROJECT: mine }
bases: { moth: { order: Lepidoptera, date: 2024-05-01, note: unused } }
tests:
  - name: n
    flow: moths
    base: moth
    rows: [{ date: 1879-10 }, { order: Diptera }]
    expect: { rows: [{ last: 1879-10-31, order: Lepidoptera }], filtered: 1 }
`);
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

test("editors get a schema that the shipped tests fit and a misspelt word does not", async () => {
  const root = new URL("../../", import.meta.url);
  const schema = JSON.parse(await readFile(new URL("schema/test.schema.json", root), "utf8"));
  const validate = new Ajv({ strict: false }).compile(schema);
  for (const name of ["confluences", "demo", "inat", "observations"]) {
    const yaml = await readFile(new URL(`pipelines/${name}.test.yaml`, root), "utf8");
    assert.ok(validate(parse(yaml)), JSON.stringify(validate.errors));
  }
  assert.ok(!validate({ tests: [{ name: "n", flow: "f", rows: [{}], expects: {} }] }));
  const { stdout } = await runRunner(["schema", "--tests"]);
  assert.deepEqual(JSON.parse(stdout), schema);
});

describe("a pipeline's tests", () => {
  test("are looked at when the pipeline alone is validated, and a misspelt code is told with the one that is meant", async () => {
    const text = `${HEAD}  - { name: a, flow: moths, rows: [{ date: never }], expect: { rejects: [{ row: 1, code: bad_dat }] } }\n`;
    await writeFile(join(folder, "p.test.yaml"), text);
    const { code, stderr } = await runRunner(["validate", "p.yaml"], { cwd: folder });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^p\.test\.yaml:3:\d+ No record of this flow is rejected with the code `bad_dat`\. Did you mean `bad_date`\?$/m,
    );
  });

  test("may expect a code that the flow gives itself", async () => {
    const own = PIPELINE.replace("code: taxon_unknown", "code: no_such_plant");
    await writeFile(join(folder, "q.yaml"), own);
    const text = `${HEAD}  - { name: a, flow: plants, rows: [{ taxon: x }], expect: { rejects: [{ row: 1, code: no_such_plant }] } }\n`;
    await writeFile(join(folder, "q.test.yaml"), text);
    const { stderr } = await runRunner(["validate", "q.yaml"], { cwd: folder });
    assert.doesNotMatch(stderr, /is rejected with the code/);
  });
});
