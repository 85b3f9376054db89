import { asWritten } from "../core/as-written.ts";
import { type Batch, Reject } from "../core/batch.ts";
import { type Column, TextColumn } from "../core/columns.ts";
import { type Context, defineTransform } from "../core/component.ts";
import { lookupKeys, lookupMissing, type RunnerError } from "../core/errors.ts";
import { TypedColumn, type View } from "../core/examination.ts";
import { emptyValues } from "../core/map-column.ts";
import { MissingValues, records } from "../core/missing-values.ts";
import { meaning } from "../core/option-schema.ts";
import { columnName, missing, oneOrMore, plainValue, tableName } from "../core/options.ts";
import { count } from "../core/progress.ts";
import { haveConnections } from "../core/session.ts";
import { type Static, Type } from "../core/type.ts";
import {
  examineLookupTable,
  type LookupQuery,
  type LookupTable,
  lookupContent,
  readLookupTable,
  readSomeRows,
  tellSizes,
} from "../postgres/lookup-table.ts";
import { tableUse } from "../postgres/table-use.ts";
import { sqlUses } from "../postgres/tables-read.ts";

const JOINED =
  "`from` is the record's column, `key` the one of the table that has the same value: `from: taxonKey, key: taxon_key`.";

const options = Type.Object({
  from: {
    ...oneOrMore("The column whose value is looked up, or several: `[genus, epithet]`."),
    hints: Object.fromEntries(["on", "join", "using", "match"].map((word) => [word, JOINED])),
  },
  table: tableName(
    "The table of the database; it is read once, into memory. The size of all of a flow is told at its end where it is above 1 MB.",
  ),
  key: oneOrMore("Its column that is compared with `from`, as text; as many as there."),
  columns: Type.Record(Type.String({ minLength: 1 }), columnName("The table's column."), {
    default: {},
    hints: meaning("columns", ["get", "select", "take", "fields"]),
    description:
      "What is taken from the row that is found: column to write → the table's column. None, to ask only whether there is one. SQL expressions are for a view, or the source `postgres`.",
  }),
  where: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "An SQL condition on the table's rows: `active and kind = 1`. Others are left out.",
    }),
  ),
  load_only: Type.Optional(
    Type.String({
      minLength: 1,
      makesNoRow: true,
      description:
        "An SQL condition that spares memory and nothing else: rows that no record of this run can ask for are not read.",
    }),
  ),
  order_by: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Which of several rows with the same key is taken, as the SQL behind `order by`: the first. `cd_nom = cd_ref desc, cd_nom`.",
    }),
  ),
  unique: Type.Boolean({
    default: false,
    description:
      "`true`: a key that leads to several different results counts as missing, instead of the first being taken.",
  }),
  when_empty: Type.Boolean({
    default: false,
    description:
      "`true`: only records in which the columns to write are all empty are looked up; others stay as they are. So several `lookup` behind each other are attempts, in their order.",
  }),
  set: Type.Record(Type.String({ minLength: 1 }), plainValue("The value; `null` empties."), {
    default: {},
    description: "Columns that get a constant where something was found: `{ found_by: taxonKey }`.",
  }),
  missing: missing(
    ["stop", "reject", null],
    "reject",
    "for which no row is found, or whose value is empty",
  ),
  code: Type.String({
    default: "not_found",
    pattern: "^[a-z][a-z0-9_]*$",
    form: "a word of small letters, digits and `_` that begins with a letter",
    description:
      "The code of the records that `missing: reject` sets aside; it may have a limit of its own under `rejects`.",
  }),
  report: Type.Array(columnName("A column."), {
    default: [],
    description:
      "Columns of the record that are shown beside a value that is missing: in the message of each record that is set aside, and in the list at the end of the flow. With `missing: null`, nothing is listed unless this is given.",
  }),
});

type Settings = Static<typeof options>;

/** What is compared with what; throws when the two do not go together. */
const asked = (settings: Settings): { from: string[]; query: LookupQuery } => {
  const from = [settings.from].flat();
  const key = [settings.key].flat();
  if (from.length !== key.length) throw lookupKeys(from.length, key.length);
  return { from, query: { ...settings, key, values: Object.values(settings.columns) } };
};

/** Says whether the table can be read as it is asked, and looks up the records that are known. */
const examineLookup = async (settings: Settings, view: View): Promise<Batch | undefined> => {
  const { batch, coming, ask } = view;
  const { from, query } = asked(settings);
  const found = await ask((session) => examineLookupTable(session, query, coming));
  if (found === undefined) return undefined;
  const { target, isThere } = found;
  const column = batch.column(from[0] ?? "");
  const keys = [...batch.rows].map((row) => column.text(row)).filter((text) => text !== null);
  // Without keys too: PostgreSQL then reads the SQL of `where` and `order_by`.
  const table = isThere ? await ask((session) => readSomeRows(session, query, keys)) : undefined;
  // What is found in the run, nobody knows before.
  if (coming.isWritten(settings.table) || (isThere && table === undefined)) return undefined;
  const missed = new MissingValues();
  const result = lookedUp(batch, { settings, from, table, missed });
  if (missed.rows > 0 && settings.missing === "stop") {
    const { code, message, subject } = missingAll(settings, missed);
    view.tell({ level: "problem", code, message, subject });
  }
  if (batch.size > 0 || settings.when_empty) return result;
  return Object.entries(settings.columns).reduce((typed, [name, from]) => {
    const type = target.columns.find((column) => column.name === from)?.type;
    return type === undefined ? typed : typed.with(name, new TypedColumn(type));
  }, result);
};

