import type { Batch } from "../core/batch.ts";
import { type Context, defineSink, type RunIdentity } from "../core/component.ts";
import {
  parallelNeedsTrack,
  parallelNotWhole,
  stageMissing,
  stageNeedsTrack,
  vanishedNeedsTrack,
} from "../core/errors.ts";
import { peek } from "../core/peek.ts";
import type { Session } from "../core/session.ts";
import type { Finding } from "../core/tally.ts";
import { findTable } from "../postgres/catalog.ts";
import { checkCreated, checkShape, openTarget, warnUnused } from "../postgres/create-table.ts";
import { checkDeclaredTypes } from "../postgres/declared-types.ts";
import { openAdopt } from "../postgres/merge/adopt.ts";
import { mergeAlone } from "../postgres/merge/alone.ts";
import { checkLabels, examineMerge } from "../postgres/merge/examine.ts";
import { checkVanished } from "../postgres/merge/examine-vanished.ts";
import {
  type FoundRows,
  firstOfEachKind,
  tellFindings,
  withFound,
} from "../postgres/merge/findings.ts";
import { installFunction, uninstallFunction } from "../postgres/merge/function.ts";
import { checkGiven } from "../postgres/merge/given.ts";
import type { Merged, MergeParts, MergeSettings } from "../postgres/merge/merge.ts";
import { type MergeOptionValues, mergeOptions } from "../postgres/merge/options.ts";
import { mergeParallel } from "../postgres/merge/parallel.ts";
import { mergeShape, storedColumns } from "../postgres/merge/shape.ts";
import { functionParts, stageAll } from "../postgres/merge/stage-only.ts";
import { dropTemporary, temporaryTables } from "../postgres/merge/temporary-tables.ts";
import { openTrack } from "../postgres/merge/track.ts";
import { uniqueKey } from "../postgres/merge/unique-key.ts";
import { openWatch, settleVanished } from "../postgres/merge/vanished.ts";
import { openWritten } from "../postgres/merge/written.ts";
import { tableUse } from "../postgres/table-use.ts";

type Settings = MergeOptionValues;

/** Inserts new rows and updates those that differ; what is equal is not touched. */
export const postgresUpsert = defineSink({
  name: "postgres_upsert",
  summary:
    "Brings a PostgreSQL table up to date: inserts new rows, updates those that differ, touches no other.",
  options: mergeOptions,
  example: "postgres_upsert: { table: pinv_gbif.cor_uuid_inaturalist, key: [id_inaturalist] }",
  check: async (settings, complain, around) => {
    checkDeclaredTypes(settings.create, { complain, around });
    checkVanished(settings.vanished, complain, around);
    if (around?.columns === undefined) return;
    const { columns } = around;
    checkGiven(columns, settings);
    const stored = storedColumns(columns, settings);
    warnUnused(settings, [...stored, ...ownColumns(settings)], { complain, around });
    checkCreated(settings.table, settings.create, stored);
  },
  uses: ({ table, create }) => [tableUse(table, "merge", create && Object.keys(create.columns))],
  examine: async (settings, view) => {
    await examineMerge(settings, view);
    return undefined;
  },
  // All records are to be staged, however well they are known: the stage is what the function merges.
  basis: async ({ mode }, { run }) => (mode === "stage_only" ? `stage of run ${run.id}` : ""),
  install: async (settings, { session, names, run }) => {
    const { stage } = settings;
    if (stage === undefined) return [];
    // The next run tells of it.
    const merge = await mergeParts(session, settings, { names, run, warn: () => undefined });
    const made = await installFunction(session, functionParts(merge, stage, run));
    return made === undefined ? [] : [made];
  },
  uninstall: async ({ stage }, session) =>
    stage === undefined ? [] : await uninstallFunction(session, stage),
  create: (settings) => {
    checkShape(settings.create);
    checkParallel(settings);
    if (settings.vanished && settings.track === undefined) throw vanishedNeedsTrack();
    checkStage(settings);
    const { mode, stage } = settings;
    return async function* (batches, context) {
      const { warn } = context.log;
      // A source may wait for half an hour before its first batch: no transaction is open by then.
      const { first, all } = await peek(batches);
      await using session = await context.database.session();
      // With the first rows or not at all: a table that was made for a load that failed would stay in the way.
      await session.begin();
      if (mode === "stage_only" && stage !== undefined) {
        const merge = await mergeParts(session, settings, {
          names: first.names,
          run: context.run,
          warn,
        });
        yield* stageAll(all, { session, merge, stage, context });
        return;
      }
      const alone = await whyAlone(session, settings, { first, context });
      if (alone !== undefined) context.log.info(alone);
      const isShared = settings.parallel > 1 && alone === undefined;
      const { names } = first;
      const merge = await prepare(session, settings, { names, run: context.run, isShared, warn });
      const { vanished: option, track = "" } = settings;
      // A few repaired records say nothing of what is missing.
      const isWatched = option !== undefined && !context.run.isReplay;
      const watch = isWatched && (await openWatch(session, context, { option, track }));
      let findings: readonly Finding[] = [];
      let found: FoundRows = new Map();
      const onCommit = (merged: Merged) => {
        findings = firstOfEachKind([...findings, ...merged.findings]);
        found = withFound(found, merged.findings);
      };
      using _ = settings.commit_rows === "all" ? context.loadsWhole?.(settings.table) : undefined;
      const work = { session, merge, context, onCommit };
      if (isShared) {
        await session.commit();
        yield* mergeParallel(all, { ...work, sessions: settings.parallel });
      } else {
        yield* mergeAlone(all, {
          ...work,
          isMetered: isMetered(first),
          commitRows: settings.commit_rows,
        });
      }
      tellFindings(merge.shape, { findings, found }, context);
      if (watch) yield* settleVanished(session, watch, { merge, context });
      await session.script(dropTemporary);
    };
  },
});

