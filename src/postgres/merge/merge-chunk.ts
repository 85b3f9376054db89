/** Brings a chunk of rows into the target: what is there already and equal is not touched. */

import type { Changes } from "../../core/accounting.ts";
import type { Rejected } from "../../core/batch.ts";
import { keyOutsideIndex, rowsSuppressed } from "../../core/errors.ts";
import { type DatabaseError, isDatabaseError, type Session } from "../../core/session.ts";
import type { TargetColumn } from "../catalog.ts";
import type { Chunk, CopyRows } from "../chunks.ts";
import { chunkLoader } from "../load-chunk.ts";
import { quoted } from "../names.ts";
import { type Judged, judging, refusalMessage } from "../one-by-one.ts";
import { conditionName, isRefusal } from "../sqlstate.ts";
import type { MergedColumn, MergeShape, UniqueOption } from "./shape.ts";
import * as sql from "./sql.ts";
import type { UniqueKey } from "./unique-key.ts";

/** What became of the rows of a chunk. */
export interface Merged extends Changes {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: readonly Rejected[];
}

/** What a merge needs to know besides the rows. */
export interface MergeSettings {
  readonly shape: MergeShape;
  readonly unique: UniqueKey;
  /** The track table for SQL. */
  readonly track: string;
  readonly run: string;
}

/** Rows that are shown of a change. */
const EXAMPLES = 3;

/**
 * Merges chunks whose rows are, in this order: the row's number, the key, hashed columns, the hash, the
 * others; and whose probe is number, key and hash. In the session's open transaction.
 *
 * The probe is asked first: a row that the track table knows with the same hash, and that the target
 * still has, costs no more. Only the others are sent whole, compared column by column, and written where
 * they differ. What the server refuses, at whichever step, becomes rejects.
 */
export const chunkMerger = (session: Session, settings: MergeSettings) => {
  const { shape, unique, track, run } = settings;
  const loader = (table: string, columns: readonly TargetColumn[]) =>
    // Refusals are told in the words of the target.
    chunkLoader(
      session,
      { name: shape.table.name, sql: table, columns },
      columns.map(({ name }) => name),
    );
  const probing = loader(sql.TEMPORARY.PROBE, sql.probeColumns(shape));
  const staging = loader(sql.TEMPORARY.STAGE, sql.stageColumns(shape));
  const parameters = [run, shape.version];
  const exemplified = new Set<string>();

  return async (chunk: Chunk): Promise<Merged> => {
    await session.script(
      `truncate ${sql.TEMPORARY.PROBE}, ${sql.TEMPORARY.STAGE}, ${sql.TEMPORARY.DIFF}`,
    );
    const rejected: Rejected[] = [];
    const setAside = (numbers: readonly number[], reason: (n: number) => Reason) => {
      for (const n of numbers) rejected.push({ ...chunk.record(n), ...reason(n) });
    };

    const probed = await probing({ ...chunk, data: chunk.probe });
    rejected.push(...probed.rejected);
    const where = await narrowing(session, shape, unique);
    const verdicts = await session.query<Verdict>(sql.verdicts(shape, track, where), parameters);
    const of = (verdict: Verdict["verdict"]) =>
      verdicts.rows.find((row) => row.verdict === verdict);
    const duplicates = of("duplicate")?.numbers ?? [];
    const keys = await keysByNumber(session, shape, duplicates);
    setAside(duplicates, (n) => ({
      code: "duplicate_key",
      message: `The key ${keys.get(n)} came before in this run.`,
    }));
    await session.query(sql.touchTrack(shape, track), [run]);
    const seen = of("unchanged")?.rows ?? 0;
    const candidates = of("candidate")?.numbers ?? [];
    if (candidates.length === 0) return { ...NOTHING, unchanged: seen, rejected };

    const staged = await staging(linesOf(chunk, candidates));
    rejected.push(...staged.rejected);
    const merge = { session, settings, where, setAside, exemplified };
    const rekeyed = await settleUnique(merge);
    const written = await write(merge, rekeyed);
    await session.query(sql.remember(shape, track), parameters);
    return { ...written, unchanged: seen + written.unchanged, rejected };
  };
};

