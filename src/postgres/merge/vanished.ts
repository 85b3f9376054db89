import type { Commit, Context, Export } from "../../core/component.ts";
import { isOver, limitText, parseLimit } from "../../core/limits.ts";
import { count } from "../../core/progress.ts";
import type { DatabaseError, Session } from "../../core/session.ts";
import { type Finding, rowOf } from "../../core/tally.ts";
import { attempt } from "../attempt.ts";
import { forExample } from "./findings.ts";
import type { MergeSettings } from "./merge.ts";
import { narrowing } from "./narrowing.ts";
import type { MergeShape } from "./shape.ts";
import { takeSteps } from "./steps.ts";
import { GONE } from "./temporary.ts";
import * as sql from "./vanished-sql.ts";

/** Rows whose record is gone from the export: when, and what becomes of them. */
export interface VanishedOption {
  readonly action: "keep" | "report" | "delete";
  readonly of: string;
  /** SQL that gives the keys of all records of the export. */
  readonly present: string;
  readonly scope?: string;
  readonly after_exports: number;
  readonly max: string | number;
  readonly keep_when?: string;
  readonly along: readonly {
    readonly table: string;
    readonly column: string;
    readonly of: string;
  }[];
}

/** What a run must know, from its beginning on, to find what has vanished at its end. */
export interface Watch {
  readonly option: VanishedOption;
  /** The track table's name. */
  readonly track: string;
  readonly whole: Export | undefined;
}

/**
 * Remembers, before the first row, which export the run's rows are of: a run that stops in the middle has
 * seen them in it, though it cannot say what was missing.
 */
export const openWatch = async (
  session: Session,
  { run, exportOf }: Pick<Context, "run" | "exportOf">,
  { option, track }: Omit<Watch, "whole">,
): Promise<Watch> => {
  const whole = await exportOf(option.of);
  if (whole !== undefined) {
    await session.query(
      "insert into runner.seen (run, track, scope, identity) values ($1, $2, $3, $4) on conflict do nothing",
      [run.id, track, whole.scope, whole.identity],
    );
  }
  return { option, track, whole };
};

/**
 * Finds, in a transaction of its own when all rows are merged, the rows that were in earlier exports of the
 * same scope and are not in this one; lists them, or deletes those that are due.
 */
export async function* settleVanished(
  session: Session,
  watch: Watch,
  { merge, context }: { merge: MergeSettings; context: Context },
): AsyncGenerator<Commit> {
  const { option, whole } = watch;
  if (whole === undefined) {
    context.log.info(
      `Flow \`${option.of}\` has read no whole export for this pipeline, so no row of \`${merge.shape.table.name}\` is looked at as vanished.`,
    );
    return;
  }
  await session.begin();
  const tally = context.tally();
  await session.query("update runner.seen set is_whole = true where run = $1 and track = $2", [
    merge.run,
    watch.track,
  ]);
  const found = option.action === "keep" ? NOTHING : await find(session, watch, merge, whole);
  const { findings } = found;
  const vanished = new Set(findings.map(({ key }) => key)).size;
  const deleted = findings.filter(({ kind }) => kind === "deleted").length;
  yield await tally.commit(session, { vanished, deleted, findings });
  tell(merge.shape, watch, { ...found, context });
}

interface Found {
  readonly findings: readonly Finding[];
  /** Why rows that are due were not deleted. */
  readonly whyNot?: string | undefined;
  /** Whether that is because there are more than `max`: then a few of them say nothing. */
  readonly isTooMany?: boolean;
}

type Labelled = Pick<Finding, "key" | "label">;

const NOTHING: Found = { findings: [] };

/** Until another export was loaded whole, none has missed it: the same may have been cut or filtered. */
const missedIn = (exports: number): string => {
  if (exports === 0) return "not yet missed in another whole export";
  return `missed in ${exports === 1 ? "1 export" : `${exports} exports`}`;
};

const find = async (
  session: Session,
  watch: Watch,
  merge: MergeSettings,
  { scope }: Export,
): Promise<Found> => {
  const { option } = watch;
  const { shape } = merge;
  const where = await findGone(session, watch, merge, scope);
  if (where === undefined) return NOTHING;
  const gone = await session.query<Gone>(sql.reported(shape, where));
  if (option.action === "report" || gone.count === 0) return { findings: listed(gone.rows, []) };

  await session.query(sql.markDue(merge, option, where), [option.after_exports]);
  const kept = await session.query<Kept>(sql.kept(merge, where), [option.after_exports]);
  const findings = listed(gone.rows, kept.rows);
  const shares = await session.query<Share>(sql.share(merge), [merge.run, watch.track, scope]);
  const [share = { due: 0, rows: 0 }] = shares.rows;
  if (share.due === 0) return { findings };
  const tooMany = whyTooMany(share, option.max, shape);
  if (tooMany !== undefined) return { findings, whyNot: tooMany, isTooMany: true };
  const { deleted, whyNot } = await deleteDue(session, option, { merge, where });
  const keys = new Set(deleted.map(({ key }) => key));
  return { findings: [...findings.filter(({ key }) => !keys.has(key)), ...deleted], whyNot };
};

