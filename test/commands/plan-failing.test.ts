import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runRunner } from "../support/runner.ts";

test("a plan that fails in a later flow says what stays loaded, and that nothing would be committed of the flow that fails", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const flow = (name: string, type: string) => `  - name: ${name}
    source: { csv: { path: in.csv } }
    sink: { postgres_copy: { table: ${name}, mode: replace, create: { columns: { a: ${type} } } } }
`;
  await writeFile(join(folder, "in.csv"), "a\nx\n");
  await writeFile(
    join(folder, "two.yaml"),
    `name: two\nflows:\n${flow("good", "text")}${flow("bad", "int")}`,
  );
  const { code, stderr } = await runRunner(["plan", "two.yaml"], { cwd: folder });
  await rm(folder, { recursive: true });
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /^A run would fail after it has loaded `good`, which stays\. Of the flow that fails:\n[\s\S]*^A run would commit nothing of flow `bad`\.$/m,
  );
});
