import type { Batch } from "../core/batch.ts";
import type { Channel } from "../core/channel.ts";
import { type Chunk, type ChunkColumns, gathering, type Share } from "./chunks.ts";

/** Says of a batch which lane each of its rows takes, from 0. */
export type Route = (batch: Batch) => (row: number) => number;

/**
 * Makes the rows of the batches into chunks for several sessions, and ends their channels. Each batch is
 * counted once, however many of them get rows of it. One chunk at least comes after the last batch, so that
 * a session commits when all is known.
 */
export const routeChunks = async (
  batches: AsyncIterable<Batch>,
  columnsOf: (batch: Batch) => ChunkColumns,
  { channels, route }: { channels: readonly Channel<Chunk>[]; route: Route },
): Promise<void> => {
  const lanes = channels.map((channel) => ({ channel, gathered: gathering(1 / channels.length) }));
  for await (const batch of batches) {
    const columns = columnsOf(batch);
    for (const [lane, share] of sharesOf(batch, lanes.length, route(batch)).entries()) {
      const { channel, gathered } = lanes[lane] as (typeof lanes)[number];
      if (share) gathered.add(share, columns);
      if (gathered.isFull()) await channel.put(gathered.chunk());
    }
  }
  const last = lanes.filter(({ gathered }) => !gathered.isEmpty());
  for (const { channel, gathered } of last.length > 0 ? last : lanes.slice(0, 1)) {
    await channel.put(gathered.chunk());
  }
  for (const { channel } of lanes) channel.end();
};

/** A batch's rows by lane; what it adds to the account besides goes with the first of them. */
const sharesOf = (
  batch: Batch,
  lanes: number,
  laneOf: (row: number) => number,
): (Share | undefined)[] => {
  // Nothing of a share holds the batch: it is kept until the server has taken the rows.
  const { size, read, unchanged, filtered, rejects, record, release: releaseAll } = batch;
  const rows: number[][] = Array.from({ length: lanes }, () => []);
  for (const row of batch.rows) rows[laneOf(row)]?.push(row);
  const first = Math.max(
    0,
    rows.findIndex((list) => list.length > 0),
  );
  let open = 0;
  const release = () => {
    open--;
    if (open === 0) releaseAll();
  };
  return rows.map((list, lane) => {
    if (list.length === 0 && lane !== first) return undefined;
    open++;
    const share = { rows: Uint32Array.from(list), record, release };
    if (lane !== first)
      return { ...share, read: list.length, unchanged: 0, filtered: 0, rejects: [] };
    return { ...share, read: read - size + list.length, unchanged, filtered, rejects };
  });
};
