import { ahead } from "../core/ahead.ts";
import type { Batch } from "../core/batch.ts";
import { type Commit, type Context, defineSink, type RunIdentity } from "../core/component.ts";
import {
  parallelNeedsTrack,
  parallelNotWhole,
  stageMissing,
  stageNeedsTrack,
  vanishedNeedsTrack,
} from "../core/errors.ts";
import { columnName, oneOf, plainValue, tableName } from "../core/options.ts";
import { peek } from "../core/peek.ts";
import type { Session } from "../core/session.ts";
import { type Static, Type } from "../core/type.ts";
import { findTable, requireTable } from "../postgres/catalog.ts";
import { CHUNKS_AHEAD, chunksOf } from "../postgres/chunks.ts";
import { checkShape, createOption, createTable } from "../postgres/create-table.ts";
import { openAdopt } from "../postgres/merge/adopt.ts";
import { adoptTables } from "../postgres/merge/adopt-sql.ts";
import { adoptOption, holdOption, vanishedOption } from "../postgres/merge/care-options.ts";
import { chunkColumns } from "../postgres/merge/chunk-columns.ts";
import { examineMerge } from "../postgres/merge/examine.ts";
import { firstOfEachKind, tellFindings } from "../postgres/merge/findings.ts";
import { installFunction, uninstallFunction } from "../postgres/merge/function.ts";
import { checkGiven } from "../postgres/merge/given.ts";
import { listedTable } from "../postgres/merge/listing-sql.ts";
import {
  type Merged,
  type MergeParts,
  type MergeSettings,
  NOTHING_MERGED,
  sum,
} from "../postgres/merge/merge.ts";
import { mergeAll } from "../postgres/merge/merge-all.ts";
import { chunkMerger } from "../postgres/merge/merge-chunk.ts";
import { mergeParallel } from "../postgres/merge/parallel.ts";
import { mergeShape } from "../postgres/merge/shape.ts";
import { functionParts, stageAll } from "../postgres/merge/stage-only.ts";
import { stageOption } from "../postgres/merge/stage-option.ts";
import { dropTemporary, temporaryTables } from "../postgres/merge/temporary.ts";
import { openTrack } from "../postgres/merge/track.ts";
import { uniqueKey } from "../postgres/merge/unique-key.ts";
import { openWatch, settleVanished } from "../postgres/merge/vanished.ts";
import { tableUse } from "../postgres/table-use.ts";

const MOST_SESSIONS = 16;

const columnList = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true, default: [], description });

const values = (description: string) =>
  Type.Record(Type.String({ minLength: 1 }), plainValue(), { default: {}, description });

const options = Type.Object({
  table: tableName("The table to bring up to date, with its schema."),
  key: Type.Array(columnName("A column."), {
    minItems: 1,
    uniqueItems: true,
    description:
      "The columns that identify a row; a unique index, whole or partial, must cover them.",
  }),
  update: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      uniqueItems: true,
      description:
        "The columns that are updated; the others are written on insert only. All that are not `insert_only` when absent.",
    }),
  ),
  insert_only: columnList("Columns that are written with a new row and never changed again."),
  not_compared: columnList(
    "Columns whose difference alone is no reason to update a row; they are written along when there is one.",
  ),
  on_insert: values("Columns and the value that a new row gets: `{ last_action: I }`."),
  on_update: values("Columns and the value that an updated row gets: `{ last_action: U }`."),
  derive: Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
    default: {},
    description:
      "Columns computed by SQL over the flow's columns, which need not be columns of the table; later ones may use earlier ones.",
  }),
  json_merge: Type.Record(
    Type.String({ minLength: 1 }),
    Type.Record(
      Type.String({ minLength: 1 }),
      Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true }),
      { minProperties: 1, maxProperties: 1 },
    ),
    {
      default: {},
      description:
        "JSON columns of which the flow owns one key: `{ additional_data: { gbif: [a, b] } }` joins the objects in the flow's columns `a` and `b` under the key `gbif`; other keys stay as they are.",
    },
  ),
  unique: Type.Optional(
    Type.Object(
      {
        column: Type.String({
          minLength: 1,
          description: "A column, besides the key, that no two rows share, such as a uuid.",
        }),
        owner: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description:
            "Columns that are equal where a row with this value is the flow's own: it then gets the new key.",
        }),
        code: Type.String({
          pattern: "^[a-z][a-z0-9_]*$",
          form: "a word of small letters, digits and `_` that begins with a letter",
          default: "unique_violation",
          description: "The code of the reject when the row is another's.",
        }),
        late: Type.Optional(
          Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
            minProperties: 1,
            maxProperties: 1,
            description:
              "Where a value is kept that comes when the row has another one already, which never changes: `{ additional_data: uuid }` puts it into that column of `json_merge`, under this name.",
          }),
        ),
      },
      {
        additionalProperties: false,
        description: "What becomes of a new key whose row is there already under another key.",
      },
    ),
  ),
  hold_when: holdOption,
  adopt: adoptOption,
  vanished: vanishedOption,
  track: Type.Optional(
    tableName(
      "A table that keeps a hash of each row and the last run that saw it, so that an unchanged row costs next to nothing; made when it is not there.",
    ),
  ),
  track_input: Type.Optional(
    columnName(
      "The flow's column with the hash that `unchanged` of the source `postgres` gives each record; `track` keeps it, so that the next run need not read the record.",
    ),
  ),
  commit_rows: Type.Unsafe<number | "all">({
    anyOf: [{ type: "integer", minimum: 1 }, { const: "all" }],
    default: 50_000,
    isPace: true,
    description:
      "Records after which a commit is made, in whole chunks; `all` for one transaction; with `parallel`, each chunk by itself. A rerun finds what is committed unchanged.",
  }),
  parallel: Type.Integer({
    minimum: 1,
    maximum: MOST_SESSIONS,
    default: 1,
    isPace: true,
    description:
      "Sessions that merge at the same time, each its own share of the rows: worth it where triggers cost more than anything else, and the server has a core for each. Needs `track`. One in `plan` and on the embedded database.",
  }),
  mode: oneOf(["merge", "stage_only"], {
    default: "merge",
    description:
      "`merge` writes into `table`; `stage_only` writes the same rows into the table of `stage` instead, where its function merges them when somebody calls it.",
  }),
  stage: stageOption,
  create: createOption,
});

