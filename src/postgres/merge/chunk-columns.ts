import { hash } from "node:crypto";
import type { Batch } from "../../core/batch.ts";
import type { Column } from "../../core/columns.ts";
import type { CopyWriter } from "../../core/copy-writer.ts";
import type { ChunkColumns } from "../chunks.ts";
import type { MergeShape } from "./shape.ts";

/**
 * The columns of a chunk as `chunkMerger` wants them.
 *
 * The hash is that of the key's and the compared values as COPY text: their bytes lie in the writer, side by side.
 * The probes of a batch are written when all its rows are, so the hashes wait for theirs, in order.
 */
export const chunkColumns = (
  shape: MergeShape,
  { isNumberedThroughout = false }: { isNumberedThroughout?: boolean } = {},
): ((batch: Batch) => ChunkColumns) => {
  let numbered = 0;
  let start = 0;
  let waiting: string[] = [];
  const number = {
    text: () => null,
    copyTo: (writer: CopyWriter) => {
      writer.text(String(isNumberedThroughout ? numbered++ : writer.rows));
      start = writer.sizeBytes;
    },
  };
  const hashing = {
    text: () => null,
    copyTo: (writer: CopyWriter) => {
      const digest = hash("sha256", writer.data.subarray(start), "hex").slice(0, 32);
      waiting.push(digest);
      writer.text(digest);
    },
  };
  const hashedOf = (digests: readonly string[]) => {
    let next = 0;
    return {
      text: () => null,
      copyTo: (writer: CopyWriter) => writer.text(digests[next++] ?? null),
    };
  };
  const named = (batch: Batch, names: readonly string[]): Column[] =>
    names.map((name) => batch.column(name));
  return (batch) => {
    waiting = [];
    const key = named(
      batch,
      shape.key.map(({ name }) => name),
    );
    const input = shape.input === undefined ? [] : [batch.column(shape.input)];
    return {
      data: [
        number,
        ...key,
        ...named(batch, shape.hashed),
        hashing,
        ...input,
        ...named(batch, shape.unhashed),
      ],
      probe: [number, ...key, hashedOf(waiting), ...input],
    };
  };
};
