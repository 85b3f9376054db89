import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** What the program has Node started with, by its own first line. */
export const PROGRAM_FLAGS: readonly string[] =
  (readFileSync(new URL("../bin/runner.js", import.meta.url), "utf8").split("\n")[0] ?? "").match(
    /--\S+/g,
  ) ?? [];

/** What a command took. */
export interface Measured {
  readonly seconds: number;
  /** Largest resident memory, in MB; 0 where `/proc` is not there. */
  readonly peakMb: number;
  readonly output: string;
}

const POLL_MS = 20;

/** Runs a command to its end and measures it; throws when it fails. */
export const measure = async (
  command: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Measured> => {
  const started = performance.now();
  const child = spawn(command, words, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  child.stderr.on("data", (text) => {
    output += text;
  });
  let peakMb = 0;
  const poll = setInterval(async () => {
    // The kernel keeps the peak itself, so the last look is enough.
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
  }, POLL_MS);
  const [code] = await once(child, "close");
  clearInterval(poll);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${command} ${words.join(" ")} ended with ${code}:\n${output}`);
  return { seconds, peakMb, output };
};

/** The same through a shell, for pipes and redirections. */
export const shell = (script: string, environment?: NodeJS.ProcessEnv): Promise<Measured> =>
  measure("bash", ["-e", "-o", "pipefail", "-c", script], environment);
