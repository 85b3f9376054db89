import { randomBytes } from "node:crypto";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/**
 * Takes what a lock file stands for by writing this process's pid into it; gives the function that
 * releases it, or throws `inUse` with the pid of who has it. A file whose process is gone, as after a
 * power cut, is taken over.
 */
export const lockFile = async (
  lock: string,
  inUse: (pid: number | undefined) => Error,
): Promise<() => Promise<void>> => {
  const mine = `${lock}.${process.pid}.${randomBytes(4).toString("hex")}`;
  await writeFile(mine, `${process.pid}\n`);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if ((await linked(mine, lock)) || (await takenOver(mine, lock))) {
        return () => rm(lock, { force: true });
      }
      const pid = await pidIn(lock);
      if (pid !== undefined && isRunning(pid)) throw inUse(pid);
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
    const pid = await pidIn(lock);
    if (pid !== undefined && isRunning(pid)) return false;
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
