/** Runs the tests of some files, one after the other, without network or server. */

import type { Component } from "../core/component.ts";
import { runCase, type Tested } from "./run-case.ts";
import { TestDatabases } from "./test-database.ts";
import { loadTestFile, type TestFile } from "./test-file.ts";

/** A test file and what came of its tests. */
export interface TestedFile extends Pick<TestFile, "file" | "complaints"> {
  readonly tested: readonly Tested[];
}

/** Runs the tests of these files; `onFile` is told of each that is done. */
export const runTests = async (
  files: readonly string[],
  { components, signal }: { components: readonly Component[]; signal: AbortSignal },
  onFile: (file: TestedFile) => void,
): Promise<void> => {
  await using databases = new TestDatabases();
  for (const file of files) {
    const loaded = await loadTestFile(file, components);
    const tested: Tested[] = [];
    for (const test of loaded.cases) {
      signal.throwIfAborted();
      await using database = databases.lend(loaded, test);
      tested.push(await runCase(test, database, signal));
    }
    onFile({ file, complaints: loaded.complaints, tested });
  }
};
