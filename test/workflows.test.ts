import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { runRunner } from "./support/runner.ts";

const root = new URL("../", import.meta.url).pathname;

for (const file of ["docs/workflows/pipelines.yml", ".github/workflows/pipelines.yml"]) {
  test(`${file} runs a command that finds nothing wrong with the project's pipelines`, async () => {
    const { on, jobs } = parse(await readFile(`${root}${file}`, "utf8"));
    assert.deepEqual(Object.keys(on), ["push", "pull_request"]);
    const runs: string[] = jobs.validate.steps.flatMap(({ run }: { run?: string }) => run ?? []);
    const words =
      runs
        .at(-1)
        ?.replace(/^npx (--yes )?(sinp-)?runner /, "")
        .split(" ") ?? [];
    assert.equal(words[0], "validate");
    const { code, stdout } = await runRunner(words, { cwd: root });
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /::error/);
  });
}
