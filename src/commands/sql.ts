import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { count } from "../core/progress.ts";
import { type Answer, question } from "../postgres/question.ts";
import { inDatabaseOf } from "./past.ts";
import { recordLines } from "./records.ts";
import { csvTable, csvText, tableLines, widthOf } from "./table.ts";
import { interruptedCode } from "./text.ts";

export interface SqlFlags {
  readonly database?: string;
  readonly rows: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `runner sql PIPELINE "select …"`: what one statement reads in the pipeline's database; changes nothing. */
export const sqlCommand = (
  file: string,
  statement: string,
  flags: SqlFlags,
  signal: AbortSignal,
): Promise<number> =>
  inDatabaseOf(file, flags, signal, async ({ session }) => {
    try {
      await question(session, statement, (answer) => print(answer, flags));
      return 0;
    } catch (error) {
      if (!signal.aborted) throw error;
      console.error("Interrupted.");
      return interruptedCode(signal);
    }
  });

const print = async (answer: Answer, { rows: most, json, csv }: SqlFlags): Promise<void> => {
  if (json) await stream(jsonParts(answer));
  else if (csv) await stream(csvParts(answer));
  else await show(answer, most);
};

const stream = (parts: AsyncIterable<string>): Promise<void> =>
  pipeline(Readable.from(parts), process.stdout, { end: false });

async function* csvParts({ names, texts }: Answer): AsyncGenerator<string> {
  yield csvTable([names]);
  for await (const rows of texts()) yield csvText(rows);
}

async function* jsonParts({ objects }: Answer): AsyncGenerator<string> {
  let before = "[";
  for await (const object of objects()) {
    yield `${before}${object}`;
    before = ",\n";
  }
  yield before === "[" ? "[]\n" : "]\n";
}

/** So many rows as a table, or below each other where it is too wide. */
const show = async ({ names, texts }: Answer, most: number): Promise<void> => {
  const rows: (string | null)[][] = [];
  for await (const page of texts()) {
    rows.push(...page.slice(0, most + 1 - rows.length));
    if (rows.length > most) break;
  }
  const shown = rows.slice(0, most);
  const width = widthOf(process.stdout);
  const lines =
    shown.length === 0
      ? tableLines([names], { width })
      : recordLines({ names, rows: shown }, width);
  for (const line of lines) console.log(line);
  const number = shown.length === 1 ? "1 row" : `${count(shown.length)} rows`;
  console.error(
    rows.length > most
      ? `The first ${number} of more: \`--rows\` shows as many as it says, \`--csv\` and \`--json\` print all.`
      : `${number}.`,
  );
};
