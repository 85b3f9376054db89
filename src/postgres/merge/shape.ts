import { createHash } from "node:crypto";
import { asWritten } from "../../core/as-written.ts";
import { mergeColumnUnknown } from "../../core/errors.ts";
import { checkColumns, type TargetColumn, type TargetTable } from "../catalog.ts";
import { checkGiven } from "./given.ts";
import { isPattern, type Labels } from "./labels.ts";

/** What a merge is told: the options of the sink, as far as they are about columns. */
export interface MergeOptions {
  readonly table: string;
  readonly key: readonly string[];
  readonly update?: readonly string[];
  readonly insert_only: readonly string[];
  readonly not_compared: readonly string[];
  readonly on_insert: Readonly<Record<string, Plain>>;
  readonly on_update: Readonly<Record<string, Plain>>;
  readonly derive: Readonly<Record<string, string>>;
  readonly json_merge: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly unique?: UniqueOption;
  readonly hold_when?: HoldOption;
  readonly track_input?: string;
  readonly adopt?: AdoptOption;
  readonly labels?: Labels;
  readonly row_label?: readonly string[];
}

export type Plain = string | number | boolean | null;

/** A column besides the key that no two rows of the target share. */
export interface UniqueOption {
  readonly column: string;
  readonly owner: readonly string[];
  readonly code: string;
  /** A JSON column of `json_merge`, and the name under which a value that came too late is kept there. */
  readonly late?: Readonly<Record<string, string>>;
}

/** Rows that are left as they are: which, and whose change is held. */
export interface HoldOption {
  /** `apply` updates them all the same, and tells old and new; `hold` if nothing is said. */
  readonly action?: "hold" | "apply";
  /** SQL over the row as it is in the table. */
  readonly where: string;
  readonly columns: readonly string[];
}

/** Rows of another origin that are records of this flow. */
export interface AdoptOption {
  readonly action: "report" | "apply";
  /** SQL over the row as it is in the table: which may be adopted. */
  readonly where: string;
  readonly within: readonly string[];
  /** SQL over the row, and over the flow's columns, that give the same for the same thing. */
  readonly match: readonly { readonly row: string; readonly record: string }[];
}

/** A column of the target that the merge writes, and how it takes part in the comparison. */
export interface MergedColumn {
  readonly target: TargetColumn;
  /** Whether a difference makes an update; one that does not is written along with one that does. */
  readonly isCompared: boolean;
  readonly isUpdated: boolean;
  /** For a JSON object of which the merge owns one key: that key and the flow's columns joined under it. */
  readonly json?: {
    readonly key: string;
    readonly compared: readonly string[];
    readonly others: readonly string[];
    /** Where the value of another column is kept when the row has another one, which stays. */
    readonly late?: { readonly name: string; readonly column: string };
  };
}

/** What each column of a flow is to the target. */
export interface MergeShape {
  readonly table: TargetTable;
  readonly key: readonly TargetColumn[];
  /** The target's primary key, by which a row that was found once is found again; empty where it has none. */
  readonly identity: readonly TargetColumn[];
  /** The flow's columns whose values make the hash of a row, the key left out. */
  readonly hashed: readonly string[];
  /** The flow's other columns. */
  readonly unhashed: readonly string[];
  /** Everything written besides the key. */
  readonly columns: readonly MergedColumn[];
  /** In the order of the YAML: later ones may use earlier ones. */
  readonly derived: readonly { readonly column: TargetColumn; readonly sql: string }[];
  readonly onInsert: readonly (readonly [string, Plain])[];
  readonly onUpdate: readonly (readonly [string, Plain])[];
  readonly unique: UniqueOption | undefined;
  readonly held: HoldOption | undefined;
  /** The flow's column with the hash of a record as it was read, which is kept in the track table. */
  readonly input: string | undefined;
  readonly adopt: AdoptOption | undefined;
  readonly labels: Labels;
  /** Columns that say to people which row it is. */
  readonly named: readonly TargetColumn[];
  /** How the user writes one of the options; see `asWritten`. */
  readonly asWritten: (path: readonly string[], value: string | number) => string;
  /** Changes with everything that gives a row another meaning for the same values. */
  readonly version: string;
}

