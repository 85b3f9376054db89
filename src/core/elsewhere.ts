/** Where a file may be that is not where it was looked for. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { nearest } from "./nearest.ts";

/**
 * Files of the same name in the folders of the working directory, as paths from there: `pipelines/inat.yaml`
 * for an `inat.yaml` that is not there.
 */
export const elsewhere = (file: string): string[] =>
  foldersHere()
    .map((name) => join(name, basename(file)))
    .filter((path) => existsSync(path))
    .sort();

/**
 * Pipelines of the working directory and its folders: those that a word may mean, by their file or their `name`, or
 * all where it means none.
 */
export const pipelinesFor = (word: string): { files: string[]; isMeant: boolean } => {
  const known = pipelinesHere();
  const stem = (file: string) => basename(file, extname(file));
  const meant = nearest(
    stem(word),
    known.flatMap(({ file, name }) => [stem(file), name]),
  );
  const close = known.filter(
    ({ file, name }) => meant.includes(name) || meant.includes(stem(file)),
  );
  const isMeant = close.length > 0;
  return { files: (isMeant ? close : known).map(({ file }) => file), isMeant };
};

const foldersHere = (): string[] =>
  readdirSync(process.cwd(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$)/.test(entry.name))
    .map(({ name }) => name);

const pipelinesHere = (): { file: string; name: string }[] =>
  [".", ...foldersHere()].flatMap(pipelinesIn).sort((a, b) => (a.file < b.file ? -1 : 1));

/** The pipelines of a folder by their look: a YAML file with a name and flows. */
export const pipelinesIn = (folder: string): { file: string; name: string }[] =>
  readable(() => readdirSync(folder).map((name) => join(folder, name)), []).flatMap((file) => {
    const name = pipelineNameIn(file);
    return name === undefined ? [] : [{ file, name }];
  });

/** The name of the pipeline that a file is by its look; undefined for any other file. */
export const pipelineNameIn = (file: string): string | undefined => {
  if (!/\.ya?ml$/i.test(file)) return undefined;
  const text = readable(() => readFileSync(file, "utf8"), "");
  const [, name] = /^name:[ \t]*["']?([^"'\s#]+)/m.exec(text) ?? [];
  return /^flows:/m.test(text) ? name : undefined;
};

/** What may not be read helps nobody, and is no reason for a complaint of its own. */
const readable = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
