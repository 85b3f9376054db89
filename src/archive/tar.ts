import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tar from "tar";
import { archiveBroken, entryTooLarge, RunnerError, unsafeName } from "../core/errors.ts";
import type { Archive, ArchiveOptions } from "./entries.ts";
import { openFolder } from "./folder.ts";

/**
 * A `.tar.gz`, unpacked into a temporary folder that goes when the archive is closed: a tar has no
 * directory, so its `meta.xml` may come last.
 */
export const openTar = async (
  path: string,
  name: string,
  { signal, limits }: ArchiveOptions,
): Promise<Archive> => {
  const folder = await mkdtemp(join(tmpdir(), "runner-"));
  // A file that was being written when something failed may come after the first attempt.
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 10 });
  let bytes = 0;
  let problem: RunnerError | undefined;
  try {
    await tar.x({
      file: path,
      cwd: folder,
      strict: true,
      filter: (entry, info) => {
        bytes += info.size;
        if (/(^|\/)\.\.(\/|$)|^\//.test(entry)) problem ??= unsafeName(name, entry);
        if (bytes > limits.maxBytes) problem ??= entryTooLarge(name, entry, limits);
        const isFile = "type" in info && (info.type === "File" || info.type === "Directory");
        return problem === undefined && isFile && !signal.aborted;
      },
    });
    signal.throwIfAborted();
    if (problem) throw problem;
    const archive = await openFolder(folder, name);
    return { ...archive, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    if (signal.aborted || error instanceof RunnerError) throw error;
    throw archiveBroken(name, error);
  }
};
