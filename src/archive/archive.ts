import { open as openFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { archiveBroken, archiveEmpty, archiveMissing } from "../core/errors.ts";
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

const openLocal = async (path: string, name: string, options: ArchiveOptions): Promise<Archive> => {
  const info = await stat(path).catch((error: unknown) => {
    throw archiveMissing(path, error);
  });
  if (info.isDirectory()) return openFolder(path, name);
  if (info.size === 0) throw archiveEmpty(name);
  const start = await firstBytes(path);
  // `PK` begins a zip with entries (03 04), an empty one (05 06) and a split one (07 08).
  if (start[0] === 0x50 && start[1] === 0x4b && [3, 5, 7].includes(start[2] ?? 0)) {
    return openZip(path, name, options.limits);
  }
  if (start[0] === 0x1f && start[1] === 0x8b) {
    const { openTar } = await import("./tar.ts");
    return openTar(path, name, options);
  }
  // Such as the page of an error, kept under the name of the archive that was asked for.
  if (/\.(zip|tgz|tar\.gz)$/i.test(name) || start[0] === 0x3c) {
    const text = start.toString("latin1").replace(/\s+/g, " ").trim();
    throw archiveBroken(name, new Error(`it begins with ${JSON.stringify(text)}, as none does`));
  }
  return openFolder(path, name);
};

const FIRST_BYTES = 20;

const firstBytes = async (path: string): Promise<Buffer> => {
  await using handle = await openFile(path, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
  return buffer.subarray(0, bytesRead);
};
