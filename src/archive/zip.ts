import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { crc32, createInflateRaw } from "node:zlib";
import * as yauzl from "yauzl";
import {
  archiveBroken,
  entryBroken,
  entryEncrypted,
  entryMethod,
  entryTooLarge,
  unsafeName,
} from "../core/errors.ts";
import { Lender } from "../core/memory.ts";
import { type Archive, type Entry, entriesByName, type Limits } from "./entries.ts";

const DEFLATE = 8;
const STORED = 0;

/** Compressed bytes are read in such pieces, which become about 500 kB of text each. */
const READ_BYTES = 128 * 1024;

/** zlib's own 16 KiB would cost three times as much; a piece of this size is worked on while the next is made. */
const INFLATE_BYTES = 512 * 1024;

/** A ratio is judged from here on. */
const RATIO_BYTES = 100 * 1024 * 1024;

/**
 * A zip by its central directory, the one place where GBIF's zips have their sizes: local headers say 0,
 * and over 4 GiB they mislead.
 */
export const openZip = async (path: string, name: string, limits: Limits): Promise<Archive> => {
  const zip = await yauzl
    .openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: false })
    .catch((error: unknown) => {
      throw archiveBroken(name, error);
    });
  const records: yauzl.Entry[] = [];
  try {
    for await (const record of zip.eachEntry()) {
      if (!record.fileName.endsWith("/")) records.push(record);
    }
  } catch (error) {
    zip.close();
    const unsafe = /^(?:invalid relative path|absolute path): (.*)$/.exec((error as Error).message);
    throw unsafe ? unsafeName(name, unsafe[1] ?? "") : archiveBroken(name, error);
  }
  const entry = (record: yauzl.Entry): Entry => ({
    name: record.fileName,
    sizeBytes: record.uncompressedSize,
    read: (signal) => content({ zip, path, archive: name, record, limits, signal }),
  });
  return {
    name,
    entries: entriesByName(name, records.map(entry)),
    hasChecksums: true,
    identity: async () => identityOf(records),
    [Symbol.asyncDispose]: async () => zip.close(),
  };
};

/** Names, sizes and checksums are the content for this purpose, and reading them costs nothing. */
const identityOf = (records: readonly yauzl.Entry[]): string => {
  const lines = records.map((record) =>
    [record.fileName, record.crc32, record.uncompressedSize].join("\t"),
  );
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
};

interface Source {
  readonly zip: yauzl.ZipFile;
  readonly path: string;
  readonly archive: string;
  readonly record: yauzl.Entry;
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/** The uncompressed content, checked as it passes: size against the caps, then checksum and size. */
async function* content(source: Source): AsyncGenerator<Buffer> {
  const { archive, record, limits } = source;
  const { fileName, uncompressedSize, compressedSize } = record;
  if (record.isEncrypted()) throw entryEncrypted(archive, fileName);
  if (record.compressionMethod !== DEFLATE && record.compressionMethod !== STORED) {
    throw entryMethod(archive, fileName, record.compressionMethod);
  }
  let bytes = 0;
  let checksum = 0;
  for await (const chunk of uncompressed(source)) {
    source.signal.throwIfAborted();
    bytes += chunk.length;
    checksum = crc32(chunk, checksum);
    const isBomb = bytes > RATIO_BYTES && bytes > compressedSize * limits.maxRatio;
    if (isBomb || bytes > limits.maxBytes) throw entryTooLarge(archive, fileName, limits);
    if (bytes > uncompressedSize) {
      throw entryBroken(
        archive,
        fileName,
        `it is larger than the ${uncompressedSize} bytes it says`,
      );
    }
    yield chunk;
  }
  if (bytes !== uncompressedSize) {
    throw entryBroken(
      archive,
      fileName,
      `it has ${bytes} bytes and should have ${uncompressedSize}`,
    );
  }
  if (checksum !== record.crc32)
    throw entryBroken(archive, fileName, "its checksum (CRC) is wrong");
}

async function* uncompressed(source: Source): AsyncGenerator<Buffer> {
  const { zip, path, archive, record, signal } = source;
  if (record.compressedSize === 0) return;
  try {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(record, { minimal: true });
    const raw = createReadStream(path, {
      start: fileDataStart,
      end: fileDataStart + record.compressedSize - 1,
      highWaterMark: READ_BYTES,
      signal,
    });
    if (record.compressionMethod === STORED) {
      yield* raw;
      return;
    }
    const inflate = createInflateRaw({ chunkSize: INFLATE_BYTES });
    const joined = pipeline(raw, inflate);
    joined.catch(() => undefined);
    // Leaving the loop destroys `inflate`, and with it the file.
    const lender = new Lender();
    for await (const chunk of inflate) {
      // Larger or smaller memory is not zlib's own: some of the stream's pieces were joined, or it is a pool.
      if (chunk.buffer.byteLength === INFLATE_BYTES) lender.lend(chunk);
      // Gives zlib the time to begin with the next piece, in its own thread, before this one is worked on.
      await setImmediate();
      yield chunk;
    }
    await joined;
  } catch (error) {
    signal.throwIfAborted();
    const { code = "" } = error as NodeJS.ErrnoException;
    const isDamage = code.startsWith("Z_") || !code || code === "ERR_OUT_OF_RANGE";
    throw isDamage ? entryBroken(archive, record.fileName, "it cannot be uncompressed") : error;
  }
}
