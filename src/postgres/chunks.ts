import type { Batch, Locate, RecordPlace } from "../core/batch.ts";
import type { Column } from "../core/columns.ts";
import { CopyWriter } from "../core/copy-writer.ts";

/** Rows as COPY text, ready to be sent, and the way back to where each came from. */
export interface Chunk {
  /** Valid until the chunk after the next two is asked for: memory goes round. */
  readonly data: Buffer;
  readonly rows: number;
  /** Where the n-th row of the chunk came from, from 0. */
  readonly record: (row: number) => RecordPlace;
  /** To be called when all is said of its rows. */
  readonly release: () => void;
}

/** A chunk is sent when it has this many bytes and this many rows, or is as large as the last. */
const FULL_BYTES = 4 * 1024 * 1024;
const FULL_ROWS = 10_000;
const LARGE_BYTES = 8 * 1024 * 1024;
/** The first chunk is so much smaller, the next ones twice as large each: the server is to begin soon. */
const FIRST_PART = 1 / 8;

/** Chunks that are alive at once: one that is sent, and two ahead. */
export const CHUNKS_AHEAD = 2;

/**
 * Makes the rows of the batches into chunks of some megabytes: 1 MB of raw GBIF text is only some 800
 * rows, far too few for a COPY of their own.
 *
 * `onBatch` is called with each batch before its rows are used.
 */
export async function* chunksOf(
  batches: AsyncIterable<Batch>,
  names: readonly string[],
  onBatch: (batch: Batch) => void,
): AsyncGenerator<Chunk> {
  const writers = Array.from(
    { length: CHUNKS_AHEAD + 1 },
    () => new CopyWriter(FULL_BYTES + 1024 * 1024),
  );
  let turn = 0;
  let writer = writers[0] as CopyWriter;
  let segments: Segment[] = [];
  let part = FIRST_PART;
  const chunk = (): Chunk => {
    const done = segments;
    const made = {
      data: writer.data,
      rows: writer.rows,
      record: locatorOf(done),
      release: () => {
        for (const segment of done) segment.release();
      },
    };
    turn = (turn + 1) % writers.length;
    return made;
  };
  for await (const batch of batches) {
    onBatch(batch);
    const columns = names.map((name) => batch.column(name));
    const { rows, record, release } = batch;
    segments.push({ first: writer.rows, rows, record, release });
    writeRows(writer, columns, rows);
    const isFull = writer.sizeBytes >= FULL_BYTES * part && writer.rows >= FULL_ROWS * part;
    if (!isFull && writer.sizeBytes < LARGE_BYTES * part) continue;
    part = Math.min(1, part * 2);
    yield chunk();
    writer = writers[turn] as CopyWriter;
    writer.clear();
    segments = [];
  }
  if (writer.rows > 0) yield chunk();
}

/** Apart from the generator around it, as V8 makes these loops fast only in a plain function. */
const writeRows = (writer: CopyWriter, columns: readonly Column[], rows: Uint32Array): void => {
  for (const row of rows) {
    for (const column of columns) column.copyTo(writer, row);
    writer.endRow();
  }
};

interface Segment {
  /** Number of its first row in the chunk. */
  readonly first: number;
  readonly rows: Uint32Array;
  readonly record: Locate;
  readonly release: () => void;
}

const locatorOf =
  (segments: readonly Segment[]) =>
  (row: number): RecordPlace => {
    const segment = segments.findLast(({ first }) => first <= row);
    const source = segment?.rows[row - segment.first];
    if (segment === undefined || source === undefined) throw new RangeError(`row ${row}`);
    return segment.record(source);
  };