/** Columns that the sink itself fills. */
const ownColumns = ({ derive, json_merge, on_insert, on_update }: Settings): string[] =>
  [derive, json_merge, on_insert, on_update].flatMap((map) => Object.keys(map));

const checkStage = ({ mode, stage, track }: Settings): void => {
  if (mode === "stage_only" && stage === undefined) throw stageMissing();
  if (stage !== undefined && track === undefined) throw stageNeedsTrack();
};

const isMetered = ({ input }: Batch): boolean => input.isMetered ?? false;

const checkParallel = ({ parallel, track, commit_rows }: Settings): void => {
  if (!(parallel > 1)) return;
  if (track === undefined) throw parallelNeedsTrack();
  if (commit_rows === "all") throw parallelNotWhole();
};

/** Why there is one session though several are asked for, as a sentence. */
const whyAlone = async (
  session: Session,
  { parallel, table, create }: Settings,
  { first, context }: { first: Batch; context: Context },
): Promise<string | undefined> => {
  if (!(parallel > 1)) return undefined;
  const because = (reason: string) =>
    `\`parallel: ${parallel}\` of \`${table}\` is 1 here: ${reason}.`;
  if (context.mode === "plan") return because("a plan is one transaction, which is undone");
  if (context.database.isEmbedded) return because("the embedded database has one connection");
  if (isMetered(first)) return because("each batch of this source is stored before the next");
  if (create && (await findTable(session, table)) === undefined) {
    return because("the table is made with its first rows, in one transaction");
  }
  return undefined;
};

/** Checks the target against what comes, before anything is sent, and makes the temporary tables. */
const prepare = async (
  session: Session,
  settings: Settings,
  {
    names,
    run,
    isShared,
    warn,
  }: {
    names: readonly string[];
    run: RunIdentity;
    isShared: boolean;
    warn: Context["log"]["warn"];
  },
): Promise<MergeSettings> => {
  const known = await mergeParts(session, settings, { names, run, warn });
  await session.script(temporaryTables(known, run.isListing ? "listing" : undefined));
  return { ...known, run: run.id, isShared, listedAs: run.isListing ? run.flow : undefined };
};

/** What the flow's columns are to the target. */
const mergeParts = async (
  session: Session,
  settings: Settings,
  {
    names,
    run: { pipeline },
    warn,
  }: {
    names: readonly string[];
    run: Pick<RunIdentity, "pipeline">;
    warn: Context["log"]["warn"];
  },
): Promise<MergeParts> => {
  const table = await openTarget(session, settings, warn);
  const shape = mergeShape(table, names, settings);
  const unique = await uniqueKey(session, shape);
  const track = await openTrack(session, shape, settings.track);
  const written = settings.track && (await openWritten(session, shape, settings.track));
  await checkLabels(session, shape);
  return { shape, unique, track, pipeline, written, adopt: openAdopt(shape) };
};
