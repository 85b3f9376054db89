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
 */
export const chunkColumns = (
  shape: MergeShape,
  { isNumberedThroughout = false }: { isNumberedThroughout?: boolean } = {},
): ((batch: Batch) => ChunkColumns) => {
  let numbered = 0;
  let start = 0;
  let digest = "";
  const number = {
    text: () => null,
    copyTo: (writer: CopyWriter) => {
      writer.text(String(isNumberedThroughout ? numbered++ : writer.rows));
      start = writer.sizeBytes;
    },
  };
  const hashing = {
    text: () => digest,
    copyTo: (writer: CopyWriter) => {
      const bytes = writer.data.subarray(start);
      digest = hash("sha256", bytes, "hex").slice(0, 32);
      writer.text(digest);
    },
  };
  const hashed = { text: () => digest, copyTo: (writer: CopyWriter) => writer.text(digest) };
  const named = (batch: Batch, names: readonly string[]): Column[] =>
    names.map((name) => batch.column(name));
  return (batch) => {
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
      probe: [number, ...key, hashed, ...input],
    };
  };
};
