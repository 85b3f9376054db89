import { judged, type View } from "../../core/examination.ts";
import type { Session } from "../../core/session.ts";
import type { TargetColumn } from "../catalog.ts";
import type { TableShape } from "../create-table.ts";
import { checkFit, checkValue, examineTarget } from "../examine-target.ts";
import { quoted } from "../names.ts";
import { type Right, requireCreate, requireRights } from "../rights.ts";
import { requireReads } from "../statement-rights.ts";
import { openAdopt } from "./adopt.ts";
import { examineVanished } from "./examine-vanished.ts";
import { labelled, readable } from "./labels.ts";
import { prepared } from "./prepared.ts";
import { rowView } from "./row-view.ts";
import { type MergeOptions, type MergeShape, mergeShape } from "./shape.ts";
import { stageColumns } from "./stage-columns.ts";
import { checkTrack } from "./track.ts";
import { uniqueKey } from "./unique-key.ts";
import type { VanishedOption } from "./vanished.ts";
import { checkWritten, writtenColumns, writtenTable } from "./written.ts";

type Settings = MergeOptions & {
  readonly track?: string;
  readonly create?: TableShape;
  readonly vanished?: VanishedOption;
};

/** Says what a merge into this target would stumble over, without beginning it. */
export const examineMerge = async (settings: Settings, view: View): Promise<void> => {
  const { batch, coming } = view;
  const { track, vanished } = settings;
  const found = await view.ask((session) =>
    examineTarget(
      session,
      {
        table: settings.table,
        create: settings.create,
        rights: rightsOf(settings),
        names: [...batch.names, ...settings.key, ...namesIn(settings)],
      },
      coming,
    ),
  );
  for (const one of found?.differing ?? []) view.tell(judged("warning", one));
  // By itself: what else is wrong must not hide a grant that is missing, too.
  for (const table of track === undefined ? [] : [track, writtenTable(track)])
    await view.ask((session) =>
      requireRights(session, table, ["select", "insert", "update", ...forgetting(settings)]),
    );
  if (vanished) await examineVanished(vanished, view, settings);
  // Where any column may come, there is nothing to compare; its SQL has to wait, and the grants for it need not.
  if (found === undefined || !batch.isClosed) {
    for (const one of sqlIn(settings)) await view.ask((session) => requireReads(session, one));
    return;
  }
  const { target, isThere } = found;
  const shape = await view.ask(async () => mergeShape(target, batch.names, settings));
  await checkFit(view, target);
  if (shape === undefined) return;
  if (isThere && !coming.hasUniqueIndex(settings.table)) {
    await view.ask((session) => uniqueKey(session, shape));
  }
  if (track !== undefined)
    await view.ask((session) => examineTrack(session, shape, { track, view }));
  await view.ask((session) => checkConstants(session, shape));
  // What will make the table may make what its SQL uses, too.
  if (!isThere) return;
  await view.ask((session) => checkDerived(session, shape));
  await view.ask((session) => checkHeld(session, shape));
  await view.ask((session) => checkAdopt(session, shape));
  await view.ask((session) => checkLabels(session, shape));
};

/** The SQL of its options, but for `vanished`. */
const sqlIn = ({ hold_when, adopt, derive, labels = {} }: Settings) => {
  const all = {
    hold_when: [hold_when?.where ?? ""],
    adopt: [
      adopt?.where ?? "",
      ...(adopt?.match ?? []).flatMap(({ row, record }) => [row, record]),
    ],
    derive: Object.values(derive),
    labels: Object.values(labels),
  };
  return Object.entries(all).map(([name, parts]) => ({ name, sql: parts.join("\n") }));
};

const rightsOf = ({ update, vanished }: Settings): Right[] => [
  "select",
  "insert",
  ...(update === undefined || update.length > 0 ? (["update"] as const) : []),
  ...(vanished?.action === "delete" ? (["delete"] as const) : []),
];

/** Rows that got another key, and rows that are gone, are deleted from the track. */
const forgetting = ({ unique, vanished }: Settings): Right[] =>
  unique === undefined && (vanished === undefined || vanished.action === "keep") ? [] : ["delete"];

const namesIn = ({ derive, json_merge, on_insert, on_update }: Settings): string[] =>
  [derive, json_merge, on_insert, on_update].flatMap((map) => Object.keys(map));

const examineTrack = async (
  session: Session,
  shape: MergeShape,
  { track, view }: { track: string; view: View },
): Promise<void> => {
  if (view.coming.hasTable(track)) return;
  if ((await checkTrack(session, shape, track)) === undefined) await requireCreate(session, track);
  if (writtenColumns(shape).length === 0) return;
  const written = writtenTable(track);
  if ((await checkWritten(session, shape, written)) === undefined)
    await requireCreate(session, written);
};

const checkConstants = async (session: Session, shape: MergeShape): Promise<void> => {
  for (const [name, value] of [...shape.onInsert, ...shape.onUpdate]) {
    const column = shape.table.columns.find((one) => one.name === name);
    const text = value === null ? null : String(value);
    if (column) await checkValue(session, shape.table, { column, value: text });
  }
};

/** One by one, each behind those that it may use, so that the error can name the column. */
const checkDerived = async (session: Session, shape: MergeShape): Promise<void> => {
  for (const [index, { column }] of shape.derived.entries()) {
    const part = { ...shape, derived: shape.derived.slice(0, index + 1), columns: [] };
    await prepared(session, rowView(part, nothingStaged(shape)), {
      what: `the derived column \`${column.name}\``,
      subject: column.name,
    });
  }
};

const nothingOf = ({ name, declaredType }: TargetColumn): string =>
  `null::${declaredType} as ${quoted(name)}`;

const checkHeld = async (session: Session, { held, table }: MergeShape): Promise<void> => {
  if (held === undefined) return;
  const sql = `select 1 as one from ${table.sql} where (${held.where}\n)`;
  await prepared(session, sql, { what: "`hold_when`", subject: "hold_when" });
};

const checkAdopt = async (session: Session, shape: MergeShape): Promise<void> => {
  const adopt = openAdopt(shape);
  if (adopt === undefined) return;
  const { where, match } = adopt.option;
  const about = { what: "`adopt`", subject: "adopt" };
  const rows = match.map(({ row }, index) => `(${row}\n)::text as m${index}`).join(", ");
  await prepared(session, `select ${rows} from ${shape.table.sql} where (${where}\n)`, about);
  const records = match.map(({ record }, index) => `(${record}\n)::text as m${index}`).join(", ");
  await prepared(session, `select ${records} from ${nothingStaged(shape)} as stage`, about);
};

/** Lets PostgreSQL read the queries of `labels`: the first time that one is used may be deep in a run. */
export const checkLabels = async (session: Session, shape: MergeShape): Promise<void> => {
  for (const column of labelled(shape)) {
    const what = `\`labels\` of \`${column.name}\``;
    const sql = `select ${readable(shape, column, "null::text")} as label`;
    await prepared(session, sql, { what, subject: "labels" });
  }
};

/** In the place of the rows that are staged: their columns, with their types. */
const nothingStaged = (shape: MergeShape): string =>
  `(select ${stageColumns(shape).map(nothingOf).join(", ")})`;
