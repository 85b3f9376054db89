import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { databaseInUse } from "../core/errors.ts";

/**
 * Takes a folder for this process by a file with its pid; gives the function that releases it.
 *
 * Two processes on one embedded database lose committed rows, so the second stops. A file whose
 * process is gone, as after a power cut, is taken over.
 */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  const lock = `${folder}/lock`;
  const mine = `${lock}.${process.pid}`;
  await writeFile(mine, `${process.pid}\n`);
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await linked(mine, lock)) return () => rm(lock, { force: true });
      const pid = await pidIn(lock);
      if (pid !== undefined && isRunning(pid)) throw databaseInUse(folder, pid);
      await clearStale(lock, pid);
    }
    throw databaseInUse(folder, undefined);
  } finally {
    await rm(mine, { force: true });
  }
};

/** A link appears whole, with the pid in it, or not at all. */
const linked = async (file: string, name: string): Promise<boolean> => {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
};

/** Moves a dead process's lock away, and back if another process was quicker and it is that one's. */
const clearStale = async (lock: string, stale: number | undefined): Promise<void> => {
  const aside = `${lock}.stale.${process.pid}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await pidIn(aside)) !== stale) await linked(aside, lock);
  await rm(aside, { force: true });
};

const pidIn = async (file: string): Promise<number | undefined> => {
  const text = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) ? pid : undefined;
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
