/**
 * `pipelines/inat.yaml` as far as the uuids, in a folder and a database of its own, for processes that are
 * killed. What goes on into a GeoNature has tests of its own.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/postgres/open.ts";
import { copyTemplate, onServer } from "./database.ts";

const root = new URL("../../", import.meta.url).pathname;
/** Ids per request. */
export const BATCH = 40;

/** The pipelines in a folder of their own, faster than iNaturalist and GBIF would like it. */
export const copyPipelines = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await cp(join(root, "pipelines"), join(folder, "pipelines"), {
    recursive: true,
    filter: (path) => !path.includes(".runner"),
  });
  const edit = async (name: string, from: string | RegExp, to: string) => {
    const path = join(folder, "pipelines", name);
    const text = await readFile(path, "utf8");
    const edited = text.replace(from, () => to);
    assert.notEqual(edited, text, name);
    await writeFile(path, edited);
  };
  await edit(
    "flows/gbif-staging.yaml",
    "table: occurrence\n",
    "table: occurrence\n        poll_secs: 0.3\n",
  );
  await edit(
    "flows/inaturalist-uuids.yaml",
    "contact: ${with.contact}",
    `contact: \${with.contact}\n        batch: ${BATCH}\n        per_second: null\n        per_minute: null\n        permission: a test`,
  );
  await edit("inat.yaml", /^setup: .*$/m, "setup: [sql/pinv_gbif.sql]");
  await edit("inat.yaml", / {2}- include: flows\/check-datasets.*$/s, "");
  return folder;
};

export interface Place {
  /** What `DATABASE_URL` is. */
  readonly url: string;
  readonly remove: () => Promise<void>;
}

/** Databases by what they are called. */
export const PLACES: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  "the embedded database": async (folder) => {
    await copyTemplate(join(folder, "pipelines", ".runner", "db"));
    return { url: "embedded", remove: async () => undefined };
  },
  "a server": async () => {
    const url = new URL(process.env.TEST_DATABASE_URL ?? "");
    const name = `runner_test_${randomBytes(6).toString("hex")}`;
    await onServer(`create database ${name}`);
    url.pathname = `/${name}`;
    return { url: url.href, remove: () => onServer(`drop database ${name} with (force)`) };
  },
};

const TABLES = {
  occurrences: "select to_jsonb(t) as row from pinv_gbif.tmp_gbif_data t order by gbif_id",
  media: "select to_jsonb(t) as row from pinv_gbif.cor_multimedia t order by gbif_id, media_url",
  uuids:
    "select to_jsonb(t) - 'asked_at' as row from pinv_gbif.cor_uuid_inaturalist t order by id_inaturalist",
  downloads: "select to_jsonb(t) as row from runner.download t",
  runErrors: "select to_jsonb(t) as row from runner.run t where error is not null",
  runs: "select status as row from runner.run order by run",
  citations: "select distinct citation as row from runner.citation",
  flows: "select to_jsonb(t) as row from runner.flow t order by run, flow",
};

export type Found = Record<keyof typeof TABLES, readonly Record<string, unknown>[]>;

/** What is in the database when nobody else has it open. */
export const look = async (url: string, folder: string): Promise<Found> => {
  await using database = await openDatabase(url, {
    signal: new AbortController().signal,
    embeddedFolder: join(folder, "pipelines", ".runner", "db"),
    onNotice: () => undefined,
  });
  await using session = await database.session();
  const found: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(TABLES)) {
    const { rows } = await session.query<{ row: unknown }>(sql);
    found[name] = rows.map(({ row }) => row);
  }
  return found as Found;
};
