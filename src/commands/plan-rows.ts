/** What a run would do as rows of a spreadsheet, for colleagues to look at. */

import { COUNTED, NOTED } from "../core/counts.ts";
import type { Session } from "../core/session.ts";
import type { Rehearsal } from "../rehearsal.ts";

const HEADER = ["flow", "what", "rows", "record", "row", "column", "old", "new", "code", "because"];

/** The header, the counts of each flow, and by column how many rows would change. */
export const planRows = ({ flows }: Pick<Rehearsal, "flows">): string[][] => [
  HEADER,
  ...flows.flatMap(({ name: flow, changed, ...counts }) => [
    ...[...COUNTED, ...NOTED]
      .filter((what) => counts[what] > 0)
      .map((what) => line({ flow, what, rows: String(counts[what]) })),
    ...Object.entries(changed.changes).map(([column, rows]) =>
      line({ flow, what: "changed", rows: String(rows), column }),
    ),
  ]),
];

/** Each line has a value for each column of the header, as psql's \copy wants it. */
const line = (values: Readonly<Record<string, string>>): string[] =>
  HEADER.map((name) => values[name] ?? "");

/**
 * All rows that would be inserted, all values that would be updated, all rows to look at (held, old and new),
 * and all records that are set aside; some thousand at a time, as there may be more than memory holds. In
 * the session's open transaction.
 */
export async function* loggedRows(
  session: Session,
  run: string,
): AsyncGenerator<(string | null)[][]> {
  await session.query(`declare logged no scroll cursor for ${LOGGED}`, [run]);
  for (;;) {
    const { rows } = await session.query<Record<string, string | null>>(
      `fetch ${PAGE_ROWS} from logged`,
    );
    if (rows.length === 0) break;
    yield rows.map((row) => HEADER.map((name) => row[name] ?? null));
  }
  await session.query("close logged");
}

const PAGE_ROWS = 2000;

const LOGGED = `
select flow, kind as what, null as rows, key as record, label as row, column_name as column, old, new, null as code, null as because
  from runner.finding where run = $1
union all
select flow, 'rejected', null, place, null, null, null, null, code, message
  from runner.reject where run = $1
 order by 1, 2, 9, 4, 6`;
