/** `runner validate` and files of tests: what is wrong with them is told without running one. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runRunner } from "../support/runner.ts";

const PIPELINE = `name: p
flows:
  - name: moths
    source: { csv: { path: moths.csv } }
    transforms:
      - parse_dates: { from: date, min: first, max: last }
      - lookup: { from: taxon, table: ref.taxa, key: name, columns: { cd_nom: cd_nom }, when_empty: true }
      - project: { columns: { first: first, cd_nom: cd_nom } }
    sink: { file: { path: out.tsv } }
`;

describe("runner validate of a file of tests", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  const validated = async (tests: string, { pipeline = PIPELINE, target = "." } = {}) => {
    await writeFile(join(folder, "p.yaml"), pipeline);
    await writeFile(join(folder, "p.test.yaml"), `tests:\n${tests}`);
    return runRunner(["validate", target], { cwd: folder });
  };
  const GOOD =
    "  - name: a\n    flow: moths\n    rows: [ { date: 2024-05-01, taxon: x, cd_nom: 1 } ]\n    expect: { rows: [ { first: 2024-05-01, cd_nom: 1 } ] }\n";

  test("counts its tests when all is right, in a folder and by its name", async () => {
    const inFolder = await validated(GOOD);
    assert.equal(
      inFolder.stdout,
      "p.yaml: 1 flow, all right but for 1 warning.\np.test.yaml: 1 test, all right.\n",
    );
    const byName = await validated(GOOD, { target: "p.test.yaml" });
    assert.equal(byName.stdout, "p.test.yaml: 1 test, all right.\n");
    assert.equal(byName.code, 0);
  });

  test("names columns that nothing reads and that do not come out, each where it stands first", async () => {
    const wrong = GOOD.replace("taxon: x,", "taxn: x,").replace("{ first:", "{ frist: 1, last:");
    const { stderr, code } = await validated(
      wrong.replace("} ]\n    exp", "}, { taxn: y } ]\n    exp"),
    );
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^p\.test\.yaml:4:33 Nothing uses the column `taxn`\. Did you mean `taxon`\?$/m,
    );
    assert.match(
      stderr,
      /^p\.test\.yaml:5:25 .* have no column `frist`\. Did you mean `first`\?$/m,
    );
    assert.match(stderr, /^p\.test\.yaml:5:35 .* have no column `last`\./m);
    assert.match(stderr, /^p\.test\.yaml: 3 problems\.$/m);
  });

  test("tells of a column of a row that the flow makes itself, so that what the row says is lost", async () => {
    const { stderr } = await validated(GOOD.replace("cd_nom: 1 } ]\n", "first: 2024-05-02 } ]\n"));
    assert.match(
      stderr,
      /^p\.test\.yaml:4:43 The flow makes the column `first` itself, whatever the row says\. Leave it out, and give what it is made of\.$/m,
    );
  });

  test("looks at each test that is right, whatever else is wrong with the file", async () => {
    const torn = GOOD.replace("2024-05-01, taxon", "2024-05-01 taxon: y, taxon");
    const option = GOOD.replace("flow:", "flwo:");
    const wrong = GOOD.replace("taxon: x", "taxn: x");
    const { stderr } = await validated(torn + option + wrong);
    assert.match(stderr, /^p\.test\.yaml:4:\d+ .* a comma is missing here/m);
    assert.match(stderr, /^p\.test\.yaml:7:5 .* has no option `flwo`\. Did you mean `flow`\?$/m);
    assert.match(stderr, /^p\.test\.yaml:12:33 Nothing uses the column `taxn`\./m);
    const run = await runRunner(["test", "p.test.yaml"], { cwd: folder });
    assert.match(run.stderr, /^p\.test\.yaml: no test was run\.$/m);
  });

  test("names a flow that the pipeline does not have, and a misspelt option", async () => {
    const flow = await validated(GOOD.replace("flow: moths", "flow: moth"));
    assert.match(
      flow.stderr,
      /^p\.test\.yaml:3:11 The pipeline has no flow `moth`\. Did you mean `moths`\?$/m,
    );
    const option = await validated(GOOD.replace("expect:", "expects:"));
    assert.match(
      option.stderr,
      /^p\.test\.yaml:5:5 .* has no option `expects`\. Did you mean `expect`\?$/m,
    );
  });

  test("says the mistakes of the pipeline once, and that the tests were not checked", async () => {
    const pipeline = PIPELINE.replace("project:", "projct:");
    const { stderr, code } = await validated(GOOD, { pipeline });
    assert.equal(stderr.match(/no transform `projct`/g)?.length, 1);
    assert.match(stderr, /^p\.test\.yaml: not checked, as its pipeline is wrong\.$/m);
    assert.equal(code, 2);
  });
});
