import { Reject } from "../core/batch.ts";
import { TextColumn } from "../core/columns.ts";
import { defineTransform } from "../core/component.ts";
import { parseDayFirst, parsePeriod } from "../core/dates.ts";
import { emptyValues } from "../core/map-column.ts";
import { columnName, missing } from "../core/options.ts";
import { Type } from "../core/type.ts";

/** Makes first and last moment out of a date as Darwin Core has it. */
export const parseDates = defineTransform({
  name: "parse_dates",
  summary:
    "Reads dates as Darwin Core has them, partial ones and intervals too, into a first and a last moment. What is no date is set aside (`bad_date`, `date_inverted`).",
  options: Type.Object({
    from: columnName("The column with the date, such as `eventDate`."),
    min: columnName("The column for the first moment: `1879-10` gives `1879-10-01`."),
    max: columnName(
      "The column for the last moment: `1879-10` gives `1879-10-31`. A time of day is there only if one was written; its offset is dropped.",
    ),
    day_first: Type.Boolean({
      default: false,
      hints: {
        format:
          "None is needed: `2023-05-12` is read as it is, and `12/05/2023` with `day_first: true`.",
        to: "Two columns are made, the first and the last moment: `min` and `max`.",
      },
      description:
        "Whether dates are written with the day first, as in `12/05/2023`, `13.05.2023`, `05/2023` or `12/05/2023 14:30`: those are read besides the others.",
    }),
    missing: missing(["reject", null], "reject", "without a date (`date_missing`)"),
  }),
  example: "parse_dates: { from: eventDate, min: date_min, max: date_max, missing: null }",
  create: ({ from, min, max, day_first: isDayFirst, missing: otherwise }) => {
    const parse = isDayFirst ? parseDayFirst : parsePeriod;
    return async function* (batches) {
      for await (const batch of batches) {
        const column = batch.column(from);
        const first = emptyValues(batch);
        const last = emptyValues(batch);
        const rejects = new Map<number, Reject>();
        for (const row of batch.rows) {
          const text = column.text(row);
          if (text === null) {
            if (otherwise === "reject") {
              rejects.set(row, new Reject("date_missing", `\`${from}\` is empty.`));
            }
            continue;
          }
          const period = parse(text);
          if (typeof period === "string") {
            rejects.set(row, new Reject(period, problem(period, from, text)));
          } else {
            first[row] = period.min;
            last[row] = period.max;
          }
        }
        yield batch
          .reject(rejects)
          .with(min, new TextColumn(first))
          .with(max, new TextColumn(last));
      }
    };
  },
});

const problem = (code: "bad_date" | "date_inverted", column: string, text: string): string => {
  const value = JSON.stringify(text);
  if (code === "date_inverted") return `\`${column}\` ends before it begins: ${value}.`;
  const isDayFirst = typeof parseDayFirst(text) === "object";
  return `\`${column}\` is no date: ${value}${isDayFirst ? " (`day_first: true` reads it)" : ""}.`;
};
