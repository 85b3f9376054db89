/** The files that pipelines share and that come with the program: flows, SQL, the mapping, schemas. */

import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { shippedFile } from "../shipped-file.ts";

/** What became of the shared files; paths are relative to the folder. */
export interface Shared {
  readonly copied: readonly string[];
  /** There already, with another content: theirs stay. */
  readonly other: readonly string[];
}

/**
 * Copies what pipelines include into a project's folder, in the layout of the package. What is there
 * already is never touched: it may have been edited.
 */
export const copyShared = async (folder: string, parts: readonly string[]): Promise<Shared> => {
  const copied: string[] = [];
  const other: string[] = [];
  for (const path of await filesOf(parts)) {
    const target = join(folder, path);
    const own = await readFile(shippedFile(path));
    const theirs = await readFile(target).catch(() => undefined);
    if (theirs === undefined) {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(shippedFile(path), target);
      copied.push(path);
    } else if (!theirs.equals(own)) other.push(path);
  }
  return { copied, other };
};

/** Schemas for editors, which every pipeline names in its first line. */
export const SCHEMAS = ["schema/pipeline.schema.json", "schema/test.schema.json"];

/** What the way into the synthese is made of. */
export const SYNTHESE_PARTS = [
  ...SCHEMAS,
  "pipelines/flows",
  "pipelines/sql",
  "pipelines/sinp",
  "pipelines/queries/staged.sql",
];

const filesOf = async (parts: readonly string[]): Promise<string[]> => {
  const root = shippedFile("");
  const files: string[] = [];
  for (const part of parts) {
    const found = /\.\w+$/.test(part)
      ? []
      : await readdir(shippedFile(part), { recursive: true, withFileTypes: true });
    if (found.length === 0) files.push(part);
    for (const file of found) {
      const path = relative(root, join(file.parentPath, file.name));
      if (file.isFile()) files.push(path.split(sep).join("/"));
    }
  }
  return files.sort();
};
