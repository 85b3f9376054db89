import { dirname, resolve } from "node:path";
import type { YamlScalar } from "./yaml-value.ts";

/**
 * A path is relative to the file that names it; one that begins with a variable of the shell to the
 * working folder, as everything else in a shell. `-` is no file, nothing is none.
 */
export const absolutePath = (text: string, scalar: YamlScalar): string => {
  if (text === "-" || text === "") return text;
  const { file } = (scalar.place.fallback ?? scalar).place;
  return resolve(scalar.isFromShell ? process.cwd() : dirname(file), text);
};
