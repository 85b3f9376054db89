import { ahead } from "../core/ahead.ts";
import { type Context, defineSink } from "../core/component.ts";
import { referencedTable, replaceEmpty } from "../core/errors.ts";
import { judged, type View } from "../core/examination.ts";
import { oneOf, tableName } from "../core/options.ts";
import { peek } from "../core/peek.ts";
import { COUNTED_ROWS, type Held, tellReplaced, tellUntilNext } from "../core/replaced-rows.ts";
import { forgetReplayed } from "../core/replayed.ts";
import type { Session } from "../core/session.ts";
import { type Static, Type } from "../core/type.ts";
import { checkColumns, referencingTables, type TargetTable } from "../postgres/catalog.ts";
import { CHUNKS_AHEAD, chunksOf } from "../postgres/chunks.ts";
import {
  checkCreated,
  checkShape,
  createOption,
  openTarget,
  warnUnused,
} from "../postgres/create-table.ts";
import { checkDeclaredTypes } from "../postgres/declared-types.ts";
import { checkFit, examineTarget } from "../postgres/examine-target.ts";
import { chunkLoader } from "../postgres/load-chunk.ts";
import { tableUse } from "../postgres/table-use.ts";

const UPSERT = "The sink `postgres_upsert` updates rows that are there, by their `key`.";

const options = Type.Object({
  table: tableName(
    "The table to load: `pinv_gbif.tmp_gbif_data`. Without a schema it is the one that `psql` would take: in `public`, or in the schema that has the name of the role, where there is one.",
  ),
  mode: {
    ...oneOf(["replace", "append"], {
      description:
        "`replace` empties the table and loads it in one transaction: readers wait, nobody sees it half " +
        "done, a failure leaves the old rows. `append` adds the rows, once for each input: the same file again adds nothing.",
    }),
    hints: Object.fromEntries(
      ["upsert", "update", "merge", "key", "on_conflict"].map((word) => [word, UPSERT]),
    ),
  },
  may_be_empty: Type.Boolean({
    default: false,
    description:
      "Whether `replace` may leave the table empty when it held rows. Else a flow of which no record gets there fails, and the old rows stay.",
  }),
  create: createOption,
});

/** Loads a table by COPY, all in one transaction. */
export const postgresCopy = defineSink({
  name: "postgres_copy",
  summary: "Loads a PostgreSQL table with COPY, in one transaction.",
  options,
  example:
    "postgres_copy: { table: pinv_gbif.cor_multimedia, mode: replace, create: { columns: { gbif_id: bigint, media_url: text } } }",
  check: async ({ table, create }, complain, around) => {
    checkDeclaredTypes(create, { complain, around });
    if (around?.columns === undefined) return;
    warnUnused({ table, create }, around.columns, { complain, around });
    checkCreated(table, create, around.columns);
  },
  uses: ({ table, mode, create }) => [tableUse(table, mode, create && Object.keys(create.columns))],
  examine: async (settings, view) => {
    await examineCopy(settings, view);
    return undefined;
  },
  create: (written) => {
    checkShape(written.create);
    return async function* (batches, context) {
      const settings = context.run.isReplay ? { ...written, mode: "append" as const } : written;
      const tally = context.tally();
      // A source may wait for half an hour before its first batch: no transaction is open by then.
      const { first, all } = await peek(batches);
      using _ = context.loadsWhole?.(settings.table);
      await using session = await context.database.session();
      await session.begin();
      // Constraints that wait for the commit would name no row, and undo everything.
      await session.query("set constraints all immediate");
      const { table, held } = await prepare(session, settings, {
        names: first.names,
        mode: context.mode,
        warn: context.log.warn,
      });
      const forgotten =
        settings.mode === "replace" ? await forgetReplayed(session, context.run) : undefined;

      if (context.mode === "plan" && held.any && !context.database.isEmbedded) {
        context.log.info(
          `\`${settings.table}\` is emptied and loaded for the plan: whoever reads it waits until the plan ends.`,
        );
      }

      // A repaired record is known by its name: the same file may come again, for those that were wrong again.
      if (
        settings.mode === "append" &&
        !context.run.isReplay &&
        !(await tally.firstTime(session, settings.table, first.input))
      ) {
        await all.return(undefined);
        context.log.info(
          `\`${settings.table}\` has ${first.input.name} already from an earlier run: nothing appended.`,
        );
        yield await tally.commit(session, {});
        return;
      }

      const load = chunkLoader(session, table, first.names);
      const { names } = first;
      const chunks = chunksOf(all, (batch) => ({ data: names.map((name) => batch.column(name)) }));
      let inserted = 0;
      let read = 0;
      let unchanged = 0;
      for await (const chunk of ahead(chunks, CHUNKS_AHEAD)) {
        for (const batch of chunk.batches) {
          tally.take(batch);
          read += batch.read;
          unchanged += batch.unchanged;
        }
        const loaded = await load(chunk);
        inserted += loaded.inserted;
        await tally.refuse(session, loaded.rejected);
        chunk.release();
      }
      if (inserted === 0 && held.any && !settings.may_be_empty) {
        throw replaceEmpty(settings.table, { name: first.input.name, read });
      }
      if (inserted + unchanged === 0) warnEmpty(settings, first.input.name, context);
      tellReplaced(settings.table, { held, inserted, forgotten }, context);
      if (context.run.isReplay && written.mode === "replace" && inserted > 0) {
        tellUntilNext(settings.table, { name: first.input.name, inserted }, context);
      }
      yield await tally.commit(session, { inserted });
    };
  },
});