interface Merge {
  readonly session: Session;
  readonly settings: MergeSettings;
  readonly where: string;
  readonly setAside: (numbers: readonly number[], reason: (n: number) => Reason) => void;
  /** Columns of which the flow has an example: no more are looked for. */
  readonly exemplified: Set<string>;
}

interface Reason {
  readonly code: string;
  readonly message: string;
}

interface Verdict {
  readonly verdict: "duplicate" | "unchanged" | "candidate";
  readonly rows: number;
  readonly numbers: number[];
}

const NOTHING = { inserted: 0, updated: 0, changes: {}, examples: [] };

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

/**
 * More conditions on the target, so that a partial index can be used: PostgreSQL takes it for literals
 * alone. Rows outside of it are refused: nothing would tell them apart.
 */
const narrowing = async (
  session: Session,
  shape: MergeShape,
  { condition }: UniqueKey,
): Promise<string> => {
  if (condition === undefined) return "";
  const outside = await session.query<{ n: number }>(
    `select ${sql.NUMBER} as n from ${sql.TEMPORARY.PROBE} where (${condition}) is not true limit 1`,
  );
  if (outside.rows.length > 0) throw keyOutsideIndex(shape.table.name, condition);
  const { rows } = await session.query<Record<string, string | null>>(sql.constants(shape));
  return Object.values(rows[0] ?? {})
    .map((value, index) =>
      value === null ? "" : ` and target.${quoted(shape.key[index]?.name ?? "")} = ${value}`,
    )
    .join("");
};

