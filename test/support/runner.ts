import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/runner.js", import.meta.url));

/** What the command line printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the program as a user would; `node` may be another one. */
export const startRunner = (
  words: readonly string[],
  options: { cwd?: string; environment?: NodeJS.ProcessEnv; node?: string } = {},
) => {
  const { cwd, environment = {}, node = process.execPath } = options;
  const child = spawn(node, [program, ...words], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, LC_ALL: "C", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]): Ended => ({ code, stdout, stderr }));
  return { child, ended };
};

/** Runs the program to its end. */
export const runRunner = (
  words: readonly string[],
  options: Parameters<typeof startRunner>[1] = {},
): Promise<Ended> => startRunner(words, options).ended;
