import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyTemplate } from "./support/database.ts";
import { stepsOf } from "./support/pages.ts";

const root = new URL("../", import.meta.url).pathname;

let folder = "";
const folders: string[] = [];
const newFolder = async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  folders.push(folder);
  for (const part of ["pipelines", "samples", "schema"]) {
    const filter = (path: string) => !path.includes(".runner");
    await cp(join(root, part), join(folder, part), { recursive: true, filter });
  }
  await copyTemplate(join(folder, "pipelines", ".runner", "db"));
  // `npx runner` is the program of this folder, and `node` the one that runs the tests.
  await mkdir(join(folder, "bin"));
  const program = join(root, "bin", "runner.js");
  const shim = `#!/bin/sh\nshift\nexport npm_command=exec\nexec node ${program} "$@"\n`;
  await writeFile(join(folder, "bin", "npx"), shim, { mode: 0o755 });
  await symlink(process.execPath, join(folder, "bin", "node"));
};
after(() => Promise.all(folders.map((one) => rm(one, { recursive: true }))));

/** What a command prints on both outputs, as a terminal shows it. */
const typed = async (command: string): Promise<string> => {
  const child = spawn("sh", ["-c", `${command} 2>&1`], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      LC_ALL: "C",
      DATABASE_URL: "",
      PATH: [join(folder, "bin"), process.env.PATH].join(delimiter),
    },
  });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  await once(child, "close");
  return output;
};

const withoutTimes = (text: string): string =>
  text.replaceAll(/ in [\d.]+ s( \([\d,]+ rows\/s\))?|; it took [\d.]+ s\./g, "");

/** Whether the output has the lines in this order; `…` stands for any number of lines, or any text in one. */
const assertShown = (output: string, shown: readonly string[], command: string) => {
  const lines = withoutTimes(output).split("\n");
  let at = 0;
  let isExact = true;
  for (const line of shown) {
    if (line === "…") {
      isExact = false;
      continue;
    }
    const parts = line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pattern = new RegExp(`^${parts.join(".*")}`);
    const found = lines.findIndex((one, index) => index >= at && pattern.test(one));
    const isThere = isExact && at > 0 ? found === at : found >= at;
    assert.ok(found >= 0 && isThere, `$ ${command}\nshould print: ${line}\nprinted:\n${output}`);
    at = found + 1;
    isExact = true;
  }
};

/** What is shown and not run: it fetches packages, or sets values that only the reader has. */
const NOT_RUN = /^npm ci$|^export [A-Z_]+=/;

const follow = async (page: string): Promise<number> => {
  const steps = stepsOf(await readFile(join(root, "docs", page), "utf8"));
  for (const step of steps) {
    if (step.kind === "file") {
      await mkdir(dirname(join(folder, step.path)), { recursive: true });
      await writeFile(join(folder, step.path), step.text);
    } else if (step.kind === "command") {
      assertShown(await typed(step.command), step.shown, step.command);
    } else if (step.language === "sh") {
      for (const line of step.text.trimEnd().split("\n")) assert.match(line, NOT_RUN);
    }
  }
  return steps.filter(({ kind }) => kind === "command").length;
};

describe("in a folder of one's own", () => {
  before(newFolder);

  test("every command of the tutorial works, in its order, and prints what it says", async () => {
    assert.ok((await follow("tutorial.md")) >= 10);
  });

  // In the folder in which the tutorial was done, as its reader is.
  for (const [page, least] of [
    ["own-mapping.md", 7],
    ["credentials.md", 1],
  ] as const) {
    test(`every command of ${page} works and prints what it says`, async () => {
      assert.ok((await follow(page)) >= least);
    });
  }
});

describe("in the folder in which the README's commands were typed", () => {
  before(async () => {
    await newFolder();
    const readme = await readFile(join(root, "README.md"), "utf8");
    const moths = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
    await writeFile(join(folder, "pipelines/moths.yaml"), moths);
    await typed("npx runner pipelines/demo.yaml");
  });

  for (const [page, least] of [
    ["after-a-run.md", 10],
    ["plan.md", 2],
    ["tests.md", 1],
  ] as const) {
    test(`every command of ${page} works as typed and prints what it says`, async () => {
      assert.ok((await follow(page)) >= least);
    });
  }
});
