/** The database of tests as their scripts make it, remembered on disk: making it takes most of a test's time. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Database } from "../core/session.ts";
import { sqlTextsIn } from "../core/sql-file.ts";
import type { InMemory } from "../postgres/embedded.ts";
import { runScript } from "../postgres/script.ts";
import { version } from "../version.ts";

/** So many are kept in a folder: a folder of pipelines has few different setups. */
const KEPT = 4;

/**
 * A database in memory in which these scripts have been run: a copy where the same was made before, kept below
 * `.runner/tests` beside the test file. What cannot be read or written there only costs time.
 */
export const databaseWith = async (setup: readonly string[], file: string): Promise<Database> => {
  const folder = join(dirname(file), ".runner", "tests");
  const path = join(folder, `${await nameOf(setup)}.tar.gz`);
  const { openInMemory } = await import("../postgres/embedded.ts");
  try {
    const copied = gunzipSync(await readFile(path));
    const database = await openInMemory(copied);
    await utimes(path, new Date(), new Date()).catch(() => undefined);
    return database;
  } catch {
    const database = await openInMemory();
    {
      await using session = await database.session();
      for (const script of setup) await runScript(session, script);
    }
    await remember(database, path).catch(() => undefined);
    return database;
  }
};

/** Another one for each change of a script, of this program, or of the database in it. */
const nameOf = async (setup: readonly string[]): Promise<string> => {
  const texts = setup.map(sqlTextsIn);
  const engine = await readFile(
    new URL("../package.json", import.meta.resolve("@electric-sql/pglite")),
    "utf8",
  );
  const parts = JSON.stringify([version, engine, texts]);
  return createHash("sha256").update(parts).digest("hex").slice(0, 20);
};

/** Another test run may write the same at this moment, or be stopped in the middle: a file appears whole. */
const remember = async (database: InMemory, path: string): Promise<void> => {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, gzipSync(await database.copy(), { level: 1 }));
  await rename(unfinished, path);
  const kept = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const one = join(folder, name);
      return { one, used: (await stat(one)).mtimeMs };
    }),
  );
  const old = kept.sort((a, b) => b.used - a.used).slice(KEPT);
  await Promise.all(old.map(({ one }) => rm(one, { force: true })));
};
