import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Files of the same name in the folders of the working directory, as paths from there: `pipelines/inat.yaml`
 * for an `inat.yaml` that is not there.
 */
export const elsewhere = (file: string): string[] =>
  readdirSync(process.cwd(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$)/.test(entry.name))
    .map(({ name }) => join(name, basename(file)))
    .filter((path) => existsSync(path))
    .sort();
