import { tableName } from "../../core/options.ts";
import { Type } from "../../core/type.ts";

const name = (description: string) =>
  Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$", description });

/** The option `stage` of the sink. */
export const stageOption = Type.Optional(
  Type.Object(
    {
      table: tableName("The table that takes the rows; made when it is not there."),
      function: tableName("The SQL function that merges them; `runner setup` makes it."),
      part: Type.Object(
        {
          parameter: name("The function's parameter that restricts it to one part."),
          column: name("The column of its result that names the part."),
          type: name("Their SQL type."),
          value: Type.String({
            minLength: 1,
            description: "The part of a row, an SQL expression over the row `stage`.",
          }),
        },
        {
          additionalProperties: false,
          description: "What the function counts by, such as the data set.",
        },
      ),
    },
    {
      additionalProperties: false,
      examples: [
        {
          table: "pinv_gbif.tmp_synthese",
          function: "pinv_gbif.upsert_gbif_data",
          part: {
            parameter: "p_dataset_uuid",
            column: "dataset_uuid",
            type: "uuid",
            value:
              "(select unique_dataset_id from gn_meta.t_datasets d where d.id_dataset = stage.id_dataset)",
          },
        },
      ],
      description:
        "A table of rows that are ready, and a function that merges them just as this sink would: for who starts the merge from psql or cron.",
    },
  ),
);
