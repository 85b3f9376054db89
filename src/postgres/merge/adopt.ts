import { adoptNeedsPrimaryKey } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { type Adopt, adoptSql, type Identity } from "./adopt-sql.ts";
import { forgetStaged, type Merge } from "./merge.ts";
import { type Moved, movedFindings } from "./moved.ts";
import type { AdoptOption, MergeShape } from "./shape.ts";
import { ADOPTABLE } from "./temporary.ts";

/** What tells the rows apart; undefined without the option. */
export const openAdopt = async (
  session: Session,
  shape: MergeShape,
): Promise<Adopt | undefined> => {
  const { adopt: option, table } = shape;
  if (option === undefined) return undefined;
  const { rows: identity } = await session.query<Identity[number]>(
    `select attname as name, format_type(atttypid, -1) as type
       from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey)
      where indrelid = to_regclass($1) and indisprimary order by attnum`,
    [table.sql],
  );
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
  await session.query(sql.load);
  const any = await session.query(`select from ${ADOPTABLE} limit 1`);
  if (any.rows.length === 0) return [];
  const { rows: matches } = await session.query<Match>(sql.matches);
  if (matches.length === 0) return [];

  const byNumber = Map.groupBy(matches, ({ n }) => n);
  const isSure = ({ rows, records }: Match) => rows === 1 && records === 1;
  const unsure = [...byNumber].filter(([, [first]]) => first && !isSure(first)).map(([n]) => n);
  setAside(unsure, (n) => ambiguous(byNumber.get(n) ?? [], adopt.option));
  const sure = matches.filter(isSure);
  if (adopt.option.action === "report") {
    setAside(
      sure.map(({ n }) => n),
      (n) => adoptable(byNumber.get(n)?.[0], adopt.option),
    );
    find(
      sure.flatMap(({ old_key: oldKey, new_key: newKey }) =>
        movedFindings(shape, { kind: "adoptable", oldKey, newKey }),
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
    (n) => ambiguous(byNumber.get(n) ?? [], adopt.option),
  );
  await forgetStaged(session, [...unsure, ...taken.map(({ n }) => n)]);
  return sure
    .filter(({ n }) => adopted.has(n))
    .map(({ n, old_key, new_key }) => ({ kind: "adopted", n, oldKey: old_key, newKey: new_key }));
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

const keyText = (key: readonly (string | null)[]): string =>
  key.map((value) => value ?? "(empty)").join(", ");

const matchedBy = (option: Pick<AdoptOption, "match">, rank: number): string =>
  `\`${option.match[rank]?.row ?? ""}\``;

/** What a person reads of a record whose row may be adopted. */
export const adoptable = (
  match: Pick<Match, "old_key" | "rank"> | undefined,
  option: Pick<AdoptOption, "match">,
) => ({
  code: "adoptable",
  message: `Its row is there already with the key ${keyText(match?.old_key ?? [])} (by ${matchedBy(option, match?.rank ?? 0)}); \`adopt\` with \`action: apply\` takes it over.`,
});

/** What a person reads of a record that may be several rows. */
export const ambiguous = (
  matches: readonly Pick<Match, "row" | "rank">[],
  option: Pick<AdoptOption, "match">,
) => {
  const rows = matches.map(({ row }) => row.join(", ")).join("; ");
  return {
    code: "adopt_ambiguous",
    message: `It is not sure which row it is: by ${matchedBy(option, matches[0]?.rank ?? 0)} it may be ${rows}, or that row is another record's too. Nothing was changed.`,
  };
};
