import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyTemplate } from "./support/database.ts";
import { runRunner } from "./support/runner.ts";

const root = new URL("../", import.meta.url).pathname;

describe("the README", () => {
  let folder = "";
  let text = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    text = await readFile(join(root, "README.md"), "utf8");
    await cp(join(root, "samples", "demo.zip"), join(folder, "samples", "demo.zip"));
    await copyTemplate(join(folder, "pipelines", ".runner", "db"));
  });
  after(() => rm(folder, { recursive: true }));

  test("shows a pipeline that runs and prints what it says", async () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    const shown = /```console\n\$ npx runner (\S+)\n([\s\S]*?)```/.exec(text);
    const [file = "", printed = ""] = shown?.slice(1) ?? [];
    assert.ok(text.includes(`Saved as \`${file}\``), "the file has to be saved before it runs");
    await writeFile(join(folder, file), yaml);
    const { code, stderr } = await runRunner([file], {
      cwd: folder,
      environment: { DATABASE_URL: "" },
    });
    assert.equal(code, 0, stderr);
    const withoutTimes = (lines: string) =>
      lines.replaceAll(/ in [\d.]+ s \([\d,]+ rows\/s\)/g, "");
    for (const line of withoutTimes(printed).trim().split("\n")) {
      assert.ok(withoutTimes(stderr).includes(line), `${line}\n---\n${stderr}`);
    }
  });

  test("and docs/ point only to files that are there", async () => {
    const files = await readdir(join(root, "docs"), { recursive: true });
    const pages = files.filter((name) => name.endsWith(".md")).map((name) => join("docs", name));
    for (const page of ["README.md", ...pages]) {
      const content = await readFile(join(root, page), "utf8");
      for (const [, target = ""] of content.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        await readFile(join(root, page, "..", target)).catch(() =>
          assert.fail(`${page}: ${target}`),
        );
      }
    }
  });
});
