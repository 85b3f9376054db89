import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { databaseWords, named } from "../../src/commands/again.ts";
import { doctorLines } from "../../src/commands/doctor.ts";
import { runRunner } from "../support/runner.ts";

test("a suggested command repeats the database that was given, without its password", () => {
  assert.equal(databaseWords(undefined), "");
  assert.equal(databaseWords("embedded"), " --database embedded");
  assert.equal(
    databaseWords("postgresql://me:hush@host:5433/gn"),
    " --database postgresql://me@host:5433/gn",
  );
  assert.equal(
    databaseWords("postgresql://host/gn?user=me&password=hush&sslmode=require"),
    " --database 'postgresql://host/gn?user=me&sslmode=require'",
  );
  const ready = doctorLines(
    { pipeline: "p", database: "x", lines: [] },
    named("p.yaml", "embedded"),
  );
  assert.match(ready.at(-1) ?? "", /Next: `runner plan p\.yaml --database embedded`\.$/);
});

test("doctor breaks a long verdict between words, below its beginning", () => {
  const message = "Rejects, and the embedded database, go into pipelines/.runner.";
  const lines = [{ about: "environment", level: "ok", code: "x", message } as const];
  assert.deepEqual(doctorLines({ pipeline: "p", database: "x", lines }, "p.yaml", 40).slice(0, 4), [
    "Environment",
    "  ok       Rejects, and the embedded",
    "           database, go into",
    "           pipelines/.runner.",
  ]);
});

test("run, first write, history, show and rejects repeat --database in what they suggest", async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), "runner-again-"));
  t.after(() => rm(cwd, { recursive: true }));
  const pipeline = (name: string) => `name: ${name}
database: postgresql://nobody@127.0.0.1:1/none
flows:
  - name: load
    source: { csv: { path: rows.csv, columns: [id, on] } }
    sink: { postgres_copy: { table: public.again, mode: append, create: { columns: { id: text, on: date } } } }
    rejects: { max: any }
`;
  await writeFile(join(cwd, "rows.csv"), "id,on\n1,2026-01-01\n2,never\n");
  for (const name of ["a", "b"]) await writeFile(join(cwd, `${name}.yaml`), pipeline(name));
  const said = async (...words: string[]) => {
    const { stdout, stderr } = await runRunner([...words, "--database", "embedded"], { cwd });
    return stdout + stderr;
  };
  const at = " --database embedded";
  const first = await said("a.yaml");
  assert.ok(first.includes(`\`runner plan a.yaml${at}\` shows`), first);
  assert.ok((await said("b.yaml")).includes(`\`runner plan b.yaml${at}\` shows`));
  assert.ok((await said("history", "a.yaml")).includes(`\`runner show a.yaml 1${at}\``));
  assert.ok((await said("show", "a.yaml")).includes(`\`runner rejects a.yaml 1${at}\``));
  const rejects = await said("rejects", "a.yaml");
  assert.ok(rejects.includes(`\`runner rejects a.yaml 1${at} --csv > repaired.csv\``), rejects);
  assert.ok(rejects.includes(`\`runner a.yaml --replay repaired.csv${at}\``), rejects);
});
