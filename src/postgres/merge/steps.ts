/**
 * Steps of a merge as data, so that there is one list of them: the sink takes them from here one by one, and the
 * SQL function has them in its body.
 */

import { mergeOvertaken } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { dollar, told, WHERE } from "./function-quote.ts";

/** A statement, and what follows from it. */
export interface Step {
  readonly sql: string;
  /** Whether `$1` is the run. */
  readonly ofRun?: true;
  /** What is done only when the statement has found, or changed, a row. */
  readonly whenAny?: readonly Step[];
  /** SQL for the number of rows that it must change: with fewer, another session was faster. */
  readonly expects?: string;
}

/** Takes the steps in a session. */
export const takeSteps = async (
  session: Session,
  steps: readonly Step[],
  given: { run: string; table: string },
): Promise<void> => {
  for (const { sql, ofRun, whenAny, expects } of steps) {
    const { count } = await session.query(sql, ofRun ? [given.run] : []);
    if (expects !== undefined) {
      const { rows } = await session.query<{ expected: number }>(
        `select (${expects})::integer as expected`,
      );
      if (rows[0]?.expected !== count) throw mergeOvertaken(given.table);
    }
    if (whenAny !== undefined && count > 0) await takeSteps(session, whenAny, given);
  }
};

/** The same as plpgsql: the run is `v_run`, the conditions on the target `v_where`, and `v_done` a variable that is free. */
export const stepsText = (steps: readonly Step[], table: string): string =>
  steps
    .map(({ sql, ofRun, whenAny, expects }) => {
      const isCounted = whenAny !== undefined || expects !== undefined;
      return [
        `execute ${statementText(sql)}${ofRun ? " using v_run" : ""};`,
        ...(isCounted ? ["get diagnostics v_done = row_count;"] : []),
        ...(expects === undefined
          ? []
          : [
              `execute ${dollar(`select (${expects})::integer`)} into v_expected;`,
              `if v_done <> v_expected then raise exception using ${told(mergeOvertaken(table))}; end if;`,
            ]),
        ...(whenAny === undefined
          ? []
          : [`if v_done > 0 then`, stepsText(whenAny, table), `end if;`]),
      ].join("\n");
    })
    .join("\n");

/** A statement with the conditions on the target in their places. */
export const statementText = (sql: string): string =>
  sql.includes(WHERE) ? `replace(${dollar(sql)}, '${WHERE}', v_where)` : dollar(sql);
