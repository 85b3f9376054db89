import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";

/** A process that was started, and how it ends: `null` when it was killed. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/**
 * Starts a program, kills it with `kill -9` in the middle of its work and starts it again, so many times, then
 * lets it end. The moments are spread over the work, as `progress` measures it from 0 to 1, and lie at random
 * within `pauseMs` after that. Gives a word on each.
 */
export const killAgainAndAgain = async (
  start: () => Started,
  {
    kills,
    progress,
    random,
    pauseMs,
    log = () => undefined,
  }: {
    kills: number;
    progress: () => Promise<number>;
    random: Random;
    pauseMs: number;
    log?: (words: string) => void;
  },
): Promise<string[]> => {
  const moments: string[] = [];
  const tell = (words: string) => {
    log(words);
    moments.push(words);
  };
  for (let kill = 0; kill < kills; kill++) {
    const { child, ended } = start();
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    while (!isOver && (await progress()) < kill / kills) await sleep(10);
    await Promise.race([sleep(random(pauseMs)), ended]);
    child.kill("SIGKILL");
    const { code, stderr } = await ended;
    if (code !== null && code !== 0) throw new Error(`It ended with ${code}:\n${stderr}`);
    const percent = Math.round(100 * (await progress()));
    tell(code === null ? `killed at ${percent} %` : `done before kill ${kill + 1}`);
  }
  const { code, stderr } = await start().ended;
  if (code !== 0) throw new Error(`Killed ${kills} times, it ended with ${code}:\n${stderr}`);
  tell("done");
  return moments;
};
