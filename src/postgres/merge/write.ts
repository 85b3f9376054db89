import type { Changes } from "../../core/accounting.ts";
import { mergeOvertaken, rowsSuppressed } from "../../core/errors.ts";
import { attempt } from "../attempt.ts";
import { type Judged, judging, refusalMessage } from "../one-by-one.ts";
import { conditionName, UNIQUE_VIOLATION } from "../sqlstate.ts";
import { findWritten, noteUpdates } from "./listing.ts";
import { forgetStaged, type Merge, type Merged } from "./merge.ts";
import { type Moved, movedFindings } from "./moved.ts";
import type { MergedColumn } from "./shape.ts";
import * as sql from "./sql.ts";

/** Rows that are shown of a change. */
const EXAMPLES = 3;

/** Compares the staged rows with the target, updates by groups of the same columns, and inserts. */
export const write = async (
  merge: Merge,
  moved: readonly Moved[],
): Promise<Omit<Merged, "rejected" | "findings">> => {
  const { session, settings, where, find, exemplified } = merge;
  const { shape } = settings;
  const changes: Record<string, number> = {};
  const examples: Changes["examples"][number][] = [];
  const count = (name: string, rows: number) => {
    if (rows > 0) changes[name] = (changes[name] ?? 0) + rows;
  };

  await session.query(sql.compare(shape, where));
  const tally = await session.query<{ added: number; held: number; equal: number[] }>(sql.tally);
  const { added = 0, held = 0, equal = [] } = tally.rows[0] ?? {};
  const numbers = new Set(moved.map(({ n }) => n));
  const movedOnly = equal.filter((n) => numbers.has(n)).length;
  const keyChanges = moved.flatMap((row) =>
    movedFindings(shape, row, row.row && settings.adopt?.identity),
  );
  find(keyChanges);
  for (const { name } of shape.key) {
    const ofColumn = keyChanges.filter(({ column }) => column === name);
    count(name, ofColumn.length);
    examples.push(...ofColumn.slice(0, EXAMPLES));
  }

  let updated = movedOnly;
  await noteUpdates(merge);
  const groups = await session.query<Group>(sql.groups);
  for (const { changed, beside, rows } of groups.rows) {
    const columns = sql.columnsOf(shape, changed, beside);
    const compared = sql.columnsOf(shape, changed);
    if (compared.some(({ target }) => !exemplified.has(target.name))) {
      examples.push(...(await examplesOf(merge, compared, sql.OF_GROUP, [changed, beside])));
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
  await findWritten(merge);
  const heldColumns = shape.columns.filter(
    ({ target }) => shape.held?.columns.includes(target.name) ?? false,
  );
  if (held > 0) {
    const all = await examplesOf(merge, heldColumns, sql.HELD_ROWS, [], "all");
    find(all.map((example) => ({ kind: "held" as const, ...example })));
  }
  return {
    inserted,
    updated,
    unchanged: equal.length - movedOnly,
    held,
    adopted: moved.filter(({ kind }) => kind === "adopted").length,
    rekeyed: moved.filter(({ kind }) => kind === "rekeyed").length,
    changes,
    examples,
  };
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
  { session, settings, setAside, isHasty }: Merge,
  rows: number,
  work: { statement: string; parameters: readonly unknown[]; suspects: string; one: string },
): Promise<number> => {
  const { name } = settings.shape.table;
  const refusal = await attempt(session, async () => {
    const { count } = await session.query(work.statement, work.parameters);
    if (count === rows) return;
    throw isHasty ? mergeOvertaken(name) : rowsSuppressed(name, rows - count);
  });
  if (refusal === undefined) return rows;
  if (isHasty && refusal.code === UNIQUE_VIOLATION) throw refusal;
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

/** Old and new of the columns that differ, of the first of these rows. */
const examplesOf = async (
  { session, settings, where }: Merge,
  columns: readonly MergedColumn[],
  rows: string,
  parameters: readonly unknown[],
  most: number | "all" = EXAMPLES,
): Promise<Changes["examples"][number][]> => {
  const found = await session.query<Record<string, string | null>>(
    sql.examples(settings.shape, columns, { rows, where, most }),
    parameters,
  );
  return found.rows.flatMap((row) =>
    columns
      .map(({ target }, index) => ({
        key: row.key ?? "",
        column: target.name,
        old: row[`old${index}`] ?? null,
        new: row[`new${index}`] ?? null,
      }))
      .filter((example) => example.old !== example.new),
  );
};
