/** Brings a chunk of rows into the target: what is there already and equal is not touched. */

import { mergeOvertaken } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import type { Finding } from "../../core/tally.ts";
import type { TargetColumn } from "../catalog.ts";
import type { Chunk, CopyRows } from "../chunks.ts";
import { chunkLoader } from "../load-chunk.ts";
import {
  type Merge,
  type Merged,
  type Merger,
  type MergeSettings,
  NOTHING_MERGED,
} from "./merge.ts";
import { narrowing } from "./narrowing.ts";
import { refuseDuplicates, remember, touchTrack, verdicts } from "./probe-sql.ts";
import { MOVED_COUNTS, settleSteps, withKeyChanges } from "./settle.ts";
import { probeColumns, stageColumns } from "./stage-columns.ts";
import { takeSteps } from "./steps.ts";
import { FOUND, PROBE, REFUSED, STAGE } from "./temporary.ts";
import { emptyTemporary } from "./temporary-tables.ts";
import { write } from "./write.ts";

/**
 * Merges chunks whose rows are, in this order: the row's number, the key, hashed columns, the hash, the
 * others; and whose probe is number, key and hash. In the session's open transaction.
 *
 * The probe is asked first: a row that the track table knows with the same hash, and that the target
 * still has, costs no more. Only the others are sent whole, compared column by column, and written where
 * they differ. What the server refuses, at whichever step, becomes rejects.
 */
export const chunkMerger = (session: Session, settings: MergeSettings): Merger => {
  const { shape } = settings;
  const loader = (table: string, columns: readonly TargetColumn[]) =>
    // Refusals are told in the words of the target.
    chunkLoader(
      session,
      { name: shape.table.name, sql: table, columns },
      columns.map(({ name }) => name),
    );
  const probing = loader(PROBE, probeColumns(shape));
  const staging = loader(STAGE, stageColumns(shape));
  let exemplified: ReadonlySet<string> = new Set();

  return async (chunk, attempt = 1) => {
    await session.script(emptyTemporary);
    const probed = await probing({ ...chunk, data: chunk.probe });
    const { where, unchanged, candidates } = await ask(session, settings);
    const staged = candidates.length === 0 ? undefined : await staging(linesOf(chunk, candidates));
    const shown = new Set(exemplified);
    const isHasty = settings.isShared && attempt === 1;
    const merge = { session, settings, where, exemplified: shown, isHasty };
    const merged = staged && (await mergeStaged(merge));
    const refused = await session.query<{ n: number; code: string; message: string }>(
      `select n, code, message from ${REFUSED} order by n`,
    );
    // Not before all went well: a chunk may be merged again.
    exemplified = shown;
    return {
      ...NOTHING_MERGED,
      ...merged,
      unchanged: unchanged + (merged?.unchanged ?? 0),
      rejected: [
        ...probed.rejected,
        ...(staged?.rejected ?? []),
        ...refused.rows.map(({ n, ...reason }) => ({ ...chunk.record(n), ...reason })),
      ],
    };
  };
};

interface Verdict {
  readonly verdict: "duplicate" | "unchanged" | "candidate";
  readonly rows: number;
  readonly numbers: number[];
  /** Rows of the track table behind them that this run has not seen yet. */
  readonly known: number;
}

/** Which of the probed rows are unchanged, and which are to be sent; those whose key came before are set aside. */
const ask = async (session: Session, settings: MergeSettings) => {
  const { shape, unique, run } = settings;
  const parameters = [run, shape.version];
  const where = await narrowing(session, { shape, unique, rows: PROBE });
  const { rows } = await session.query<Verdict>(verdicts(settings, where), parameters);
  const of = (verdict: Verdict["verdict"]) => rows.find((row) => row.verdict === verdict);
  const duplicates = of("duplicate")?.numbers ?? [];
  if (duplicates.length > 0) await session.query(refuseDuplicates(shape), [duplicates]);
  const touched = await session.query(
    touchTrack(settings),
    shape.input === undefined ? [run] : parameters,
  );
  if (touched.count !== rows.reduce((total, { known }) => total + known, 0)) {
    throw mergeOvertaken(shape.table.name);
  }
  return {
    where,
    unchanged: of("unchanged")?.rows ?? 0,
    candidates: of("candidate")?.numbers ?? [],
  };
};

/** Merges what is staged, and remembers it. */
const mergeStaged = async (merge: Merge): Promise<Omit<Merged, "rejected">> => {
  const { session, settings, where } = merge;
  const { shape, track, run, isShared } = settings;
  const { name } = shape.table;
  await takeSteps(session, settleSteps(settings, where), { run, table: name });
  const written = await write(merge);
  const remembered = await session.query(remember(shape, track, isShared), [run, shape.version]);
  if (remembered.count !== written.inserted + written.updated + written.unchanged) {
    throw mergeOvertaken(name);
  }
  const moved = await session.query<Pick<Merged, "adopted" | "rekeyed">>(MOVED_COUNTS);
  const { adopted = 0, rekeyed = 0 } = moved.rows[0] ?? {};
  const { rows: findings } = await session.query<Finding>(
    `select kind, key, label, column_name as column, old, new from ${FOUND} order by id`,
  );
  return { ...written, ...withKeyChanges(shape, findings, written), adopted, rekeyed, findings };
};

/** These rows of a chunk. */
const linesOf = (chunk: Chunk, numbers: readonly number[]): CopyRows => {
  if (numbers.length === chunk.rows) return chunk;
  const wanted = new Set(numbers);
  const lines: Buffer[] = [];
  let start = 0;
  for (let row = 0; start < chunk.data.length; row++) {
    const end = chunk.data.indexOf(NEWLINE, start) + 1;
    if (wanted.has(row)) lines.push(chunk.data.subarray(start, end));
    start = end;
  }
  return {
    data: Buffer.concat(lines),
    rows: numbers.length,
    record: (row) => chunk.record(numbers[row] as number),
  };
};

const NEWLINE = 0x0a;
