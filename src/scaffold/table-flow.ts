/** What becomes of the tables of an archive: a flow each, with its columns and their names. */

import { RUNNER } from "../core/program.ts";
import { count } from "../core/progress.ts";
import { datesOf, idOf, linkOf, type Types } from "../guess/choices.ts";
import type { GuessedColumn } from "../guess/column-guess.ts";
import { doubtsOf, setAside } from "../guess/doubts.ts";
import type { SeenTable } from "../guess/look.ts";
import { freeName, type Named, namesFor, sqlName } from "./sql-name.ts";
import { tablesToLoad } from "./tables-to-load.ts";

export interface TableFlow {
  /** Of the flow, and of the table in the database. */
  readonly name: string;
  readonly table: SeenTable;
  /** The columns that are taken: those that have values. */
  readonly columns: readonly Named<GuessedColumn>[];
  /** Columns that transforms make, with their types. */
  readonly made: ReadonlyMap<string, string>;
  /** The column by which records are told apart. */
  readonly key: string | undefined;
  /** How many records of a hundred may be set aside. */
  readonly maxPercent: number;
  /** The same for a code with which more of those that were looked at would be. */
  readonly limits: readonly (readonly [code: string, percent: number])[];
}

/** A flow for each table that has records. */
export const tableFlows = (tables: readonly SeenTable[]): TableFlow[] =>
  namesFor(tablesToLoad(tables)).map(({ of: table, to: name }) => {
    const id = idOf(table);
    const made = madeColumns(table);
    const filled = table.columns.filter((column) => column.filled > 0 || column === id);
    const columns = namesFor(filled, made.keys());
    const key = columns.find(({ of }) => of === id)?.to;
    const limits = [...setAside(table)]
      .map(([code, count]) => [code, percent(count, table)] as const)
      .filter(([, share]) => share > 1);
    const maxPercent = Math.max(1, percent(table.damaged, table));
    return { name, table, columns, made, key, maxPercent, limits };
  });

const madeColumns = (table: SeenTable): Map<string, string> => {
  const taken = new Set(table.columns.map(({ name }) => sqlName(name)));
  const made = new Map<string, string>();
  const add = (wanted: string, type: string) => {
    const name = freeName(wanted, taken);
    taken.add(name);
    made.set(name, type);
  };
  if (datesOf(table)) for (const name of ["date_min", "date_max"]) add(name, "timestamp");
  const link = linkOf(table)?.link;
  if (link) add(OBSERVATION.test(link.thing) ? link.to : `${link.to}_${link.thing}`, "bigint");
  return made;
};

/**
 * What links call a record, as far as they say anything. The number of a photo or of a person is not that of
 * their observation, though all are of one site.
 */
const OBSERVATION = /^$|^id$|observation|occurrence|specimen|record/;

/** Of a hundred of the records that were looked at. */
const percent = (some: number, { rows, damaged }: SeenTable): number =>
  Math.ceil((100 * some) / (rows + damaged));

/** `1 of 5 records is damaged: The line has 5 fields, the table has 4.` */
export const damagedWords = ({ rows, damaged, damage = "", is_whole }: SeenTable): string =>
  `${count(damaged)} of ${is_whole ? "" : "the first "}${count(rows + damaged)} records ${damaged === 1 ? "is" : "are"} damaged: ${damage.replaceAll(/\s+/g, " ")}`;

/** `Read as windows-1252, a guess: "Forêt" is a text of it.` */
export const encodingWords = ({ encoding, encoding_example = "" }: SeenTable): string =>
  `It is not in UTF-8; read as ${encoding}, a guess: is ${JSON.stringify(encoding_example)} right?`;

/** What is to be known of the flows before one runs: other names, and records that will be set aside. */
export const flowNotes = (flows: readonly TableFlow[], types: Types): string[] => [
  ...renamed(flows),
  ...flows.flatMap(({ name, table, columns }) =>
    doubtsOf(
      table,
      types,
      (column) => columns.find(({ of }) => of === column)?.to ?? column.name,
    ).map((doubt) => `${name}: ${doubt}`),
  ),
  ...flows
    .filter(({ table }) => table.encoding_example !== undefined)
    .map(
      ({ name, table }) =>
        `${name}: ${encodingWords(table)} If not, \`${RUNNER} init\` takes \`--encoding\`.`,
    ),
  ...flows
    .filter(({ maxPercent }) => maxPercent > 1)
    .map(
      ({ name, table, maxPercent }) =>
        `${name}: ${damagedWords(table)} Up to ${maxPercent}% may be set aside (\`rejects\`).`,
    ),
];

/** So many names are told; each has a comment in the pipeline. */
const TOLD = 10;

const renamed = (flows: readonly TableFlow[]): string[] => {
  const where = new Map<string, string[]>();
  for (const { name, columns } of flows) {
    for (const { of, to, why } of columns) {
      if (why === undefined) continue;
      const line = `  \`${of.name}\` → \`${to}\`: ${why}`;
      where.set(line, [...(where.get(line) ?? []), name]);
    }
  }
  if (where.size === 0) return [];
  const lines = [...where].map(([line, names]) => `${line} (${names.join(", ")})`);
  return [
    "Columns get names that need no quotes in SQL, `decimalLatitude` → `decimal_latitude`. Also:",
    ...lines.slice(0, TOLD),
    ...(lines.length > TOLD ? [`  and ${lines.length - TOLD} more`] : []),
  ];
};
