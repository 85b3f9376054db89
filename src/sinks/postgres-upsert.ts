import type { Tally } from "../core/accounting.ts";
import { ahead } from "../core/ahead.ts";
import { type Commit, type Context, defineSink } from "../core/component.ts";
import { columnName, plainValue, tableName } from "../core/options.ts";
import { peek } from "../core/peek.ts";
import { count } from "../core/progress.ts";
import type { Session } from "../core/session.ts";
import { type Static, Type } from "../core/type.ts";
import { requireTable } from "../postgres/catalog.ts";
import { CHUNKS_AHEAD, type Chunk, chunksOf } from "../postgres/chunks.ts";
import { checkShape, createOption, createTable } from "../postgres/create-table.ts";
import { chunkColumns } from "../postgres/merge/chunk-columns.ts";
import { checkGiven } from "../postgres/merge/given.ts";
import { type Merged, type MergeSettings, NOTHING_MERGED } from "../postgres/merge/merge.ts";
import { chunkMerger } from "../postgres/merge/merge-chunk.ts";
import { mergeShape } from "../postgres/merge/shape.ts";
import { dropTemporary, temporaryTables } from "../postgres/merge/temporary.ts";
import { openTrack } from "../postgres/merge/track.ts";
import { uniqueKey } from "../postgres/merge/unique-key.ts";
import { tableUse } from "../postgres/table-use.ts";

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
      },
      {
        additionalProperties: false,
        description: "What becomes of a new key whose row is there already under another key.",
      },
    ),
  ),
  hold_when: Type.Optional(
    Type.Object(
      {
        where: Type.String({
          minLength: 1,
          description: "An SQL condition on the row as it is in the table.",
        }),
        columns: Type.Array(Type.String({ minLength: 1 }), {
          minItems: 1,
          uniqueItems: true,
          description: "The columns whose change is held.",
        }),
      },
      {
        additionalProperties: false,
        description:
          "Rows that people have worked on: when one of the columns would change, the row is left as it is, counted as held, and told.",
      },
    ),
  ),
  track: Type.Optional(
    tableName(
      "A table that keeps a hash of each row and the last run that saw it, so that an unchanged row costs next to nothing; made when it is not there.",
    ),
  ),
  commit_rows: Type.Unsafe<number | "all">({
    anyOf: [{ type: "integer", minimum: 1 }, { const: "all" }],
    default: 50_000,
    description:
      "Records after which a commit is made, in whole chunks; `all` for one transaction. A rerun finds what is committed unchanged.",
  }),
  create: createOption,
});

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
  create: (settings) => {
    checkShape(settings.create);
    return async function* (batches, context) {
      // A source may wait for half an hour before its first batch: no transaction is open by then.
      const { first, all } = await peek(batches);
      await using session = await context.database.session();
      // With the first rows or not at all: a table that was made for a load that failed would stay in the way.
      await session.begin();
      const merge = await prepare(session, settings, {
        names: first.names,
        run: context.run.id,
      });
      const columns = chunkColumns(merge.shape);
      const chunks = chunksOf(all, columns);
      const isMetered = first.input.isMetered ?? false;
      yield* mergeAll(isMetered ? chunks : ahead(chunks, CHUNKS_AHEAD), {
        session,
        context,
        table: settings.table,
        merge: chunkMerger(session, merge),
        isMetered,
        commitRows: isMetered
          ? 1
          : settings.commit_rows === "all"
            ? Infinity
            : settings.commit_rows,
      });
      await session.script(dropTemporary());
    };
  },
});

/** Checks the target against what comes, before anything is sent, and makes the temporary tables. */
const prepare = async (
  session: Session,
  settings: Static<typeof options>,
  { names, run }: { names: readonly string[]; run: string },
): Promise<MergeSettings> => {
  if (settings.create) await createTable(session, settings.table, settings.create);
  const table = await requireTable(session, settings.table);
  const shape = mergeShape(table, names, settings);
  const unique = await uniqueKey(session, shape);
  const track = await openTrack(session, shape, settings.track);
  await session.script(temporaryTables(shape, settings.track));
  return { shape, unique, track, run };
};

/**
 * Merges chunk by chunk and commits after so many records; at least once, so that an empty flow has an
 * account. The first transaction is open already.
 */
async function* mergeAll(
  chunks: AsyncIterable<Chunk>,
  {
    session,
    context,
    table,
    merge,
    isMetered,
    commitRows,
  }: {
    session: Session;
    context: Context;
    table: string;
    merge: (chunk: Chunk) => Promise<Merged>;
    isMetered: boolean;
    commitRows: number;
  },
): AsyncGenerator<Commit> {
  let open: { tally: Tally; merged: Merged; rows: number } | undefined;
  let all = NOTHING_MERGED;
  let isBegun = true;
  const begin = async () => {
    // While a metered source waits for its next answer, no transaction is open.
    if (!isBegun) await session.begin();
    isBegun = false;
    // Constraints that wait for the commit would name no row, and undo everything.
    await session.query("set constraints all immediate");
    if (isMetered) await session.script(ROW_BY_ROW);
    return { tally: context.tally(), merged: NOTHING_MERGED, rows: 0 };
  };
  const commit = async ({ tally, merged }: NonNullable<typeof open>): Promise<Commit> => {
    const { inserted, updated, unchanged, held, changes, examples } = merged;
    all = sum(all, merged);
    // A rehearsal goes on in the same transaction.
    if (isMetered) await session.script(AS_IT_WAS);
    return tally.commit(session, { inserted, updated, unchanged, held, changes, examples });
  };
  for await (const chunk of chunks) {
    open ??= await begin();
    for (const batch of chunk.batches) {
      open.tally.take(batch);
      open.rows += batch.read;
    }
    if (chunk.rows > 0) {
      const merged = await merge(chunk);
      open.tally.refuse(merged.rejected);
      open.merged = sum(open.merged, merged);
    }
    chunk.release();
    if (open.rows < commitRows) continue;
    yield await commit(open);
    open = undefined;
  }
  if (open) yield await commit(open);
  tellHeld(table, all, context);
}

/** A page of some hundred answers is looked up by index: a hash of the whole target for each costs more each time. */
const ROW_BY_ROW = "set local enable_hashjoin = off; set local enable_mergejoin = off";
const AS_IT_WAS = "set local enable_hashjoin to default; set local enable_mergejoin to default";

/** Changes that were held, of so many are told old and new. */
const HELD_SHOWN = 20;

const tellHeld = (table: string, { held, heldExamples }: Merged, { log }: Context): void => {
  if (held === 0) return;
  const shown = (value: string | null) => (value === null ? "(empty)" : JSON.stringify(value));
  const lines = heldExamples.map(
    ({ key, column, ...change }) =>
      `  ${key}: ${column} ${shown(change.old)} → ${shown(change.new)}`,
  );
  log.warn(
    [
      `${held === 1 ? "1 row" : `${count(held)} rows`} of \`${table}\` would change and ${held === 1 ? "was left as it is" : "were left as they are"} (\`hold_when\`). For example:`,
      ...lines,
    ].join("\n"),
  );
};

const sum = (a: Merged, b: Merged): Merged => {
  const changes = { ...a.changes };
  for (const [name, rows] of Object.entries(b.changes)) changes[name] = (changes[name] ?? 0) + rows;
  return {
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    unchanged: a.unchanged + b.unchanged,
    held: a.held + b.held,
    heldExamples: [...a.heldExamples, ...b.heldExamples].slice(0, HELD_SHOWN),
    rejected: [],
    changes,
    examples: [...a.examples, ...b.examples],
  };
};
