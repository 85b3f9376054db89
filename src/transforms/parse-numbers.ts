import { Reject } from "../core/batch.ts";
import { defineTransform } from "../core/component.ts";
import { mapColumn } from "../core/map-column.ts";
import { columnName } from "../core/options.ts";
import { Type } from "../core/type.ts";

/** Writes numbers as PostgreSQL reads them, whether they have a decimal comma or a point. */
export const parseNumbers = defineTransform({
  name: "parse_numbers",
  summary:
    "Writes numbers with a decimal comma as PostgreSQL reads them: `48,86` becomes `48.86`. What is no number is set aside (`bad_number`); an empty value stays empty.",
  options: Type.Object({
    columns: Type.Array(columnName("A column with numbers."), {
      minItems: 1,
      uniqueItems: true,
      hints: Object.fromEntries(
        ["from", "column"].map((word) => [
          word,
          "It takes a list: `columns: [latitude, longitude]`.",
        ]),
      ),
      description:
        "The columns with numbers, with a decimal comma or a point: `48,86` and `48.86` are the same. Spaces may divide thousands, as in `1 234,5`.",
    }),
  }),
  example: "parse_numbers: { columns: [decimalLatitude, decimalLongitude] }",
  create: ({ columns }) => {
    const transforms = columns.map((column) =>
      mapColumn(column, column, (text) => numberOf(text, column)),
    );
    return (batches, context) =>
      transforms.reduce((read, transform) => transform(read, context), batches);
  },
});

/** Spaces, narrow and unbreakable ones too, only where they divide thousands. */
const NUMBER =
  /^\s*([+-]?)(\d+|\d{1,3}(?:[ \u00a0\u202f]\d{3})+)(?:[.,](\d+))?((?:[eE][+-]?\d{1,3})?)\s*$/;

const numberOf = (text: string | null, column: string): string | null | Reject => {
  if (text === null) return null;
  const found = NUMBER.exec(text);
  if (found === null) {
    return new Reject("bad_number", `\`${column}\` is no number: ${JSON.stringify(text)}.`);
  }
  const [, sign, whole = "", fraction, exponent = ""] = found;
  const digits = whole.replaceAll(/\D/g, "");
  return `${sign === "-" ? "-" : ""}${digits}${fraction === undefined ? "" : `.${fraction}`}${exponent}`;
};