/**
 * The target, created if that is asked for, checked against what comes, and emptied for `replace`; what went
 * with that.
 */
const prepare = async (
  session: Session,
  { table, mode, create }: Static<typeof options>,
  flow: { names: readonly string[]; mode: Context["mode"]; warn: Context["log"]["warn"] },
): Promise<{ table: TargetTable; held: Held }> => {
  const target = await openTarget(session, { table, create }, flow.warn);
  checkColumns(target, flow.names);
  if (mode === "append") return { table: target, held: { any: false } };
  await checkNotReferenced(session, target);
  const held = await heldBy(session, target, flow.mode === "plan" ? COUNTED_ROWS + 1 : 1);
  await session.query(`truncate table ${target.sql}`);
  return { table: target, held };
};

/**
 * What a table holds, `most` rows counted. A role that may load a table need not be allowed to read it: the size of its
 * file then has to do.
 */
const heldBy = async (session: Session, { sql }: TargetTable, most: number): Promise<Held> => {
  const { rows } = await session.query<{ may_read: boolean; has_pages: boolean }>(
    "select has_table_privilege($1, 'select') as may_read, pg_relation_size($1::text::regclass) > 0 as has_pages",
    [sql],
  );
  const [{ may_read: mayRead, has_pages: hasPages } = { may_read: false, has_pages: false }] = rows;
  if (!mayRead) return { any: hasPages };
  const found = await session.query<{ rows: number }>(
    `select count(*)::int as rows from (select from ${sql} limit ${most}) as held`,
  );
  const held = found.rows[0]?.rows ?? 0;
  return { any: held > 0, rows: held };
};

const checkNotReferenced = async (session: Session, target: TargetTable): Promise<void> => {
  const others = await referencingTables(session, target);
  if (others.length > 0) throw referencedTable(target.name, others);
};

/** Says what the load would stumble over, without beginning it. */
const examineCopy = async (
  { table, mode, create }: Static<typeof options>,
  view: View,
): Promise<void> => {
  const { batch, coming, ask, tell } = view;
  const rights = mode === "replace" ? (["insert", "truncate"] as const) : (["insert"] as const);
  const wanted = { table, create, rights, names: batch.names };
  const found = await ask((session) => examineTarget(session, wanted, coming));
  if (found === undefined) return;
  const { target, isThere, differing } = found;
  for (const one of differing) tell(judged("warning", one));
  if (isThere && mode === "replace") await ask((session) => checkNotReferenced(session, target));
  if (!batch.isClosed) return;
  await ask(async () => checkColumns(target, batch.names));
  await checkFit(view, target);
};

const warnEmpty = (
  { table, mode }: Static<typeof options>,
  input: string,
  { log }: Context,
): void => {
  const now = mode === "replace" ? `\`${table}\` is empty now` : `\`${table}\` stays as it was`;
  log.warn(`No record of ${input} was loaded: ${now}.`);
};
