import type { Batch, Locate, RecordPlace } from "../core/batch.ts";
import type { Column } from "../core/columns.ts";
import { CopyWriter } from "../core/copy-writer.ts";
import { writeRows } from "../core/field-runs.ts";
import type { Taken } from "../core/tally.ts";

/** Rows as COPY text, and the way back to where each came from. */
export interface CopyRows {
  readonly data: Buffer;
  readonly rows: number;
  /** Where the n-th row came from, from 0. */
  readonly record: (row: number) => RecordPlace;
}

/** Rows ready to be sent. Its memory is valid until the chunk after the next two is asked for. */
export interface Chunk extends CopyRows {
  /** The same rows in other columns; empty unless asked for. */
  readonly probe: Buffer;
  /** What the batches behind it add to the account. */
  readonly batches: readonly Taken[];
  /** To be called when all is said of its rows. */
  readonly release: () => void;
}

/** The columns of a chunk's rows, of one batch. */
export interface ChunkColumns {
  readonly data: readonly Column[];
  readonly probe?: readonly Column[];
}

/** A chunk is sent when it has this many bytes and this many rows, or is as large as the last. */
const FULL_BYTES = 4 * 1024 * 1024;
const FULL_ROWS = 10_000;
const LARGE_BYTES = 8 * 1024 * 1024;
/** So many records that were set aside make a chunk, however few rows there are: they wait in memory for it. */
const FULL_REJECTS = 1_000;
/** The first chunk is so much smaller, the next ones twice as large each: the server is to begin soon. */
const FIRST_PART = 1 / 8;

/** Chunks that are alive at once: one that is sent, and two ahead. */
export const CHUNKS_AHEAD = 2;

/**
 * Makes the rows of the batches into chunks of some megabytes: 1 MB of raw GBIF text is only some 800
 * rows, far too few for a COPY of their own. Batches of a metered input are a chunk each: they are to be
 * durable before the next is asked for. Every batch is in a chunk, one without rows too.
 */
export async function* chunksOf(
  batches: AsyncIterable<Batch>,
  columnsOf: (batch: Batch) => ChunkColumns,
): AsyncGenerator<Chunk> {
  const gathered = gathering();
  for await (const batch of batches) {
    gathered.add(batch, columnsOf(batch));
    if (batch.input.isMetered || gathered.isFull()) yield gathered.chunk();
  }
  if (!gathered.isEmpty()) yield gathered.chunk();
}

/** Rows of a batch, and what they add to the account; a batch itself will do. */
export interface Share extends Taken {
  readonly rows: Uint32Array;
  readonly record: Locate;
  readonly release: () => void;
}

/** Rows on their way to be a chunk. */
export interface Gathering {
  /** Puts rows behind those that are there. */
  add(share: Share, columns: ChunkColumns): void;
  /** Whether it is enough for a chunk. */
  isFull(): boolean;
  isEmpty(): boolean;
  /** What was added since the last. Chunks go round in the same memory. */
  chunk(): Chunk;
}

/** Chunks are smaller by `part` where several are made at the same time, so that they take no more memory. */
export const gathering = (part = 1): Gathering => {
  const newWriters = () => ({
    data: new CopyWriter(Math.ceil(FULL_BYTES * part) + 1024 * 1024),
    probe: new CopyWriter(0),
  });
  const turns = Array.from({ length: CHUNKS_AHEAD + 1 }, newWriters);
  let turn = 0;
  let segments: Segment[] = [];
  let taken: Taken[] = [];
  let rejected = 0;
  let size = FIRST_PART * part;
  const writers = () => turns[turn] as ReturnType<typeof newWriters>;
  /** Not before it is needed: until then, what is in this memory may be in use. */
  const begin = () => {
    if (taken.length > 0) return;
    writers().data.clear();
    writers().probe.clear();
  };
  return {
    add({ rows, record, release, read, unchanged, filtered, rejects }, columns) {
      begin();
      const { data } = writers();
      taken.push({ read, unchanged, filtered, rejects });
      rejected += rejects.length;
      segments.push({ first: data.rows, rows, record, release });
      writeRows(data, columns.data, rows);
      if (columns.probe !== undefined) writeRows(writers().probe, columns.probe, rows);
    },
    isFull() {
      const { sizeBytes, rows } = writers().data;
      return (
        (sizeBytes >= FULL_BYTES * size && rows >= FULL_ROWS * size) ||
        sizeBytes >= LARGE_BYTES * size ||
        rejected >= FULL_REJECTS
      );
    },
    isEmpty: () => taken.length === 0,
    chunk() {
      begin();
      const { data, probe } = writers();
      const done = segments;
      const batches = taken;
      turn = (turn + 1) % turns.length;
      segments = [];
      taken = [];
      rejected = 0;
      size = Math.min(part, size * 2);
      return {
        data: data.data,
        probe: probe.data,
        rows: data.rows,
        record: locatorOf(done),
        batches,
        release: () => {
          for (const segment of done) segment.release();
        },
      };
    },
  };
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
