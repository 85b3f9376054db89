import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type Archive, type Entry, entriesByName } from "./entries.ts";

const READ_BYTES = 1024 * 1024;

/** An unpacked archive, or a single file as an archive of one. */
export const openFolder = async (path: string, name: string): Promise<Archive> => {
  const entries = await Promise.all((await filesIn(path, name)).map(entryOf));
  return {
    name,
    entries: entriesByName(name, entries),
    identity: () => identityOf(entries),
    [Symbol.asyncDispose]: async () => undefined,
  };
};

/** Every file below a folder with its name there; links are passed over. */
const filesIn = async (path: string, name: string): Promise<{ path: string; name: string }[]> => {
  if (!(await stat(path)).isDirectory()) return [{ path, name }];
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  return found
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .sort()
    .map((file) => ({ path: file, name: relative(path, file).split(sep).join("/") }));
};

const entryOf = async ({ path, name }: { path: string; name: string }): Promise<Entry> => ({
  name,
  sizeBytes: (await stat(path)).size,
  read: (signal) => createReadStream(path, { highWaterMark: READ_BYTES, signal }),
});

/** The checksum of a file's content, without holding it in memory. */
export const contentHash = async (chunks: AsyncIterable<Buffer>): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
};

const identityOf = async (entries: readonly Entry[]): Promise<string> => {
  const lines: string[] = [];
  for (const entry of entries) {
    const never = new AbortController().signal;
    lines.push(`${entry.name}\t${await contentHash(entry.read(never))}`);
  }
  return createHash("sha256").update(lines.join("\n")).digest("hex");
};
