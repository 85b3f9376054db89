import { readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import type { Complain } from "./complaint.ts";
import { elsewhere, pipelinesFor, pipelinesIn } from "./elsewhere.ts";
import { type NotUtf8, wholeText } from "./encoding.ts";
import { listed, type Place, suggestion } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { fileLabel } from "./place.ts";
import { RUNNER } from "./program.ts";
import { parseYaml } from "./yaml-parse.ts";
import type { YamlValue } from "./yaml-value.ts";

/** More than any pipeline; an archive or a table that is named by mistake is not read to its end. */
const MAX_BYTES = 5_000_000;

/** Reads a YAML file; undefined when it cannot be taken apart, with the complaints that say why. */
export const readYaml = async (
  file: string,
  complain: Complain,
  includedFrom?: Place,
): Promise<YamlValue | undefined> => {
  const start: Place = includedFrom
    ? { file, line: 1, column: 1, includedFrom }
    : { file, line: 1, column: 1 };
  try {
    if (statSync(file).size > MAX_BYTES) {
      complain("no_text", includedFrom ?? start, noTextSentence(file));
      return undefined;
    }
    // At once, not in the background: the files are small, and waiting for each costs more than reading it.
    const text = wholeText(readFileSync(file));
    if (typeof text === "string") return parseYaml(withLines(text), start, complain);
    complain("no_text", includedFrom ?? start, noTextSentence(file, text));
  } catch (error) {
    const system = error as NodeJS.ErrnoException;
    if (system.syscall === undefined) throw error;
    complain(
      "file_missing",
      includedFrom ?? start,
      await missingSentence(file, system, includedFrom === undefined),
    );
  }
  return undefined;
};

/** The line ends of an old Mac. */
const withLines = (text: string): string =>
  text.includes("\n") ? text : text.replaceAll("\r", "\n");

const noTextSentence = (file: string, why?: NotUtf8): string => {
  const label = fileLabel(file);
  const isArchive = /\.(zip|tgz|tar\.gz)$/i.test(file);
  if (isArchive) {
    return `${label} is no YAML file in UTF-8. If it is an archive, \`${RUNNER} init ${label}\` writes a pipeline for it.`;
  }
  if (why?.isUtf16) return `${label} is in UTF-16. Save it as UTF-8.`;
  if (why === undefined || why.before.includes("\0")) return `${label} is no YAML file in UTF-8.`;
  const line = why.before.split("\n").length;
  return `${label} is no YAML file in UTF-8: line ${line} has a character of another encoding, such as windows-1252. Save it as UTF-8.`;
};

const KINDS = [/\.ya?ml$/, /\.json$/];

const missingSentence = async (
  file: string,
  { code }: NodeJS.ErrnoException,
  isPipeline: boolean,
): Promise<string> => {
  const label = fileLabel(file);
  if (code === "EISDIR") return `${label} is a folder, and this is the place of a YAML file.`;
  if (code !== "ENOENT") return `The file ${label} cannot be read.`;
  const beside = await readdir(dirname(file)).catch(() => []);
  // Of the same kind: who misspelt a pipeline is not helped by a `package.json`.
  const kind = KINDS.find((one) => one.test(file) || extname(file) === "");
  const files = beside.filter((name) => kind?.test(name));
  const isBeside = nearest(basename(file), files).length > 0;
  const [there] = isBeside ? [] : elsewhere(file);
  const sentence = `The file ${label} is not there.`;
  if (there !== undefined) return `${sentence} Did you mean \`${there}\`?`;
  const others = isPipeline && !isBeside ? pipelinesFor(file) : { files: [], isMeant: false };
  if (others.isMeant) return `${sentence} Did you mean ${listed(others.files)}?`;
  // Who names a folder knows where they are.
  const inFolder = isPipeline && !isBeside ? pipelinesIn(dirname(file)) : [];
  const known = inFolder.length > 0 ? inFolder.map((one) => fileLabel(one.file)) : others.files;
  if (known.length > 0) return `${sentence} There is ${listed(known)}.`;
  return `${sentence}${suggestion(basename(file), files)}`;
};
