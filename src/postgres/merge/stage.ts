/** The stage: rows as a merge wants them, kept in a table of their own until somebody merges them. */

import { stageOfOthers } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { findTable, type TargetColumn, type TargetTable } from "../catalog.ts";
import { createSchemaOf } from "../create-table.ts";
import { quoted, quotedTable } from "../names.ts";
import { literal } from "./key-sql.ts";
import type { MergeShape } from "./shape.ts";
import { stageColumns } from "./stage-columns.ts";
import { NUMBER } from "./temporary.ts";

/** The option `stage` of the sink. */
export interface StageOption {
  readonly table: string;
  readonly function: string;
  /** What the function counts by, and can be restricted to. */
  readonly part: {
    readonly parameter: string;
    readonly column: string;
    readonly type: string;
    /** SQL over a row of the stage, which is called `stage`. */
    readonly value: string;
  };
}

/** Which run and flow wrote the stage. */
export interface StagedBy {
  readonly run: string;
  readonly flow: string;
}

/**
 * The stage's table, empty, in the session's transaction: who reads it waits, and sees the old rows if the flow fails.
 *
 * Run, flow and the merge's version are the same for all rows, and stand in the defaults of their columns.
 */
export const openStage = async (
  session: Session,
  shape: MergeShape,
  { table, run, flow }: StagedBy & { table: string },
): Promise<TargetTable> => {
  const sql = quotedTable(table);
  const columns = stageColumns(shape);
  const found = await findTable(session, table);
  if (found && !found.columns.some(({ name }) => name === "runner_version")) {
    throw stageOfOthers(table);
  }
  if (found && definitions(found.columns.slice(0, -SAME.length)) === definitions(columns)) {
    await session.script(`truncate ${sql}`);
  } else {
    await createSchemaOf(session, table);
    await session.script(`
      drop table if exists ${sql};
      create table ${sql} (${definitions(columns)}, ${SAME.map((name) => `${name} text not null`).join(", ")}, primary key (${NUMBER}));
      alter table ${sql} alter column runner_run type bigint using runner_run::bigint;`);
  }
  const values = { runner_run: run, runner_flow: flow, runner_version: shape.version };
  for (const name of SAME) {
    await session.script(
      `alter table ${sql} alter column ${name} set default ${literal(values[name])}`,
    );
  }
  return { name: table, sql, columns };
};

const SAME = ["runner_run", "runner_flow", "runner_version"] as const;

const definitions = (columns: readonly TargetColumn[]): string =>
  columns
    .map(
      ({ name, declaredType, isNotNull }) =>
        `${quoted(name)} ${declaredType}${isNotNull ? " not null" : ""}`,
    )
    .join(", ");
