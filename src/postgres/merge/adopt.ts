import { adoptNeedsPrimaryKey } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { type Adopt, adoptSql } from "./adopt-sql.ts";
import { forgetStaged, type Merge } from "./merge.ts";
import { type Moved, movedFindings } from "./moved.ts";
import type { MergeShape } from "./shape.ts";
import { ADOPTABLE, FRESH } from "./temporary.ts";

/** What tells the rows apart; undefined without the option. */
export const openAdopt = ({ adopt: option, table, identity }: MergeShape): Adopt | undefined => {
  if (option === undefined) return undefined;
  if (identity.length === 0) throw adoptNeedsPrimaryKey(table.name);
  return { option, identity };
};

interface Match {
  readonly n: number;
  readonly rank: number;
  readonly row: string[];
  readonly old_key: (string | null)[];
  readonly new_key: string[];
  /** How many rows this record, and how many records this row could be. */
  readonly rows: number;
  readonly records: number;
}

/**
 * New records whose row the target has already, under another origin: with `report` they are set aside;
 * with `apply` the row gets their key, and is compared like any other. Gives those.
 *
 * Only one row for one record will do. A record that might be several rows, or a row that several records
 * claim, is left for a person.
 */
export const settleAdopted = async (merge: Merge): Promise<readonly Moved[]> => {
  const { session, settings, where, setAside, find } = merge;
  const { shape, adopt } = settings;
  if (adopt === undefined) return [];
  const sql = adoptSql(shape, adopt, where);
  await session.script(`truncate ${FRESH}`);
  const isLarge = merge.rows >= MANY_ROWS;
  if (isLarge) await session.script(WHOLE);
  await session.query(sql.fresh);
  if (isLarge) await session.script(AS_IT_WAS);
  await session.query(sql.load);
  const any = await session.query(`select from ${ADOPTABLE} limit 1`);
  if (any.rows.length === 0) return [];
  const { rows: matches } = await session.query<Match>(sql.matches);
  if (matches.length === 0) return [];

  const say = saying(adopt);
  const byNumber = Map.groupBy(matches, ({ n }) => n);
  const isSure = ({ rows, records }: Match) => rows === 1 && records === 1;
  const unsure = [...byNumber].filter(([, [first]]) => first && !isSure(first)).map(([n]) => n);
  setAside(unsure, (n) => say.ambiguous(byNumber.get(n) ?? []));
  const sure = matches.filter(isSure);
  if (adopt.option.action === "report") {
    setAside(
      sure.map(({ n }) => n),
      (n) => say.adoptable(byNumber.get(n) ?? []),
    );
    find(
      sure.flatMap(({ row, old_key: oldKey, new_key: newKey }) =>
        movedFindings(shape, { kind: "adoptable", oldKey, newKey, row }, adopt.identity),
      ),
    );
    await forgetStaged(
      session,
      [...byNumber].map(([n]) => n),
    );
    return [];
  }
  const adopted = await apply(session, sql.apply(), sure);
  // Another session of the same run, or a person, was faster.
  const taken = sure.filter(({ n }) => !adopted.has(n));
  setAside(
    taken.map(({ n }) => n),
    (n) => say.ambiguous(byNumber.get(n) ?? []),
  );
  await forgetStaged(session, [...unsure, ...taken.map(({ n }) => n)]);
  return sure
    .filter(({ n }) => adopted.has(n))
    .map(({ n, row, old_key, new_key }) => ({
      kind: "adopted",
      n,
      oldKey: old_key,
      newKey: new_key,
      row,
    }));
};

const apply = async (
  session: Session,
  statement: string,
  sure: readonly Match[],
): Promise<ReadonlySet<number>> => {
  if (sure.length === 0) return new Set();
  const columns = (sure[0]?.row ?? []).map((_, index) => sure.map(({ row }) => row[index]));
  const { rows } = await session.query<{ n: number }>(statement, [
    sure.map(({ n }) => n),
    ...columns,
  ]);
  return new Set(rows.map(({ n }) => n));
};

/**
 * Of many rows, each is not to be compared with all that the target has: PostgreSQL would do that while its statistics
 * are from before most of the rows came, in the middle of a first load or an adoption; see `isFound`.
 */
export const WHOLE = "set local enable_nestloop = off";
export const AS_IT_WAS = "set local enable_nestloop to default";
const MANY_ROWS = 1000;

/** The texts of the messages. */
const saying = ({ option, identity }: Adopt) => {
  const by = (rank: number) => option.match[rank]?.row ?? "";
  // `id_synthese 4711`: how people look a row up.
  const rowText = (row: readonly string[]) =>
    identity.map(({ name }, index) => `${name} ${row[index]}`).join(", ");
  return {
    adoptable: ([match]: readonly Match[]) =>
      adoptable({
        row: rowText(match?.row ?? []),
        key: (match?.old_key ?? []).map((value) => value ?? "(empty)").join(", "),
        by: by(match?.rank ?? 0),
      }),
    ambiguous: (matches: readonly Match[]) =>
      ambiguous({
        rows: matches.map(({ row }) => rowText(row)).join("; "),
        by: by(matches[0]?.rank ?? 0),
      }),
  };
};

/** What a person reads of a record whose row may be adopted, of texts: which row, its key, by what it was found. */
export const adoptable = ({ row, key, by }: { row: string; key: string; by: string }) => ({
  code: "adoptable",
  message: `Its row, ${row}, is there already with the key ${key} (by \`${by}\`); \`adopt\` with \`action: apply\` takes it over.`,
});

/** What a person reads of a record that may be several rows. */
export const ambiguous = ({ rows, by }: { rows: string; by: string }) => ({
  code: "adopt_ambiguous",
  message: `It is not sure which row it is: by \`${by}\` it may be ${rows}, or that row is another record's too. Nothing was changed.`,
});
