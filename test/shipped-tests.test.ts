import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runRunner } from "./support/runner.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

describe("the shipped pipelines", () => {
  test("each have tests beside them, which all pass, without network or server", async () => {
    const files = await readdir(`${root}pipelines`);
    const pipelines = files.filter((name) => /^\w+\.yaml$/.test(name));
    for (const name of pipelines) {
      assert.ok(files.includes(name.replace(".yaml", ".test.yaml")), `${name} has no tests`);
    }
    const environment = { DATABASE_URL: "", TEST_DATABASE_URL: "", GBIF_API: "http://127.0.0.1:9" };
    const { code, stdout, stderr } = await runRunner(["test", "pipelines"], {
      cwd: root,
      environment,
    });
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.equal(stdout.match(/: \d+ tests, all right\.$/gm)?.length, pipelines.length, stdout);
  });
});
