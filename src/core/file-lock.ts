import { randomBytes } from "node:crypto";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { withoutPasswords } from "./place.ts";

/** Who has a lock. */
export interface LockHolder {
  readonly pid: number;
  /** Its words on the command line, such as `pipelines/inat.yaml`; empty when nobody knows. */
  readonly words: string;
  /** When it took the lock. */
  readonly since: Date;
}

/**
 * Takes what a lock file stands for by writing this process's pid into it; gives the function that
 * releases it, or throws `inUse` with who has it. A file whose process is gone, as after a power cut, is
 * taken over.
 */
export const lockFile = async (
  lock: string,
  inUse: (holder: LockHolder | undefined) => Error,
): Promise<() => Promise<void>> => {
  const mine = `${lock}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const words = withoutPasswords(process.argv.slice(2).join(" "));
  await writeFile(mine, `${process.pid}\n${words}\n`);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if ((await linked(mine, lock)) || (await takenOver(mine, lock))) {
        return () => rm(lock, { force: true });
      }
      const holder = await holderOf(lock);
      if (holder !== undefined && isRunning(holder.pid)) throw inUse(holder);
      await setTimeout(WAIT_MS);
    }
    throw inUse(undefined);
  } finally {
    await rm(mine, { force: true });
  }
};

const ATTEMPTS = 100;
const WAIT_MS = 20;

/** Whoever takes over is done in milliseconds; a guard of this age was left by a process that died. */
const GUARD_MS = 10_000;

/**
 * Takes a lock over whose process is gone. Only who holds the guard may remove a lock, so that nobody
 * removes one that was taken a moment ago.
 */
const takenOver = async (mine: string, lock: string): Promise<boolean> => {
  const guard = `${lock}.takeover`;
  if (!(await linked(mine, guard))) {
    const info = await stat(guard).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > GUARD_MS) await rm(guard, { force: true });
    return false;
  }
  try {
    const holder = await holderOf(lock);
    if (holder !== undefined && isRunning(holder.pid)) return false;
    await rm(lock, { force: true });
    return await linked(mine, lock);
  } finally {
    await rm(guard, { force: true });
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

const holderOf = async (file: string): Promise<LockHolder | undefined> => {
  const [text = "", info] = await Promise.all([
    readFile(file, "utf8").catch(() => ""),
    stat(file).catch(() => undefined),
  ]);
  const [first = "", words = ""] = text.split("\n");
  const pid = Number.parseInt(first, 10);
  return Number.isInteger(pid) && info ? { pid, words, since: info.mtime } : undefined;
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