const keysByNumber = async (
  session: Session,
  shape: MergeShape,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, string>> => {
  if (numbers.length === 0) return new Map();
  const { rows } = await session.query<{ n: number; key: string }>(sql.keysOf(shape), [numbers]);
  return new Map(rows.map(({ n, key }) => [n, key]));
};

interface Conflict {
  readonly n: number;
  readonly value: string;
  readonly key: string;
  readonly is_own: boolean;
  readonly is_seen: boolean;
}

/**
 * New rows whose unique value the target has already: under another owner they are set aside; the same
 * owner's row, when its key did not come in this run, has got a new key. Gives the numbers of those.
 */
const settleUnique = async (merge: Merge): Promise<readonly number[]> => {
  const { session, settings, where, setAside } = merge;
  const { shape, track, run } = settings;
  if (shape.unique === undefined) return [];
  const { column, code } = shape.unique;
  const { rows } = await session.query<Conflict>(
    sql.uniqueConflicts(shape, shape.unique, { track, where }),
    [run],
  );
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  const first = new Map(rows.toReversed().map(({ value, n }) => [value, n]));
  const moved = rows
    .filter(({ n, value, is_own, is_seen }) => is_own && !is_seen && first.get(value) === n)
    .map(({ n }) => n);
  const refused = rows.map(({ n }) => n).filter((n) => !moved.includes(n));
  setAside(refused, (n) => conflictReason(byNumber.get(n), { column, code }));
  await forgetStaged(session, refused);
  if (moved.length > 0) {
    const { forget, update } = sql.rekey(shape, column, track);
    await session.query(forget, [moved]);
    await session.query(update, [moved]);
  }
  return moved;
};

const conflictReason = (
  conflict: Conflict | undefined,
  { column, code }: Pick<UniqueOption, "column" | "code">,
): Reason => {
  const what = `\`${column}\` ${JSON.stringify(conflict?.value)}`;
  return conflict?.is_own
    ? {
        code: "duplicate_unique",
        message: `${what} came before in this run, with the key ${conflict.key}.`,
      }
    : {
        code,
        message: `${what} belongs to a row of another origin, with the key ${conflict?.key}.`,
      };
};

const forgetStaged = async (session: Session, numbers: readonly number[]): Promise<void> => {
  if (numbers.length === 0) return;
  await session.query(`delete from ${sql.TEMPORARY.STAGE} where ${sql.NUMBER} = any ($1)`, [
    numbers,
  ]);
};

/** Compares the staged rows with the target, updates by groups of the same columns, and inserts. */
const write = async (
  merge: Merge,
  rekeyed: readonly number[],
): Promise<Omit<Merged, "rejected">> => {
  const { session, settings, where, exemplified } = merge;
  const { shape } = settings;
  const changes: Record<string, number> = {};
  const examples: Changes["examples"][number][] = [];
  const count = (name: string, rows: number) => {
    if (rows > 0) changes[name] = (changes[name] ?? 0) + rows;
  };

  await session.query(sql.compare(shape, where));
  const tally = await session.query<{ added: number; equal: number[] }>(sql.tally);
  const { added = 0, equal = [] } = tally.rows[0] ?? {};
  const moved = new Set(rekeyed);
  const movedOnly = equal.filter((n) => moved.has(n)).length;
  for (const { name } of shape.key) count(name, rekeyed.length);

  let updated = movedOnly;
  const groups = await session.query<Group>(sql.groups);
  for (const { changed, beside, rows } of groups.rows) {
    const columns = sql.columnsOf(shape, changed, beside);
    const compared = sql.columnsOf(shape, changed);
    if (compared.some(({ target }) => !exemplified.has(target.name))) {
      examples.push(...(await examplesOf(merge, compared, { changed, beside, most: EXAMPLES })));
      for (const { target } of compared) exemplified.add(target.name);
    }
    const done = await writeRows(merge, rows, {
      statement: sql.update(shape, columns, { rows: sql.OF_GROUP, where }),
      parameters: [changed, beside],
      suspects: sql.groupSuspects(changed, beside),
      one: sql.update(shape, columns, { rows: sql.SUSPECT, where }),
    });
    updated += done;
    for (const { target } of compared) count(target.name, done);
  }
  const inserted =
    added === 0
      ? 0
      : await writeRows(merge, added, {
          statement: sql.insert(shape, sql.NEW_ROWS),
          parameters: [],
          suspects: sql.NEW_SUSPECTS,
          one: sql.insert(shape, sql.SUSPECT),
        });
  return { inserted, updated, unchanged: equal.length - movedOnly, changes, examples };
};

interface Group {
  readonly changed: string;
  readonly beside: string;
  readonly rows: number;
}

/**
 * Runs a statement for rows, in a savepoint; when the server refuses, once for each of them. What is
 * refused becomes rejects and is forgotten; gives how many were written.
 */
const writeRows = async (
  { session, settings, setAside }: Merge,
  rows: number,
  work: { statement: string; parameters: readonly unknown[]; suspects: string; one: string },
): Promise<number> => {
  const { name } = settings.shape.table;
  const refusal = await attempt(session, async () => {
    const { count } = await session.query(work.statement, work.parameters);
    if (count !== rows) throw rowsSuppressed(name, rows - count);
  });
  if (refusal === undefined) return rows;
  await session.script(judging(work.suspects, work.one));
  const judged = (await session.query<Judged>("select * from pg_temp.runner_judge()")).rows;
  const refused = new Map(
    judged.filter(({ state }) => state !== null).map((row) => [row.row_number, row]),
  );
  const done = judged.find(({ state }) => state === null)?.row_number ?? 0;
  if (done + refused.size !== rows) throw rowsSuppressed(name, rows - done - refused.size);
  const numbers = [...refused.keys()];
  setAside(numbers, (n) => {
    const row = refused.get(n) as Judged;
    return {
      code: conditionName(row.state ?? ""),
      message: refusalMessage(row, row.column_name || undefined),
    };
  });
  await forgetStaged(session, numbers);
  return done;
};

/** What the server says of these rows' data; undefined when it takes them. Other errors are thrown. */
const attempt = async (
  session: Session,
  work: () => Promise<void>,
): Promise<DatabaseError | undefined> => {
  await session.begin();
  try {
    await work();
    await session.commit();
    return undefined;
  } catch (error) {
    await session.rollback();
    if (isDatabaseError(error) && isRefusal(error.code)) return error;
    throw error;
  }
};

const examplesOf = async (
  { session, settings, where }: Merge,
  columns: readonly MergedColumn[],
  { changed, beside, most }: { changed: string; beside: string; most: number },
): Promise<Changes["examples"][number][]> => {
  const { rows } = await session.query<Record<string, string | null>>(
    sql.examples(settings.shape, columns, { where, most }),
    [changed, beside],
  );
  return rows.flatMap((row) =>
    columns.map(({ target }, index) => ({
      key: row.key ?? "",
      column: target.name,
      old: row[`old${index}`] ?? null,
      new: row[`new${index}`] ?? null,
    })),
  );
};
