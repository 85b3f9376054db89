import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { runRunner } from "./support/runner.ts";

const root = new URL("../", import.meta.url).pathname;

for (const file of ["docs/workflows/pipelines.yml", ".github/workflows/pipelines.yml"]) {
  test(`${file} runs commands that find nothing wrong with the project's pipelines`, async () => {
    const { on, jobs } = parse(await readFile(`${root}${file}`, "utf8"));
    assert.deepEqual(Object.keys(on), ["push", "pull_request"]);
    const runs: string[] = jobs.validate.steps.flatMap(({ run }: { run?: string }) => run ?? []);
    const commands = runs.flatMap(
      (run) => /^npx (?:--yes )?(?:sinp-)?runner (.*)/.exec(run)?.[1] ?? [],
    );
    assert.deepEqual(
      commands.map((words) => words.split(" ")[0]),
      ["validate", "test"],
    );
    for (const words of commands) {
      const { code, stdout } = await runRunner(words.split(" "), { cwd: root });
      assert.equal(code, 0);
      assert.doesNotMatch(stdout, /::error/);
    }
  });
}
