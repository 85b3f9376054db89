import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyTemplate } from "../support/database.ts";
import { runRunner } from "../support/runner.ts";

let folder = "";
const sql = (statement: string, ...more: string[]) =>
  runRunner(["sql", "look.yaml", statement, ...more], { cwd: folder });

describe("runner sql", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    await mkdir(join(folder, ".runner"));
    await writeFile(
      join(folder, "look.yaml"),
      `name: look
flows:
  - name: load
    source: { csv: { path: "\${NOT_SET_ANYWHERE}" } }
    sink: { postgres_copy: { table: look, mode: append } }
`,
    );
  });
  after(() => rm(folder, { recursive: true }));

  test("makes no database to look into", async () => {
    const { code, stderr } = await sql("select 1");
    assert.equal(code, 2);
    assert.match(stderr, /^Pipeline `look` has not been run in the embedded database/);
    assert.equal(existsSync(join(folder, ".runner", "db")), false);
  });

  test("prints a table, CSV or JSON, and says how many rows that is", async () => {
    await copyTemplate(join(folder, ".runner", "db"));
    const rows = "select * from (values (1, 'a;b'), (20, null)) as t (number, text)";
    const { code, stdout, stderr } = await sql(rows);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "number  text\n     1  a;b\n    20\n");
    assert.equal(stderr, "2 rows.\n");
    const csv = await sql(rows, "--csv");
    assert.equal(csv.stdout, '\ufeffnumber;text\n1;"a;b"\n20;\n');
    const json = await sql(rows, "--json");
    assert.deepEqual(JSON.parse(json.stdout), [
      { number: 1, text: "a;b" },
      { number: 20, text: null },
    ]);
    assert.equal((await sql("select 1 where false", "--json")).stdout, "[]\n");
  });

  test("shows the first rows of many, and says how to get the others", async () => {
    const { stdout, stderr } = await sql("select i from generate_series(1, 5) as i", "--rows", "2");
    assert.equal(stdout, "i\n1\n2\n");
    assert.match(stderr, /^The first 2 rows of more: `--rows` /);
  });

  test("shows what is too wide below each other", async () => {
    const columns = Array.from({ length: 20 }, (_, index) => `'v${index}' as a_column_${index}`);
    const { stdout } = await sql(`select ${columns.join(", ")}`);
    assert.match(stdout, /^row 1\n {2}a_column_0 {3}v0\n {2}a_column_1 {3}v1\n/);
  });

  test("refuses what writes, and shows where a mistake is", async () => {
    const writes = await sql("drop table runner.run");
    assert.equal(writes.code, 2);
    assert.match(writes.stderr, /^The statement begins with `drop`\. `runner sql` only reads/);
    const mistaken = await sql("select nothing from nowhere");
    assert.equal(mistaken.code, 2);
    assert.equal(
      mistaken.stderr,
      `Postgres refuses the statement at 1:21: relation "nowhere" does not exist.
  1 | select nothing from nowhere
    |                     ^
Cause and cure: \`runner explain sql_refused\`
`,
    );
  });
});