type Settings = Static<typeof options>;

/** Inserts new rows and updates those that differ; what is equal is not touched. */
export const postgresUpsert = defineSink({
  name: "postgres_upsert",
  summary:
    "Brings a PostgreSQL table up to date: inserts new rows, updates those that differ, touches no other.",
  options,
  example: "postgres_upsert: { table: pinv_gbif.cor_uuid_inaturalist, key: [id_inaturalist] }",
  check: async (settings, _complain, columns) => {
    if (columns) checkGiven(columns, settings);
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
    const merge = await mergeParts(session, settings, names);
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
      // A source may wait for half an hour before its first batch: no transaction is open by then.
      const { first, all } = await peek(batches);
      await using session = await context.database.session();
      // With the first rows or not at all: a table that was made for a load that failed would stay in the way.
      await session.begin();
      if (mode === "stage_only" && stage !== undefined) {
        const merge = await mergeParts(session, settings, first.names);
        yield* stageAll(all, { session, merge, stage, context });
        return;
      }
      const alone = await whyAlone(session, settings, { first, context });
      if (alone !== undefined) context.log.info(alone);
      const isShared = settings.parallel > 1 && alone === undefined;
      const { names } = first;
      const merge = await prepare(session, settings, { names, run: context.run, isShared });
      const { vanished: option, track = "" } = settings;
      // A few repaired records say nothing of what is missing.
      const isWatched = option !== undefined && !context.run.isReplay;
      const watch = isWatched && (await openWatch(session, context, { option, track }));
      let total = NOTHING_MERGED;
      const onCommit = (merged: Merged) => {
        total = sum(total, { ...merged, findings: firstOfEachKind(merged.findings) });
      };
      const work = { session, merge, context, onCommit };
      if (isShared) {
        await session.commit();
        yield* mergeParallel(all, { ...work, sessions: settings.parallel });
      } else {
        yield* mergeAlone(all, { ...work, isMetered: isMetered(first), settings });
      }
      tellFindings(settings.table, total, context);
      if (watch) yield* settleVanished(session, watch, { merge, context });
      await session.script(dropTemporary());
    };
  },
});

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
  { names, run, isShared }: { names: readonly string[]; run: RunIdentity; isShared: boolean },
): Promise<MergeSettings> => {
  const known = await mergeParts(session, settings, names);
  const { shape, adopt } = known;
  await session.script(temporaryTables(shape, settings.track));
  if (adopt) await session.script(adoptTables(shape, adopt));
  if (run.isListing) await session.script(listedTable);
  return { ...known, run: run.id, isShared, listedAs: run.isListing ? run.flow : undefined };
};

/** What the flow's columns are to the target. */
const mergeParts = async (
  session: Session,
  settings: Settings,
  names: readonly string[],
): Promise<MergeParts> => {
  if (settings.create) await createTable(session, settings.table, settings.create);
  const table = await requireTable(session, settings.table);
  const shape = mergeShape(table, names, settings);
  const unique = await uniqueKey(session, shape);
  const track = await openTrack(session, shape, settings.track);
  return { shape, unique, track, adopt: await openAdopt(session, shape) };
};

/** Merges in the one session, whose transaction is open. */
const mergeAlone = (
  batches: AsyncIterable<Batch>,
  given: {
    session: Session;
    merge: MergeSettings;
    context: Context;
    onCommit: (merged: Merged) => void;
    isMetered: boolean;
    settings: Settings;
  },
): AsyncGenerator<Commit> => {
  const { session, merge, context, onCommit, settings } = given;
  const chunks = chunksOf(batches, chunkColumns(merge.shape));
  const commitRows = settings.commit_rows === "all" ? Infinity : settings.commit_rows;
  let isBegun = true;
  return mergeAll(given.isMetered ? chunks : ahead(chunks, CHUNKS_AHEAD), {
    session,
    context,
    merge: chunkMerger(session, merge),
    begin: async () => {
      // While a metered source waits for its next answer, no transaction is open.
      if (!isBegun) await session.begin();
      isBegun = false;
      // Constraints that wait for the commit would name no row, and undo everything.
      await session.query("set constraints all immediate");
      if (given.isMetered) await session.script(ROW_BY_ROW);
    },
    commitRows: given.isMetered ? 1 : commitRows,
    atEnd: given.isMetered ? AS_IT_WAS : undefined,
    stop: context.signal,
    onCommit,
  });
};

/** A page of some hundred answers is looked up by index: a hash of the whole target for each costs more each time. */
const ROW_BY_ROW = "set local enable_hashjoin = off; set local enable_mergejoin = off";
const AS_IT_WAS = "set local enable_hashjoin to default; set local enable_mergejoin to default";