/** Looks values up in a table of the database. */
export const lookup = defineTransform({
  name: "lookup",
  summary: "Looks values up in a table of the database and writes what it finds into columns.",
  options,
  example:
    "lookup: { from: dataset_key, table: gn_meta.t_datasets, key: unique_dataset_id, columns: { id_dataset: id_dataset }, missing: reject, code: dataset_unknown }",
  uses: ({ table, key, columns, where, order_by }) => [
    tableUse(table, "read", [...[key].flat(), ...Object.values(columns)]),
    // Their SQL may read other tables.
    ...[where, order_by].flatMap((sql) => (sql === undefined ? [] : sqlUses(sql))),
  ],
  basis: async (settings, context) => {
    const { query } = asked(settings);
    const content = await lookupContent(context, query);
    // Whoever asks is about to select what is looked up: meanwhile another connection reads the table.
    if (haveConnections(context)) readLookupTable(context, query).catch(() => undefined);
    return content;
  },
  examine: examineLookup,
  create: (settings) => {
    const { from, query } = asked(settings);
    return async function* (batches, context) {
      const missed = new MissingValues();
      let table: LookupTable | undefined;
      for await (const batch of batches) {
        if (batch.size > 0) table ??= await readLookupTable(context, query);
        const result = lookedUp(batch, { settings, from, table, missed });
        // What is missing is to be told whole, so the rest is looked at and goes no further.
        if (settings.missing !== "stop" || missed.rows === 0) yield result;
      }
      tellSizes(context);
      if (missed.rows > 0) tell(settings, missed, context);
    };
  },
});

interface Work {
  readonly settings: Settings;
  readonly from: readonly string[];
  readonly table: LookupTable | undefined;
  readonly missed: MissingValues;
}

const lookedUp = (batch: Batch, { settings, from, table, missed }: Work): Batch => {
  const { columns, set, when_empty, report } = settings;
  const keys = from.map((name) => batch.column(name));
  const notes = report.map((name) => [name, batch.column(name)] as const);
  const written = Object.keys(columns).map((name) => target(batch, name, when_empty));
  const constants = Object.entries(set).map(([name, value]) => ({
    ...target(batch, name, true),
    constant: value === null ? null : String(value),
  }));
  const rejects = new Map<number, Reject>();
  for (const row of batch.rows) {
    if (when_empty && written.some(({ values }) => values[row])) continue;
    const texts = keys.map((column) => column.text(row));
    const found = texts.some(isNull) ? undefined : table?.find(texts as string[]);
    if (typeof found === "object") {
      for (const [index, { values }] of written.entries()) values[row] = found[index] ?? null;
      for (const { values, constant } of constants) values[row] = constant;
      continue;
    }
    const isSeveral = found === "several";
    missed.add(shown(texts, isSeveral), () => noteOf(notes, row));
    if (settings.missing === "reject") {
      const miss = { settings, from, texts, isSeveral, note: noteOf(notes, row) };
      rejects.set(row, new Reject(settings.code, problem(miss)));
    }
  }
  return [...written, ...constants].reduce(
    (result, { name, values }) => result.with(name, new TextColumn(values)),
    batch.reject(rejects),
  );
};

const isNull = (text: string | null): boolean => text === null;

/** A column that is written, with what is in it now if that is to stay. */
const target = (batch: Batch, name: string, stays: boolean) => {
  const values = emptyValues(batch);
  if (stays && batch.names.includes(name)) {
    const column = batch.column(name);
    for (const row of batch.rows) values[row] = column.text(row);
  }
  return { name, values };
};

/** `"5219404"`, `"Aus", "bus"`, `(empty)`. */
const shown = (texts: readonly (string | null)[], isSeveral = false): string =>
  texts.map((text) => (text === null ? "(empty)" : JSON.stringify(text))).join(", ") +
  (isSeveral ? " (several results)" : "");

const noteOf = (notes: readonly (readonly [string, Column])[], row: number): string => {
  const known = notes.flatMap(([name, column]) => {
    const text = column.text(row);
    return text === null ? [] : [`${name} ${JSON.stringify(text)}`];
  });
  return known.length > 0 ? ` (${known.join(", ")})` : "";
};

const named = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

const problem = (miss: {
  settings: Settings;
  from: readonly string[];
  texts: readonly (string | null)[];
  isSeveral: boolean;
  note: string;
}): string => {
  const { table } = miss.settings;
  const empty = miss.from.filter((_, index) => miss.texts[index] === null);
  if (empty.length > 0) return `${named(empty)} is empty${miss.note}.`;
  const is = `${named(miss.from)} is ${shown(miss.texts)}${miss.note}`;
  return miss.isSeveral
    ? `${is}, for which \`${table}\` has several different rows.`
    : `${is}, which \`${table}\` does not have.`;
};

const tell = (settings: Settings, missed: MissingValues, { log }: Context): void => {
  if (settings.missing === "stop") throw missingAll(settings, missed);
  // Where others may still find it, only a report that was asked for is worth a word.
  if (settings.missing === "reject" || settings.report.length > 0) {
    log.info([`${headOf(settings, missed)}:`, ...missed.lines()].join("\n"));
  }
};

const missingAll = (settings: Settings, missed: MissingValues): RunnerError =>
  lookupMissing(headOf(settings, missed), missed.lines(), (value) =>
    asWritten(settings, ["missing"], value),
  );

const headOf = ({ from, table }: Settings, missed: MissingValues): string => {
  const values = missed.values === 1 ? "1 value" : `${count(missed.values)} values`;
  return `${named([from].flat())}: ${values} not in \`${table}\` (${records(missed.rows)})`;
};
