import { pipelineNameIn } from "../core/elsewhere.ts";
import { givenPipeline } from "../core/errors.ts";
import { shellWord } from "../core/place.ts";
import { datesOf, idOf, linkOf, typesOf } from "../guess/choices.ts";
import { lookAt, type Seen } from "../guess/look.ts";
import { guessLines } from "./guess-lines.ts";
import { csvTable, widthOf } from "./table.ts";
import { warningText } from "./text.ts";

export interface GuessFlags {
  readonly table?: string;
  readonly rows: number;
  readonly encoding?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `runner guess ARCHIVE`: what the first records of each of its tables look like. */
export const guessCommand = async (
  location: string,
  flags: GuessFlags,
  signal: AbortSignal,
): Promise<number> => {
  if (pipelineNameIn(location) !== undefined) throw givenPipeline(shellWord(location));
  const say = (text: string) => console.error(text);
  const log = { info: say, warn: (text: string) => say(warningText(text)), now: () => undefined };
  const seen = await lookAt(location, { ...flags, signal, log });
  if (flags.json) console.log(JSON.stringify(guessObject(seen), null, 2));
  else if (flags.csv) process.stdout.write(csvTable(guessRows(seen)));
  else
    for (const line of guessLines(seen, {
      ...flags,
      given: location,
      width: widthOf(process.stdout),
    }))
      console.log(line);
  return seen.asked.some(({ problem }) => problem !== undefined) ? 1 : 0;
};

/** The object of `--json`. */
const guessObject = ({ archive, tables, asked }: Seen) => {
  const types = typesOf(tables);
  return {
    archive,
    tables: asked.map((table) => ({
      ...table,
      columns: table.columns.map((column) => {
        const {
          isUnique,
          isDates,
          isDayFirst,
          hasDecimalComma,
          noNumbers,
          noDates,
          repeated: _,
          ...whole
        } = column;
        return {
          ...whole,
          type: types.get(column),
          is_unique: isUnique,
          is_dates: isDates,
          is_day_first: isDayFirst,
          has_decimal_comma: hasDecimalComma,
          no_numbers: noNumbers,
          no_dates: noDates,
        };
      }),
      id: idOf(table)?.name ?? null,
      dates: datesOf(table)?.name ?? null,
      link: linkOf(table)?.name ?? null,
    })),
  };
};

const guessRows = ({ tables, asked }: Seen): string[][] => {
  const types = typesOf(tables);
  return [
    ["table", "column", "filled", "records", "type", "for_example"],
    ...asked.flatMap(({ name, rows, columns }) =>
      columns.map((column) => [
        name,
        column.name,
        String(column.filled),
        String(rows),
        types.get(column) ?? "text",
        column.examples.join(" · "),
      ]),
    ),
  ];
};