/**
 * Puts the rows whose record is gone into the temporary table; undefined when there are none, else the condition
 * by which the target's index is used for them.
 */
const findGone = async (
  session: Session,
  { option, track: name }: Watch,
  merge: MergeSettings,
  scope: string,
): Promise<string | undefined> => {
  const { shape, unique, track, run } = merge;
  await session.script(sql.goneTable(shape));
  const found = await session.query(sql.findGone(merge), [run, name, scope]);
  if (found.count === 0) return undefined;
  await session.script(sql.countGone);
  const given = { run, table: shape.table.name };
  await takeSteps(session, [sql.takeBackPresent(shape, track, option.present)], given);
  const where = await narrowing(session, { shape, unique, rows: GONE });
  await takeSteps(session, [sql.forgetDeleted(merge, where)], given);
  if (option.scope !== undefined) {
    await session.query(sql.leaveOutOfScope(shape, option.scope, where));
  }
  await session.query(sql.countExports, [name, scope, run]);
  return where;
};

interface Gone extends Labelled {
  readonly exports: number;
}

/** A row that would be deleted, but for its own sake. */
interface Kept {
  readonly key: string;
  /** By a person, else the option `keep_when` holds for it. */
  readonly isCorrected: boolean;
}

const listed = (gone: readonly Gone[], kept: readonly Kept[]): Finding[] => {
  const reasons = new Map(
    kept.map(({ key, isCorrected }) => [
      key,
      isCorrected ? ", kept, as a person has corrected it" : ", kept, as `keep_when` says",
    ]),
  );
  return gone.map(({ key, label, exports }) => ({
    kind: "vanished",
    key,
    label,
    column: null,
    old: null,
    new: `${missedIn(exports)}${reasons.get(key) ?? ""}`,
  }));
};

/** Rows that are to be deleted, and all that could be. */
interface Share {
  readonly due: number;
  readonly rows: number;
}

const whyTooMany = (
  { due, rows }: Share,
  most: VanishedOption["max"],
  { asWritten }: MergeShape,
): string | undefined => {
  const max = parseLimit(most) ?? { rows: 0 };
  return isOver(max, due, rows)
    ? `${count(due)} of ${count(rows)} are more than \`${asWritten(["vanished", "max"], limitText(max))}\` allows`
    : undefined;
};

const deleteDue = async (
  session: Session,
  option: VanishedOption,
  { merge, where }: { merge: MergeSettings; where: string },
): Promise<{ deleted: readonly Finding[]; whyNot?: string }> => {
  const deleted: Finding[] = [];
  const refusal = await attempt(session, async () => {
    const statements = sql.deletion(merge, option, where);
    for (const statement of statements.along) await session.query(statement);
    const { rows } = await session.query<Labelled & { old: string }>(statements.rows);
    deleted.push(
      ...rows.map((row): Finding => ({ kind: "deleted", ...row, column: null, new: null })),
    );
    await session.query(statements.known);
  });
  return refusal === undefined
    ? { deleted }
    : { deleted: [], whyNot: `the server refuses it: ${said(refusal)}` };
};

const said = ({ message, detail }: DatabaseError): string =>
  detail === undefined ? message : `${message} (${detail})`;

const SHOWN = 20;

const tell = (
  shape: MergeShape,
  { option }: Watch,
  { findings, whyNot, isTooMany, context: { log, run, mode } }: Found & { context: Context },
): void => {
  if (findings.length === 0) return;
  const are = `${rows(findings.length)} of \`${shape.table.name}\` ${findings.length === 1 ? "is" : "are"} no longer in the export of flow \`${option.of}\``;
  const what = isTooMany
    ? `${are}; none was deleted: ${whyNot}. Look at them, and allow more in one run if they are right to go.`
    : `${are}: ${outcome(findings)}.${whyNot === undefined ? "" : ` None was deleted: ${whyNot}.`}`;
  const lines = isTooMany
    ? []
    : findings
        .slice(0, SHOWN)
        .map((one) => `  ${rowOf(one)}: ${one.kind === "deleted" ? one.kind : one.new}`);
  const all = `All are in runner.finding: select * from runner.finding where run = ${run.id} and kind in ('vanished', 'deleted');`;
  const head = lines.length === 0 ? what : `${what} ${forExample(shape)}`;
  // A plan lists them itself.
  log.warn(mode === "plan" ? what : [head, ...lines, all].join("\n"));
};

const rows = (number: number): string => (number === 1 ? "1 row" : `${count(number)} rows`);

/** "1,204 deleted, 1 left as it is". */
const outcome = (findings: readonly Finding[]): string => {
  const deleted = findings.filter(({ kind }) => kind === "deleted").length;
  const left = findings.length - deleted;
  return [
    ...(deleted > 0 ? [`${count(deleted)} deleted`] : []),
    ...(left > 0 ? [`${count(left)} left as ${left === 1 ? "it is" : "they are"}`] : []),
  ].join(", ");
};
