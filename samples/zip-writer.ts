/** Writes zips as GBIF does, and awkward ones for tests. */

import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { crc32, createDeflateRaw } from "node:zlib";

/** What is unusual about an entry; by default it is like one of GBIF's. */
export interface EntryOptions {
  /** Not compressed. */
  readonly isStored?: boolean;
  /** Another method number, which nobody can read. */
  readonly method?: number;
  readonly isEncrypted?: boolean;
  /** Instead of the true ones. */
  readonly crc?: number;
  readonly size?: number;
  /** ZIP64 fields although the sizes do not need them. */
  readonly isZip64?: boolean;
}

interface Written {
  readonly name: Buffer;
  readonly offset: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly method: number;
  readonly flags: number;
  readonly isZip64: boolean;
}

/** UTF-8 name, and a data descriptor behind the data: the sizes in the local header are 0. */
const FLAGS = 0x808;
const ENCRYPTED = 1;
/** 2026-09-01 12:00. */
const TIME = [0x6000, 0x5d21] as const;
const MAX32 = 0xffffffff;

const numbers = (...fields: readonly [bytes: 2 | 4 | 8, value: number][]): Buffer => {
  const buffer = Buffer.alloc(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value), at);
    else if (bytes === 4) buffer.writeUInt32LE(value >>> 0, at);
    else buffer.writeUInt16LE(value, at);
    at += bytes;
  }
  return buffer;
};

/** Entries are written one after the other, each as it is given; `end` writes the directory. */
export class ZipWriter {
  readonly #file: WriteStream;
  readonly #entries: Written[] = [];
  #offset = 0;

  constructor(path: string) {
    this.#file = createWriteStream(path);
  }

  async add(
    name: string,
    content: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options: EntryOptions = {},
  ): Promise<void> {
    const bytes = Buffer.from(name);
    const method = options.method ?? (options.isStored ? 0 : 8);
    const flags = FLAGS | (options.isEncrypted ? ENCRYPTED : 0);
    const offset = this.#offset;
    await this.#write(
      numbers([4, 0x04034b50], [2, 20], [2, flags], [2, method], [2, TIME[0]], [2, TIME[1]]),
      numbers([4, 0], [4, 0], [4, 0], [2, bytes.length], [2, 0]),
      bytes,
    );
    const start = this.#offset;
    let size = 0;
    let crc = 0;
    const whole = typeof content === "string" || content instanceof Uint8Array;
    const chunks = whole ? [Buffer.from(content as string)] : (content as Iterable<Uint8Array>);
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        size += chunk.length;
        crc = crc32(chunk, crc);
        yield chunk;
      }
    }
    if (method === 0) for await (const chunk of counted()) await this.#write(chunk);
    else await this.#deflate(counted());
    const entry: Written = {
      name: bytes,
      offset,
      crc: options.crc ?? crc,
      compressed: this.#offset - start,
      size: options.size ?? size,
      method,
      flags,
      isZip64: options.isZip64 === true || size >= MAX32,
    };
    const sizeBytes = entry.isZip64 ? 8 : 4;
    await this.#write(
      numbers(
        [4, 0x08074b50],
        [4, entry.crc],
        [sizeBytes, entry.compressed],
        [sizeBytes, entry.size],
      ),
    );
    this.#entries.push(entry);
  }

  async end(): Promise<void> {
    const start = this.#offset;
    for (const entry of this.#entries) await this.#write(...directoryEntry(entry));
    const size = this.#offset - start;
    const count = this.#entries.length;
    const isZip64 = this.#entries.some((entry) => entry.isZip64);
    if (isZip64) {
      const record = this.#offset;
      await this.#write(
        numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0]),
        numbers([8, count], [8, count], [8, size], [8, start]),
        numbers([4, 0x07064b50], [4, 0], [8, record], [4, 1]),
      );
    }
    await this.#write(
      numbers([4, 0x06054b50], [2, 0], [2, 0], [2, isZip64 ? 0xffff : count]),
      numbers([2, isZip64 ? 0xffff : count], [4, isZip64 ? MAX32 : size]),
      numbers([4, isZip64 ? MAX32 : start], [2, 0]),
    );
    this.#file.end();
    await finished(this.#file);
  }

  async #deflate(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const deflate = createDeflateRaw({ chunkSize: 256 * 1024 });
    const feeding = (async () => {
      for await (const chunk of chunks) {
        if (!deflate.write(chunk)) await once(deflate, "drain");
      }
      deflate.end();
    })();
    for await (const chunk of deflate) await this.#write(chunk);
    await feeding;
  }

  async #write(...parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) {
      this.#offset += part.length;
      if (!this.#file.write(part)) await once(this.#file, "drain");
    }
  }
}

const directoryEntry = (entry: Written): Buffer[] => {
  const { name, isZip64 } = entry;
  const large = numbers([8, entry.size], [8, entry.compressed], [8, entry.offset]);
  const extra = isZip64
    ? Buffer.concat([numbers([2, 1], [2, large.length]), large])
    : Buffer.alloc(0);
  const short = (value: number) => (isZip64 ? MAX32 : value);
  return [
    numbers([4, 0x02014b50], [2, isZip64 ? 45 : 20], [2, isZip64 ? 45 : 20], [2, entry.flags]),
    numbers([2, entry.method], [2, TIME[0]], [2, TIME[1]], [4, entry.crc]),
    numbers([4, short(entry.compressed)], [4, short(entry.size)], [2, name.length]),
    numbers([2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, short(entry.offset)]),
    name,
    extra,
  ];
};
