import { columnName, oneOf, tableName } from "../../core/options.ts";
import { Type } from "../../core/type.ts";

const A_LIMIT = "a number of rows, a share such as `2.5%`, or `any`";

/** Rows that people have worked on. */
export const holdOption = Type.Optional(
  Type.Object(
    {
      action: oneOf(["hold", "apply"], {
        default: "hold",
        description:
          "`hold` leaves such a row as it is and counts it as held; `apply` updates it like any other. Both list old and new.",
      }),
      where: Type.String({
        minLength: 1,
        description:
          "An SQL condition on the row as it is in the table: the rows that people have worked on.",
      }),
      columns: Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        description: "The columns whose change is held, or told.",
      }),
    },
    {
      additionalProperties: false,
      examples: [
        {
          where: "status = 'validated'",
          columns: ["cd_nom", "date_min", "the_geom"],
        },
      ],
      description:
        "Rows that people have worked on: when one of the columns would change, the row is left as it is, counted as held, and told.",
    },
  ),
);

/** Rows that were loaded before under another key. */
export const adoptOption = Type.Optional(
  Type.Object(
    {
      action: oneOf(["report", "apply"], {
        default: "report",
        description:
          "`report` sets such a record aside (`adoptable`) and touches nothing; `apply` gives the row the record's key, and brings it up to date like any other.",
      }),
      where: Type.String({
        minLength: 1,
        description: "An SQL condition on the row as it is in the table: which may be adopted.",
      }),
      within: Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        description: "Columns that must be equal, such as the data set.",
      }),
      match: Type.Array(
        Type.Object(
          {
            row: Type.String({
              minLength: 1,
              description: "An SQL expression on the row as it is in the table.",
            }),
            record: Type.String({
              minLength: 1,
              description: "One on the flow's columns; the same value means the same thing.",
            }),
          },
          { additionalProperties: false },
        ),
        {
          minItems: 1,
          description: "How a record's row is found; the first that finds one counts.",
        },
      ),
    },
    {
      additionalProperties: false,
      examples: [
        {
          where: "entity_source_pk_value is null",
          within: ["id_dataset"],
          match: [
            { row: "unique_id_sinp", record: "unique_id_sinp" },
            { row: "substring(digital_proof from '\\d+$')", record: "id_inaturalist" },
          ],
        },
      ],
      description:
        "Rows that are there already under another key, such as those that were loaded by hand before.",
    },
  ),
);

const condition = (description: string) => Type.String({ minLength: 1, description });

/** Rows whose record is gone. */
export const vanishedOption = Type.Optional(
  Type.Object(
    {
      action: oneOf(["keep", "report", "delete"], {
        default: "report",
        description:
          "`keep` says nothing, `report` counts and lists them, `delete` deletes those that were missed in enough exports.",
      }),
      of: Type.String({
        minLength: 1,
        description:
          "The flow of the same pipeline that reads the whole export, from a source that knows what it asked for. Only exports of the same scope are compared: with another query, nothing has vanished.",
      }),
      present: condition(
        "An SQL query for the keys of all records of the export, under the names of the key's columns: a record that is there, but was set aside or left out this time, has not vanished. It may read `missing`, a table of the keys in question: where it looks up those alone, it need not read the whole export.",
      ),
      scope: Type.Optional(
        condition("An SQL condition on the row as it is in the table: others cannot vanish."),
      ),
      after_exports: Type.Integer({
        default: 2,
        minimum: 1,
        description:
          "In how many different exports, one after the other, a row must be missed before it is deleted.",
      }),
      max: Type.Unsafe<string | number>({
        anyOf: [
          { type: "integer", minimum: 0, form: A_LIMIT },
          {
            type: "string",
            pattern: "^(any|\\d+|(100|\\d{1,2}(\\.\\d+)?)\\s*%)$",
            form: A_LIMIT,
          },
        ],
        default: "5%",
        description:
          "How many rows may be deleted at once, as a number or a share of those that the pipeline has; when there are more, none is.",
      }),
      keep_when: Type.Optional(
        condition(
          "An SQL condition on the row as it is in the table: such a row is never deleted.",
        ),
      ),
      along: Type.Array(
        Type.Object(
          {
            table: tableName("A table whose rows go first."),
            column: columnName("Its column that names the row."),
            of: columnName("The column of the row that it names."),
          },
          { additionalProperties: false },
        ),
        {
          default: [],
          description: "Rows of other tables that hang on a deleted row without a foreign key.",
        },
      ),
    },
    {
      additionalProperties: false,
      makesNoRow: true,
      examples: [
        { of: "occurrences", present: "select gbif_id from pinv_gbif.tmp_gbif_data", max: "2%" },
      ],
      description:
        "Rows that an earlier run brought, and whose record is not in the export any more. Needs `track`.",
    },
  ),
);
