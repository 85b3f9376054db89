/** What a run would do as rows of a spreadsheet, for colleagues to look at. */

import { COUNTED, NOTED } from "../core/accounting.ts";
import type { Session } from "../core/session.ts";
import type { Rehearsal } from "../rehearsal.ts";

const HEADER = ["flow", "what", "rows", "record", "column", "old", "new", "code", "because"];

/** The header, the counts of each flow, by column how many rows would change, and examples of old and new. */
export const planRows = ({ flows }: Pick<Rehearsal, "flows">): string[][] => [
  HEADER,
  ...flows.flatMap((flow) => [
    ...[...COUNTED, ...NOTED]
      .filter((name) => flow[name] > 0)
      .map((name) => [flow.name, name, String(flow[name])]),
    ...Object.entries(flow.changed.changes).map(([column, rows]) => [
      flow.name,
      "changed",
      String(rows),
      "",
      column,
    ]),
    ...flow.changed.examples.map(({ key, column, old, new: now }) => [
      flow.name,
      "for example",
      "",
      key,
      column,
      old ?? "",
      now ?? "",
    ]),
  ]),
];

/** All rows that a person should look at (held, old and new), and all records that are set aside. */
export const loggedRows = async (session: Session, run: string): Promise<(string | null)[][]> => {
  const { rows } = await session.query<Record<string, string | null>>(LOGGED, [run]);
  return rows.map((row) => HEADER.map((name) => row[name] ?? null));
};

const LOGGED = `
select flow, kind as what, null as rows, key as record, column_name as column, old, new, null as code, null as because
  from runner.finding where run = $1
union all
select flow, 'rejected', null, place, null, null, null, code, message
  from runner.reject where run = $1
 order by 1, 2, 8, 4, 5`;
