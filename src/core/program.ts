/** How the program is called in the commands that it suggests. */

import { fileURLToPath } from "node:url";

/**
 * What starts the program, as it was typed: who works in a clone has no command `runner` but by npx. npx that fetched
 * a tarball leaves no such command behind: `npx runner` would fetch a stranger's package of that name.
 */
export const startedBy = (
  { npm_command: command }: Readonly<Record<string, string | undefined>>,
  file: string,
): "runner" | "npx runner" =>
  command === "exec" && !/[/\\]_npx[/\\]/.test(file) ? "npx runner" : "runner";

/** The program in commands that can be copied; documentation that stays says `runner`. */
export const RUNNER = startedBy(process.env, fileURLToPath(import.meta.url));
