/** The archives of finished downloads, in the cache. */

import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openArchive } from "../archive/archive.ts";
import type { Limits } from "../archive/entries.ts";
import type { Context } from "../core/component.ts";
import { lockFile } from "../core/file-lock.ts";
import { counted, duration, size } from "../core/progress.ts";
import { cleanCache, openCache, touch } from "../http/cache.ts";
import type { HttpClient } from "../http/client.ts";
import { fetchFile, forget } from "../http/fetch-file.ts";
import type { DownloadStatus } from "./api.ts";

export interface ArchiveCache {
  /** Where the archive of a download is, or will be. */
  pathOf(download: DownloadStatus): string;
  /** Whether the whole archive is there. */
  has(download: DownloadStatus): Promise<boolean>;
  /** Makes sure that the archive is there and whole; gives its path. */
  fetch(download: DownloadStatus, from: { url: URL; client: HttpClient }): Promise<string>;
  /** Forgets an archive that turned out to be damaged. */
  remove(download: DownloadStatus): Promise<void>;
}

const WAIT_MS = 1000;
/** Opening reads the directory alone; what its tables may grow to is judged when they are read. */
const LIMITS: Limits = { maxBytes: Number.POSITIVE_INFINITY, maxRatio: Number.POSITIVE_INFINITY };

export const archiveCache = (
  { folder, maxBytes }: { folder: string; maxBytes: number },
  { signal, log }: Context,
): ArchiveCache => {
  const pathOf = ({ key }: DownloadStatus) => join(folder, `${key}.zip`);
  const has = async (download: DownloadStatus) => {
    const info = await stat(pathOf(download)).catch(() => undefined);
    return info?.isFile() === true && info.size === (download.sizeBytes ?? info.size);
  };

  const fetchNow = async (
    download: DownloadStatus,
    { url, client }: { url: URL; client: HttpClient },
  ): Promise<void> => {
    const path = pathOf(download);
    const part = `${path}.part`;
    const started = performance.now();
    const before = (await stat(part).catch(() => undefined))?.size ?? 0;
    if (before > 0) log.info(`Going on with ${download.key}.zip after ${size(before)}.`);
    await fetchFile(url, {
      client,
      signal,
      path: part,
      sizeBytes: download.sizeBytes,
      onProgress: (bytes, total) => {
        const share = total
          ? `${Math.floor((bytes / total) * 100)}% of ${size(total)}`
          : size(bytes);
        const rate = size(((bytes - before) / (performance.now() - started)) * 1000);
        log.now(`fetching ${download.key}.zip: ${share}, ${rate}/s`);
      },
      onWait: ({ message }, waitMs) =>
        log.now(
          `fetching ${download.key}.zip: ${message}; trying again in ${duration(waitMs / 1000)}`,
        ),
    });
    try {
      await using archive = await openArchive(part, { signal, limits: LIMITS });
      log.now(`${archive.name} has ${counted(archive.entries.size, "file")}`);
    } catch (error) {
      await forget(part);
      throw error;
    }
    await rename(part, path);
    const removed = await cleanCache(folder, { maxBytes, keep: path });
    if (removed.length > 0)
      log.info(`Removed from the cache, unused for longest: ${removed.join(", ")}.`);
  };

  return {
    pathOf,
    has,
    async fetch(download, from) {
      await openCache(folder);
      const path = pathOf(download);
      while (!(await has(download))) {
        const release = await lockFile(`${path}.lock`, (holder) => new Held(holder?.pid)).catch(
          (error: unknown) => {
            if (error instanceof Held) return error;
            throw error;
          },
        );
        if (release instanceof Held) {
          log.now(`process ${release.pid ?? "?"} is fetching ${download.key}.zip`);
          await setTimeout(WAIT_MS, undefined, { signal });
          continue;
        }
        try {
          if (!(await has(download))) await fetchNow(download, from);
        } finally {
          await release();
        }
      }
      await touch(path);
      return path;
    },
    remove: (download) => rm(pathOf(download), { force: true }),
  };
};

/** Another process has the lock. */
class Held extends Error {
  readonly pid: number | undefined;

  constructor(pid: number | undefined) {
    super("held");
    this.pid = pid;
  }
}
