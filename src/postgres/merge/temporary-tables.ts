/** The temporary tables of a merge are made, emptied and dropped. */

import type { TargetColumn } from "../catalog.ts";
import { quoted, quotedList } from "../names.ts";
import { adoptTables } from "./adopt-sql.ts";
import type { MergeParts } from "./merge.ts";
import { rowView } from "./row-view.ts";
import type { MergeShape } from "./shape.ts";
import { probeColumns, stageColumns } from "./stage-columns.ts";
import * as t from "./temporary.ts";

/** Makes them; `kind` is `listing` where all that is written is listed. */
export const temporaryTables = (
  { shape, adopt, track }: Pick<MergeParts, "shape" | "adopt" | "track">,
  kind?: "listing",
): string => `
    ${dropTemporary}
    create temporary table runner_probe (${probeColumns(shape).map(definition).join(", ")});
    create temporary table runner_stage (${stageColumns(shape).map(definition).join(", ")}, primary key (${t.NUMBER}));
    create temporary table runner_diff (n integer primary key, verdict text not null, changed text not null, beside text not null, corrected text not null, superseded text not null, is_judged boolean not null${shape.identity.map(({ name, type }) => `, ${t.rowColumn(name)} ${type}`).join("")});
    create temporary table runner_conflict (n integer, value text, key text, label text, old_key text[], new_key text[], is_own boolean, is_seen boolean, is_tracked boolean, nth bigint);
    create temporary table runner_moved (n integer, kind text);
    create temporary table runner_judged (row_number integer, state text, message text, detail text, column_name text);
    create temporary table runner_refused (n integer, code text, message text);
    create temporary table runner_finding (id integer generated always as identity, n integer, kind text, key text, label text, column_name text, old text, new text);
    ${adopt ? adoptTables(shape, adopt) : ""}
    ${kind === "listing" ? "create temporary table runner_listed (n integer not null, key text not null, label text, column_name text not null, old text, new text);" : ""}
    ${track === t.TRACK ? trackTable(shape, "runner_track", "temporary") : ""}
    create temporary view runner_row as ${rowView(shape, t.STAGE)};`;

/** Empties them for the next rows. */
export const emptyTemporary = `truncate ${[t.PROBE, t.STAGE, t.DIFF, t.CONFLICT, t.MOVED, t.REFUSED, t.FOUND].join(", ")}`;

export const dropTemporary = `
    drop view if exists ${t.ROW};
    drop table if exists ${[
      t.PROBE,
      t.STAGE,
      t.DIFF,
      t.CONFLICT,
      t.MOVED,
      t.JUDGED,
      t.REFUSED,
      t.FOUND,
      t.FRESH,
      t.ADOPT_SCOPE,
      t.ADOPTABLE,
      t.MATCH,
      t.GONE,
      t.LISTED,
      t.TRACK,
    ].join(", ")};`;

const definition = ({ name, declaredType, isNotNull }: TargetColumn): string =>
  `${quoted(name)} ${declaredType}${isNotNull ? " not null" : ""}`;

/** What is remembered of each row. */
export const trackTable = ({ key }: MergeShape, table: string, kind: "temporary" | ""): string => `
    create ${kind} table ${table} (
      ${key.map(({ name, declaredType }) => `${quoted(name)} ${declaredType} not null`).join(", ")},
      hash uuid not null, version text not null, run bigint not null, input bigint, seen bigint,
      primary key (${quotedList(key.map(({ name }) => name))})
    );`;
