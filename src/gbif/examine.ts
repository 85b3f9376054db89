/** Whether GBIF could be asked: account, cache and query, without asking it. */

import { access } from "node:fs/promises";
import { readTable } from "../archive/read-table.ts";
import type { Batch } from "../core/batch.ts";
import type { Document } from "../core/document.ts";
import { archiveMissing, gbifAccountMissing, listed } from "../core/errors.ts";
import { judgedHere, type View, well } from "../core/examination.ts";
import { examineFolder } from "../core/folder.ts";
import { fileLabel } from "../core/place.ts";
import { size } from "../core/progress.ts";
import type { Database, Session } from "../core/session.ts";
import { textBatch } from "../core/text-batch.ts";
import { cachedBytes, cacheFolder } from "../http/cache.ts";
import { datasetKeys } from "./dataset-keys.ts";
import { withDatabaseValues } from "./sql-values.ts";

/** The options of the source that matter to it. */
export interface GbifSettings {
  readonly query: Document;
  readonly archive: string;
  readonly table?: string;
  readonly max_gb: number;
  readonly max_ratio: number;
  readonly cache?: string;
  readonly cache_max_gb: number;
}

/** The variables of the environment that GBIF's account is in. */
export const ACCOUNT = ["GBIF_USER", "GBIF_PWD", "GBIF_EMAIL"] as const;

/** Verdicts on what the source needs; gives the data sets that are known to come, where they are asked for. */
export const examineGbif = async (
  settings: GbifSettings,
  columns: readonly string[] | undefined,
  view: View,
): Promise<Batch | undefined> => {
  const { archive, query, table } = settings;
  if (archive !== "") return examineArchive(settings, view);
  const missing = ACCOUNT.filter((name) => !process.env[name]);
  view.tell(
    missing.length > 0
      ? judgedHere("problem", gbifAccountMissing(missing))
      : { ...well("gbif_account", `${listed(ACCOUNT)} are set.`), isLocal: true },
  );
  await examineCache(settings, view);
  const written = await query.read(() => undefined);
  if (written === undefined) return undefined;
  const value = await view.ask((session) => withDatabaseValues(written, lent(session)));
  const keys = datasetKeys(value ?? written);
  if (table !== "datasets" || columns === undefined || keys.length === 0) return undefined;
  const records = keys.map((key) => ({
    place: `${query.label}: ${key}`,
    raw: key,
    values: columns.map((name) => (name === "uuid" ? key : null)),
  }));
  const input = { name: query.label, sizeBytes: undefined, identity: async () => "" };
  return textBatch(columns, records, { input, bytes: 0 });
};

/** The descriptions of data sets are small: those of an archive that is here are read. */
const examineArchive = async (
  settings: GbifSettings,
  { signal, tell }: View,
): Promise<Batch | undefined> => {
  const { archive, table, max_gb, max_ratio } = settings;
  try {
    await access(archive);
  } catch (error) {
    const { code, message } = archiveMissing(fileLabel(archive), error);
    tell(judgedHere("problem", { code, message, subject: "archive" }));
    return undefined;
  }
  tell({ ...well("archive", `${fileLabel(archive)} is read, GBIF is not asked.`), isLocal: true });
  if (table !== "datasets") return undefined;
  const log = { info: () => undefined, warn: () => undefined, now: () => undefined };
  for await (const batch of readTable(archive, { table, max_gb, max_ratio }, { signal, log })) {
    return batch;
  }
  return undefined;
};

const GB = 1e9;

const examineCache = async (
  { cache, cache_max_gb }: GbifSettings,
  { tell }: View,
): Promise<void> => {
  const folder = cache ?? cacheFolder();
  const left = Math.max(0, cache_max_gb * GB - (await cachedBytes(folder)));
  tell(
    await examineFolder(folder, {
      purpose: "GBIF's archives",
      wantedBytes: left,
      advice: `the cache may take ${size(left)} more (\`cache_max_gb\`). Make room, lower it, or name another folder with \`cache\`.`,
    }),
  );
};

/** A database whose sessions are this one, which stays open. */
const lent = (session: Session): Database => ({
  label: "",
  isEmbedded: true,
  session: async () => ({ ...session, [Symbol.asyncDispose]: async () => undefined }),
  [Symbol.asyncDispose]: async () => undefined,
});
