import { mergeOvertaken, rowsSuppressed } from "../../core/errors.ts";
import type { Changes } from "../../core/tally.ts";
import { attempt } from "../attempt.ts";
import { judging } from "../one-by-one.ts";
import { UNIQUE_VIOLATION } from "../sqlstate.ts";
import { compare } from "./compare-sql.ts";
import {
  adoptedFindings,
  correctionFindings,
  examples,
  forgetRefused,
  judgedFindings,
} from "./findings-sql.ts";
import { findWritten, noteUpdates } from "./listing.ts";
import type { Merge, Merged } from "./merge.ts";
import { DONE, judgedSteps } from "./refusals-sql.ts";
import type { MergedColumn } from "./shape.ts";
import { takeSteps } from "./steps.ts";
import * as sql from "./write-sql.ts";
import { rememberEqual } from "./written-sql.ts";

/** Rows that are shown of a change. */
const EXAMPLES = 3;

type Example = Changes["examples"][number];

/** Compares the staged rows with the target, updates by groups of the same columns, and inserts. */
export const write = async (
  merge: Merge,
): Promise<Pick<Merged, "inserted" | "updated" | "unchanged" | "held" | keyof Changes>> => {
  const { session, settings, where } = merge;
  const { shape, written } = settings;
  await session.query(compare(settings, where));
  const { rows } = await session.query<
    Record<"added" | "held" | "judged" | "equal" | "moved" | "corrected" | "taken", number>
  >(sql.tally);
  const { added = 0, held = 0, judged = 0, equal = 0 } = rows[0] ?? {};
  const { moved = 0, corrected = 0, taken = 0 } = rows[0] ?? {};
  if (judged > 0) await session.query(judgedFindings(shape, where));
  if (corrected > 0) await session.query(correctionFindings(shape, where));
  if (taken > 0) await session.query(adoptedFindings(shape, where));
  await noteUpdates(merge);
  const { updated, ...changes } = await writeGroups(merge);
  const inserted =
    added === 0
      ? 0
      : await writeRows(merge, added, {
          statement: sql.insert(settings, sql.NEW_ROWS),
          parameters: [],
          suspects: sql.NEW_SUSPECTS,
          one: sql.insert(settings, sql.SUSPECT),
        });
  if (equal > 0 && written !== undefined) await session.query(rememberEqual(shape, written, where));
  await findWritten(merge);
  if (judged > held || corrected > 0 || taken > 0) await session.query(forgetRefused);
  return { inserted, updated: updated + moved, unchanged: equal - moved, held, ...changes };
};

interface Group {
  readonly changed: string;
  readonly beside: string;
  readonly rows: number;
  readonly assignments: string;
}

/** Updates the rows that differ, and counts them by column, with examples. */
const writeGroups = async (merge: Merge): Promise<Changes & { updated: number }> => {
  const { session, settings, where, exemplified } = merge;
  const { shape } = settings;
  const changes: Record<string, number> = {};
  const shown: Example[] = [];
  let updated = 0;
  const groups = await session.query<Group>(sql.groups(shape));
  for (const { changed, beside, rows, assignments } of groups.rows) {
    const compared = shape.columns.filter((_, n) => changed.split(",").includes(String(n)));
    if (compared.some(({ target }) => !exemplified.has(target.name))) {
      shown.push(...(await examplesOf(merge, compared, [changed, beside])));
      for (const { target } of compared) exemplified.add(target.name);
    }
    const done = await writeRows(merge, rows, {
      statement: sql.update(settings, assignments, { rows: sql.OF_GROUP, where }),
      parameters: [changed, beside],
      suspects: sql.groupSuspects(changed, beside),
      one: sql.update(settings, assignments, { rows: sql.SUSPECT, where }),
    });
    updated += done;
    for (const { target } of done > 0 ? compared : [])
      changes[target.name] = (changes[target.name] ?? 0) + done;
  }
  return { updated, changes, examples: shown };
};

/**
 * Runs a statement for rows, in a savepoint; when the server refuses, once for each of them. What is
 * refused is set aside; gives how many were written.
 */
const writeRows = async (
  { session, settings, isHasty }: Merge,
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
  await takeSteps(session, judgedSteps, { run: settings.run, table: name });
  const judged = await session.query<{ done: number; refused: number }>(DONE);
  const { done = 0, refused = 0 } = judged.rows[0] ?? {};
  if (done + refused !== rows) throw rowsSuppressed(name, rows - done - refused);
  return done;
};

/** Old and new of the columns that differ, of the first rows of a group. */
const examplesOf = async (
  { session, settings, where }: Merge,
  columns: readonly MergedColumn[],
  group: readonly string[],
): Promise<Example[]> => {
  const found = await session.query<Record<string, string | null>>(
    examples(settings.shape, columns, { rows: sql.OF_GROUP, where, most: EXAMPLES }),
    group,
  );
  return found.rows.flatMap((row) =>
    columns
      .map(({ target }, index) => ({
        key: row.key ?? "",
        label: row.label ?? null,
        column: target.name,
        old: row[`old${index}`] ?? null,
        new: row[`new${index}`] ?? null,
      }))
      .filter((example) => example.old !== example.new),
  );
};
