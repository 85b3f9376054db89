import { mergeOvertaken } from "../../core/errors.ts";
import { forgetStaged, type Merge, type Reason } from "./merge.ts";
import type { Moved } from "./moved.ts";
import type { UniqueOption } from "./shape.ts";
import * as sql from "./sql.ts";

interface Conflict {
  readonly n: number;
  readonly value: string;
  readonly key: string;
  readonly old_key: (string | null)[];
  readonly new_key: string[];
  readonly is_own: boolean;
  readonly is_seen: boolean;
  readonly is_tracked: boolean;
}

/**
 * New rows whose unique value the target has already: under another owner they are set aside; the same
 * owner's row, when its key did not come in this run, has got a new key. Gives those.
 */
export const settleUnique = async (merge: Merge): Promise<readonly Moved[]> => {
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
    const forgotten = await session.query(forget, [moved, run]);
    const tracked = moved.filter((n) => byNumber.get(n)?.is_tracked).length;
    if (forgotten.count !== tracked) throw mergeOvertaken(shape.table.name);
    await session.query(update, [moved]);
  }
  return rows
    .filter(({ n }) => moved.includes(n))
    .map(({ n, old_key, new_key }) => ({ kind: "rekeyed", n, oldKey: old_key, newKey: new_key }));
};

/** What a person reads of such a row. */
export const conflictReason = (
  conflict: Pick<Conflict, "value" | "key" | "is_own"> | undefined,
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
