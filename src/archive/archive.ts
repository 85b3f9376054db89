import { open as openFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { archiveBroken, archiveEmpty, archiveMissing, wrongKind } from "../core/errors.ts";
import { fileKindOf } from "../core/file-kind.ts";
import { download } from "./download.ts";
import type { Archive, ArchiveOptions } from "./entries.ts";
import { openFolder } from "./folder.ts";
import { openZip } from "./zip.ts";

/** Opens what a path or an http(s) URL names; what it is, its first bytes tell, not its name. */
export const openArchive = async (location: string, options: ArchiveOptions): Promise<Archive> => {
  if (/^https?:/i.test(location)) {
    const file = await download(location, options.signal);
    try {
      const archive = await openLocal(file.path, file.name, options);
      const close = async () => {
        await archive[Symbol.asyncDispose]();
        await file[Symbol.asyncDispose]();
      };
      return { ...archive, [Symbol.asyncDispose]: close };
    } catch (error) {
      await file[Symbol.asyncDispose]();
      throw error;
    }
  }
  return openLocal(location, basename(location), options);
};

/** Whether a path or URL names a local file that is a table by itself, and no archive. */
export const isTextFile = async (location: string): Promise<boolean> =>
  !/^https?:/i.test(location) &&
  (await stat(location)).isFile() &&
  fileKindOf(location) === undefined;

const openLocal = async (path: string, name: string, options: ArchiveOptions): Promise<Archive> => {
  const info = await stat(path).catch((error: unknown) => {
    throw archiveMissing(path, error);
  });
  if (info.isDirectory()) return openFolder(path, name);
  if (info.size === 0) throw archiveEmpty(name);
  const kind = fileKindOf(path);
  if (kind === "zip") return openZip(path, name, options.limits);
  if (kind === "gzip") {
    const { openTar } = await import("./tar.ts");
    return openTar(path, name, options);
  }
  if (kind !== undefined) throw wrongKind({ name, path }, kind);
  const start = await firstBytes(path);
  if (/\.(zip|tgz|tar\.gz)$/i.test(name) || start[0] === 0x3c) {
    throw archiveBroken(name, new Error(`it begins with ${shown(start)}, as none does`));
  }
  return openFolder(path, name);
};

const shown = (start: Buffer): string => {
  const text = start.toString("latin1").replace(/\s+/g, " ").trim();
  return /^[ -~]*$/.test(text) ? JSON.stringify(text) : "bytes that are no text";
};

const FIRST_BYTES = 20;

const firstBytes = async (path: string): Promise<Buffer> => {
  await using handle = await openFile(path, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
  return buffer.subarray(0, bytesRead);
};
