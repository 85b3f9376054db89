import assert from "node:assert/strict";
import { test } from "node:test";
import { startedBy } from "../../src/core/program.ts";
import { runRunner } from "../support/runner.ts";

const HERE = "/srv/clone/src/core/program.ts";

test("who typed npx in a clone is given commands with npx, and nobody else is", () => {
  assert.equal(startedBy({ npm_command: "exec" }, HERE), "npx runner");
  assert.equal(startedBy({}, HERE), "runner");
  assert.equal(startedBy({ npm_command: "run-script" }, HERE), "runner");
});

test("who has npx fetch a tarball is not given `npx runner`, which is a stranger's package", () => {
  const fetched = "/home/me/.npm/_npx/0f3a/node_modules/sinp-runner/dist/core/program.js";
  assert.equal(startedBy({ npm_command: "exec" }, fetched), "runner");
});

test("a hint can be copied as it is by who started the program with npx", async () => {
  const words = ["validate", "test/no-such-file.yaml"];
  const byNpx = await runRunner(words, { environment: { npm_command: "exec" } });
  assert.match(byNpx.stderr, /Cause and cure: `npx runner explain \w+`/);
  const byName = await runRunner(words, { environment: { npm_command: "" } });
  assert.match(byName.stderr, /Cause and cure: `runner explain \w+`/);
});
