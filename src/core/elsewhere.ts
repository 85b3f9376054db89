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

/** By their look: a YAML file with a name and flows. */
const pipelinesHere = (): { file: string; name: string }[] =>
  [".", ...foldersHere()]
    .flatMap((folder) => readable(() => readdirSync(folder).map((name) => join(folder, name)), []))
    .filter((path) => /\.ya?ml$/.test(path))
    .flatMap((file) => {
      const text = readable(() => readFileSync(file, "utf8"), "");
      const [, name] = /^name:[ \t]*["']?([^"'\s#]+)/m.exec(text) ?? [];
      return name !== undefined && /^flows:/m.test(text) ? [{ file, name }] : [];
    })
    .sort((a, b) => (a.file < b.file ? -1 : 1));

/** What may not be read helps nobody, and is no reason for a complaint of its own. */
const readable = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
