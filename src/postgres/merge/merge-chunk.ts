/** Brings a chunk of rows into the target: what is there already and equal is not touched. */

import type { Finding } from "../../core/accounting.ts";
import type { Rejected } from "../../core/batch.ts";
import { mergeOvertaken } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import type { TargetColumn } from "../catalog.ts";
import type { Chunk, CopyRows } from "../chunks.ts";
import { chunkLoader } from "../load-chunk.ts";
import { settleAdopted } from "./adopt.ts";
import { type Merger, type MergeSettings, NOTHING_MERGED, type Reason } from "./merge.ts";
import { narrowing } from "./narrowing.ts";
import type { MergeShape } from "./shape.ts";
import * as sql from "./sql.ts";
import { DIFF, PROBE, probeColumns, STAGE, stageColumns } from "./temporary.ts";
import { settleUnique } from "./unique-conflicts.ts";
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
  const { shape, unique, track, run } = settings;
  const loader = (table: string, columns: readonly TargetColumn[]) =>
    // Refusals are told in the words of the target.
    chunkLoader(
      session,
      { name: shape.table.name, sql: table, columns },
      columns.map(({ name }) => name),
    );
  const probing = loader(PROBE, probeColumns(shape));
  const staging = loader(STAGE, stageColumns(shape));
  const parameters = [run, shape.version];
  let exemplified: ReadonlySet<string> = new Set();

  return async (chunk, attempt = 1) => {
    await session.script(`truncate ${PROBE}, ${STAGE}, ${DIFF}`);
    const rejected: Rejected[] = [];
    const setAside = (numbers: readonly number[], reason: (n: number) => Reason) => {
      for (const n of numbers) rejected.push({ ...chunk.record(n), ...reason(n) });
    };

    const probed = await probing({ ...chunk, data: chunk.probe });
    rejected.push(...probed.rejected);
    const where = await narrowing(session, { shape, unique, rows: PROBE });
    const verdicts = await session.query<Verdict>(sql.verdicts(shape, track, where), parameters);
    const of = (verdict: Verdict["verdict"]) =>
      verdicts.rows.find((row) => row.verdict === verdict);
    const duplicates = of("duplicate")?.numbers ?? [];
    const keys = await keysByNumber(session, shape, duplicates);
    setAside(duplicates, (n) => ({
      code: "duplicate_key",
      message: `The key ${keys.get(n)} came before in this run.`,
    }));
    const touched = await session.query(
      sql.touchTrack(shape, track),
      shape.input === undefined ? [run] : parameters,
    );
    if (touched.count !== verdicts.rows.reduce((total, { known }) => total + known, 0)) {
      throw mergeOvertaken(shape.table.name);
    }
    const seen = of("unchanged")?.rows ?? 0;
    const candidates = of("candidate")?.numbers ?? [];
    if (candidates.length === 0) return { ...NOTHING_MERGED, unchanged: seen, rejected };

    const staged = await staging(linesOf(chunk, candidates));
    rejected.push(...staged.rejected);
    const findings: Finding[] = [];
    const find = (more: readonly Finding[]) => findings.push(...more);
    const shown = new Set(exemplified);
    const isHasty = settings.isShared && attempt === 1;
    const rows = candidates.length;
    const merge = { session, settings, where, rows, setAside, find, exemplified: shown, isHasty };
    const adopted = await settleAdopted(merge);
    const rekeyed = await settleUnique(merge);
    const written = await write(merge, [...adopted, ...rekeyed]);
    const remembered = await session.query(
      sql.remember(shape, track, settings.isShared),
      parameters,
    );
    if (remembered.count !== written.inserted + written.updated + written.unchanged) {
      throw mergeOvertaken(shape.table.name);
    }
    // Not before all went well: a chunk may be merged again.
    exemplified = shown;
    return { ...written, findings, unchanged: seen + written.unchanged, rejected };
  };
};

interface Verdict {
  readonly verdict: "duplicate" | "unchanged" | "candidate";
  readonly rows: number;
  readonly numbers: number[];
  /** Rows of the track table behind them that this run has not seen yet. */
  readonly known: number;
}

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

const keysByNumber = async (
  session: Session,
  shape: MergeShape,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, string>> => {
  if (numbers.length === 0) return new Map();
  const { rows } = await session.query<{ n: number; key: string }>(sql.keysOf(shape), [numbers]);
  return new Map(rows.map(({ n, key }) => [n, key]));
};
