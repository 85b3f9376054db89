/**
 * Makes the program that the package has instead of its sources: `node scripts/build.ts [FOLDER]`, `dist` when
 * absent. A few files, as a runtime takes longer to find hundreds of modules than to read them; what a run may
 * do without is in files of its own, and packages stay packages.
 */

import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const fileOf = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const { dependencies } = JSON.parse(readFileSync(fileOf("package.json"), "utf8"));

/** What stands in for newer syntax; the compiler brings it. */
const HELPERS = "@oxc-project/runtime/";

/** Who installs the package gets its dependencies, and none of those that only its making needs. */
const isPackage = (name: string): boolean => {
  if (name.startsWith(".") || isAbsolute(name) || name.startsWith(HELPERS)) return false;
  const [, owner] = /^((?:@[^/]+\/)?[^/]+)/.exec(name) ?? [];
  if (!name.startsWith("node:") && !(owner !== undefined && owner in dependencies)) {
    throw new Error(`${name} is none of the dependencies in package.json`);
  }
  return true;
};

const [folder = fileOf("dist")] = process.argv.slice(2);
const bundle = await rolldown({
  input: fileOf("src/cli.ts"),
  platform: "node",
  external: isPackage,
  // Node 22, the oldest that package.json allows, knows no `using`.
  transform: { target: "es2024" },
});
await rm(folder, { recursive: true, force: true });
await bundle.write({ dir: folder, format: "esm" });
await bundle.close();
