import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, constants, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { blocksOf } from "./support/pages.ts";

const root = new URL("../", import.meta.url).pathname;
const run = promisify(execFile);
const page = await readFile(new URL("../docs/schedule.md", import.meta.url), "utf8");
const blocks = (language: string): string[] =>
  blocksOf(page)
    .filter((block) => block.language === language)
    .map(({ text }) => text);

const hasSystemd = await run("systemd-analyze", ["--version"]).then(
  () => true,
  () => false,
);

describe("docs/schedule.md", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  test("its service and its timer are right, as systemd itself says", {
    skip: hasSystemd ? false : "systemd-analyze is not installed (Debian: package systemd)",
  }, async () => {
    const [service = "", timer = ""] = blocks("systemd");
    assert.match(timer, /^\[Timer\]$/m);
    // A terminal's interrupt and `systemctl stop` are one wish each: told twice, a run stops at once.
    assert.match(service, /^KillSignal=SIGINT\nKillMode=mixed$/m);
    // The folder of the page is this one, with the program in the same place.
    const here = service.replace("/srv/sinp/bin/", `${root}bin/`);
    assert.notEqual(here, service);
    const files = [
      [join(folder, "runner@inat.service"), here],
      [join(folder, "runner@inat.timer"), timer],
    ] as const;
    for (const [file, text] of files) await writeFile(file, text);
    const paths = files.map(([file]) => file);
    const { stdout, stderr } = await run("systemd-analyze", ["verify", "--man=no", ...paths]);
    const own = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => line.includes(folder) || line.includes("runner@"));
    assert.deepEqual(own, []);
    const { stdout: times } = await run("systemd-analyze", [
      "calendar",
      /OnCalendar=(.*)/.exec(timer)?.[1] ?? assert.fail(),
    ]);
    assert.match(times, /Next elapse: /);
  });

  test("its cron file has a time, a user and a command that the shell can read on each line", async () => {
    const [cron = ""] = blocks("cron");
    const lines = cron.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const jobs = lines.filter((line) => !/^[A-Z]+=/.test(line));
    assert.equal(jobs.length, 2);
    for (const job of jobs) {
      const [, command = ""] = /^(?:[\d*/,-]+ ){5}runner (.*)$/.exec(job) ?? assert.fail(job);
      assert.doesNotMatch(command, /%/, "cron takes % for a line end");
      // npx would write into a home folder that the user of a service need not have.
      assert.doesNotMatch(command, /npx/);
      await access(join(root, /&& (\S+) pipelines\//.exec(command)?.[1] ?? ""), constants.X_OK);
      await run("sh", ["-n", "-c", command]);
    }
  });

  test("the options of its commands are those of the program", async () => {
    const { stdout } = await run(process.execPath, [
      new URL("../bin/runner.js", import.meta.url).pathname,
      "run",
      "--help",
    ]);
    const used = new Set([...blocks("cron"), ...blocks("systemd")].join("\n").match(/--[a-z]+/g));
    assert.deepEqual([...used].sort(), ["--log", "--metrics", "--quiet"]);
    for (const option of used) assert.match(stdout, new RegExp(`${option}\\b`));
  });
});