/** Gives each column its part; throws what does not fit, before anything is sent. */
export const mergeShape = (
  table: TargetTable,
  flow: readonly string[],
  options: MergeOptions,
): MergeShape => {
  const { key, derive, json_merge: jsonMerge, track_input: input } = options;
  if (input !== undefined && !flow.includes(input)) throw mergeColumnUnknown(input, flow);
  const given = flow.filter((name) => name !== input);
  checkGiven(given, options);
  const find = (name: string): TargetColumn | undefined =>
    table.columns.find((column) => column.name === name);
  const inJson = jsonParts(options);
  const direct = given.filter((name) => find(name) && !inJson.includes(name));
  const written = [...direct, ...Object.keys(derive), ...Object.keys(jsonMerge)];

  checkColumns(table, [
    ...key,
    ...written,
    ...storedColumns(given, options).filter((name) => !find(name)),
    ...Object.keys(options.on_insert),
  ]);
  const strayUpdate = Object.keys(options.on_update).find((name) => !find(name));
  if (strayUpdate !== undefined)
    throw mergeColumnUnknown(
      strayUpdate,
      table.columns.map((c) => c.name),
    );
  const strayUnique = [options.unique?.column, ...(options.unique?.owner ?? [])].find(
    (name) => name !== undefined && !written.includes(name),
  );
  if (strayUnique !== undefined) throw mergeColumnUnknown(strayUnique, written);
  const strayAdopt = options.adopt?.within.find((name) => !direct.includes(name));
  if (strayAdopt !== undefined) throw mergeColumnUnknown(strayAdopt, direct);
  const strayHeld = options.hold_when?.columns.find((name) => !written.includes(name));
  if (strayHeld !== undefined) throw mergeColumnUnknown(strayHeld, written);

  const isHashed = (name: string) =>
    (!options.not_compared.includes(name) && isUpdated(name) && !key.includes(name)) ||
    // It is not written, but that it came is.
    (options.unique?.late !== undefined && options.unique.column === name);
  const isUpdated = (name: string) =>
    !options.insert_only.includes(name) &&
    (options.update === undefined || options.update.includes(name) || !find(name));
  const columns = written
    .filter((name) => !key.includes(name))
    .map((name): MergedColumn => {
      const [jsonKey, parts] = Object.entries(jsonMerge[name] ?? {})[0] ?? [];
      return {
        target: find(name) as TargetColumn,
        isCompared: !options.not_compared.includes(name),
        isUpdated: isUpdated(name),
        ...(jsonKey === undefined || parts === undefined
          ? {}
          : {
              json: {
                key: jsonKey,
                compared: parts.filter(isHashed),
                others: parts.filter((part) => !isHashed(part)),
                ...lateIn(name, options.unique),
              },
            }),
      };
    });
  const strayLate = Object.keys(options.unique?.late ?? {}).find((name) => !jsonMerge[name]);
  if (strayLate !== undefined) throw mergeColumnUnknown(strayLate, Object.keys(jsonMerge));
  const plain = columns.flatMap(({ target, json }) => (json ? [] : [target.name]));
  const strayLabel = Object.keys(options.labels ?? {}).find(
    (name) => !isPattern(name) && !plain.includes(name),
  );
  if (strayLabel !== undefined) throw mergeColumnUnknown(strayLabel, plain);
  const strayName = options.row_label?.find((name) => !find(name));
  if (strayName !== undefined) {
    const known = table.columns.map(({ name }) => name);
    throw mergeColumnUnknown(strayName, known);
  }
  const { insert_only, not_compared, update, on_update } = options;
  const late = options.unique?.late;
  const meaning = {
    given,
    key,
    derive,
    jsonMerge,
    insert_only,
    not_compared,
    update,
    on_update,
    late,
  };
  return {
    table,
    key: key.map((name) => find(name) as TargetColumn),
    identity: table.columns.filter(({ isPrimary }) => isPrimary),
    hashed: given.filter(isHashed),
    unhashed: given.filter((name) => !isHashed(name) && !key.includes(name)),
    columns,
    derived: Object.entries(derive).map(([name, sql]) => ({
      column: find(name) as TargetColumn,
      sql,
    })),
    onInsert: Object.entries(options.on_insert),
    onUpdate: Object.entries(on_update),
    unique: options.unique,
    held: options.hold_when,
    input,
    adopt: options.adopt,
    labels: options.labels ?? {},
    named: (options.row_label ?? []).map((name) => find(name) as TargetColumn),
    asWritten: (path, value) => asWritten(options, path, value),
    version: createHash("sha256").update(JSON.stringify(meaning)).digest("hex").slice(0, 16),
  };
};

/** The flow's columns that the target must have: the others go into a JSON object, SQL or the track table. */
export const storedColumns = (flow: readonly string[], options: MergeOptions): string[] => {
  const inJson = jsonParts(options);
  const records = options.adopt?.match.map(({ record }) => record) ?? [];
  const expressions = [...Object.values(options.derive), ...records].join("\n");
  return flow.filter(
    (name) =>
      name !== options.track_input && !inJson.includes(name) && !mentions(expressions, name),
  );
};

const jsonParts = ({ json_merge }: MergeOptions): string[] =>
  Object.values(json_merge).flatMap((keys) => Object.values(keys).flat());

const lateIn = (json: string, unique: UniqueOption | undefined) => {
  const name = unique?.late?.[json];
  return unique === undefined || name === undefined
    ? {}
    : { late: { name, column: unique.column } };
};

/** Whether an SQL text has this name in it, as a word or in double quotes. */
const mentions = (sql: string, name: string): boolean =>
  sql.includes(`"${name}"`) ||
  new RegExp(`(^|[^\\w$"])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}($|[^\\w$"])`).test(sql);
