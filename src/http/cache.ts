/** The folder where fetched archives stay: shared by all pipelines of a user, of a limited size. */

import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** `$XDG_CACHE_HOME/sinp-runner`, else `~/.cache/sinp-runner`. */
export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "sinp-runner");

/** Makes the folder, readable for its owner alone: an archive may hold places of sensitive species. */
export const openCache = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
};

/** What the files in the folder take by now; 0 when it is not there. */
export const cachedBytes = async (folder: string): Promise<number> => {
  const names = await readdir(folder).catch(() => []);
  const infos = await Promise.all(
    names.map((name) => stat(join(folder, name)).catch(() => undefined)),
  );
  return infos.reduce((sum, info) => sum + (info?.isFile() ? info.size : 0), 0);
};

/** Notes that a file was used just now: those that were not are removed first. */
export const touch = async (path: string): Promise<void> => {
  const now = new Date();
  await utimes(path, now, now);
};

/** A download that was not gone on with for so long is nobody's. */
const ABANDONED_MS = 7 * 24 * 3600 * 1000;

/**
 * Removes files, those unused for longest first, until all take at most `maxBytes`; never `keep`, and
 * no download that may still be gone on with. Gives the names of what it removed.
 */
export const cleanCache = async (
  folder: string,
  { maxBytes, keep }: { maxBytes: number; keep: string },
): Promise<string[]> => {
  const names = await readdir(folder);
  const files = await Promise.all(
    names.map(async (name) => ({
      name,
      info: await stat(join(folder, name)).catch(() => undefined),
    })),
  );
  const found = files
    .flatMap(({ name, info }) => (info?.isFile() ? [{ name, info }] : []))
    .sort((a, b) => a.info.mtimeMs - b.info.mtimeMs);
  let bytes = found.reduce((sum, { info }) => sum + info.size, 0);
  const removed: string[] = [];
  for (const { name, info } of found) {
    const isGoingOn = !name.endsWith(".zip") && Date.now() - info.mtimeMs < ABANDONED_MS;
    if (bytes <= maxBytes) break;
    if (join(folder, name) === keep || isGoingOn) continue;
    await rm(join(folder, name), { force: true });
    bytes -= info.size;
    removed.push(name);
  }
  return removed;
};
