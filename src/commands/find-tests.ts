/** Which files of tests are meant by what the user names. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { noTestFile, noTests, testsMisnamed } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { fileLabel } from "../core/place.ts";
import { TEST_FILE, yamlFiles } from "./find-pipelines.ts";

/** A test file itself, the one beside a pipeline, or all below a folder. */
export const testFiles = async (target: string): Promise<string[]> => {
  const info = await stat(target).catch(() => undefined);
  if (info?.isDirectory()) {
    const found = (await yamlFiles(target)).filter((file) => TEST_FILE.test(file));
    if (found.length === 0) throw noTests(fileLabel(target));
    return found;
  }
  // Of one that is not there, whoever reads it says so.
  if (TEST_FILE.test(target) || info === undefined) return [target];
  const expected = target.replace(/(\.ya?ml)?$/, ".test$1");
  if (existsSync(expected)) return [expected];
  if (hasTests(target)) throw testsMisnamed(fileLabel(target));
  throw noTestFile(fileLabel(target), fileLabel(expected), meantFor(target, expected));
};

/** The files beside a pipeline that have tests, and are about it by their name or by what they say. */
const meantFor = (pipeline: string, expected: string): string[] => {
  const folder = dirname(pipeline);
  const name = basename(pipeline);
  const stem = name.replace(/\.ya?ml$/, "").toLowerCase();
  return readdirSync(folder)
    .filter((other) => /\.ya?ml$/.test(other) && other !== name && hasTests(join(folder, other)))
    .filter((other) => {
      if (namesIn(join(folder, other)).includes(name)) return true;
      // The tests of another pipeline are found beside that.
      if (TEST_FILE.test(other) && existsSync(join(folder, other.replace(".test.", "."))))
        return false;
      return other.toLowerCase().includes(stem) || nearest(other, [basename(expected)]).length > 0;
    })
    .sort()
    .map((other) => fileLabel(join(folder, other)));
};

/** Files, among other words. */
const namesIn = (file: string): readonly string[] => textOf(file).split(/[\s"'/,{}[\]]+/);

const hasTests = (file: string): boolean => /^tests\s*:/m.test(textOf(file));

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};
