/** The options of `postgres_upsert`: what a flow's columns are to the target, and what becomes of rows that need care. */

import { columnName, oneOf, plainValue, tableName } from "../../core/options.ts";
import { type Static, Type } from "../../core/type.ts";
import { createOption } from "../create-table.ts";
import { adoptOption, holdOption, vanishedOption } from "./care-options.ts";
import { stageOption } from "./stage-option.ts";

const MOST_SESSIONS = 16;

const columnList = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true, default: [], description });

const values = (description: string) =>
  Type.Record(Type.String({ minLength: 1 }), plainValue(), { default: {}, description });

/** As they stand in the YAML. */
export const mergeOptions = Type.Object({
  table: tableName(
    "The table to bring up to date: `gn_synthese.synthese`. Without a schema it is the one that `psql` would take: in `public`, or in the schema that has the name of the role, where there is one.",
  ),
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
    examples: [
      {
        the_geom_4326: "ST_SetSRID(ST_MakePoint(longitude::float8, latitude::float8), 4326)",
        the_geom_local: "ST_Transform(the_geom_4326, 2154)",
      },
    ],
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
        examples: [{ column: "unique_id_sinp", owner: ["id_source"], code: "uuid_other_source" }],
        description: "What becomes of a new key whose row is there already under another key.",
      },
    ),
  ),
  hold_when: holdOption,
  adopt: adoptOption,
  vanished: vanishedOption,
  labels: Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
    default: {},
    makesNoRow: true,
    description:
      "What people call the values of a column, shown wherever old and new are: for each column an SQL query of values and labels, such as `cd_nom: select cd_nom, lb_nom from taxonomie.taxref`. A name that ends in `*` stands for all columns that begin so.",
  }),
  row_label: columnList(
    "Columns of the table that say to people which row it is: `[nom_cite]`. Wherever rows are told or listed (held, adopted, vanished, old and new), they stand beside the key, behind the table's primary key.",
  ),
  track: Type.Optional(
    tableName(
      "A table that keeps a hash of each row and the last run that saw it, so that an unchanged row costs next to nothing; made when it is not there. Beside it, `NAME_written` keeps a hash of what was written into each column, so that a value that people have corrected stays until the record's own changes.",
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
    makesNoRow: true,
    description:
      "Records after which a commit is made, in whole chunks; `all` for one transaction; with `parallel`, each chunk by itself. A rerun finds what is committed unchanged.",
  }),
  parallel: Type.Integer({
    minimum: 1,
    maximum: MOST_SESSIONS,
    default: 1,
    makesNoRow: true,
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

/** What `create` of the sink gets. */
export type MergeOptionValues = Static<typeof mergeOptions>;
