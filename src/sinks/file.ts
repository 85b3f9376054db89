import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Batch } from "../core/batch.ts";
import { defineSink } from "../core/component.ts";
import { delimiterUnused, replayNotAdded } from "../core/errors.ts";
import { oneOf, path as pathOption } from "../core/options.ts";
import { fileLabel } from "../core/place.ts";
import { counted } from "../core/progress.ts";
import { Type } from "../core/type.ts";
import { fileUse } from "../core/uses.ts";

/** Writes the records into a file, whole or not at all. */
export const file = defineSink({
  name: "file",
  summary:
    "Writes a file: it appears whole when everything is written, and an older one stays until then.",
  options: Type.Object({
    path: pathOption(
      "The file to write; `-` is standard output, which is written as records come.",
    ),
    format: oneOf(["tsv", "csv", "ndjson"], {
      description:
        "`tsv`: a header line, then a line per record; tab, line end and backslash in a value are written `\\t`, `\\n`, `\\r` and `\\\\`, " +
        "an empty value is empty. `csv`: the same with a `delimiter`, and quotes where they are needed. `ndjson`: a JSON object per line, an empty value is `null`.",
      default: "tsv",
    }),
    delimiter: Type.Optional(
      oneOf([",", ";"], {
        description:
          "What separates the values of `csv`: `,` when absent; `;` is what a spreadsheet expects where numbers have a decimal comma, as in French, and then the file begins with the mark by which Excel knows UTF-8.",
      }),
    ),
  }),
  example: "file: { path: ../out/observations.tsv, format: tsv }",
  uses: ({ path }) => fileUse(path, "replace"),
  create: ({ path, format, delimiter }) => {
    if (delimiter !== undefined && format !== "csv") throw delimiterUnused(format);
    const { header, lines } = WRITERS[format](delimiter ?? ",");
    return async function* (batches, context) {
      if (context.run.isReplay && path !== "-") throw replayNotAdded(fileLabel(path));
      const tally = context.tally();
      const target = await openTarget(context.mode === "plan" ? undefined : path);
      let inserted = 0;
      let hasHeader = false;
      try {
        for await (const batch of batches) {
          tally.take(batch);
          if (!hasHeader) await target.write(header(batch.names));
          hasHeader = true;
          if (batch.size > 0) await target.write(lines(batch));
          inserted += batch.size;
          batch.release();
        }
        await using session = await context.database.session();
        await session.begin();
        context.signal.throwIfAborted();
        await target.finish();
        yield await tally.commit(session, { inserted });
        if (path !== "-" && context.mode === "run") {
          context.log.info(`Written: ${fileLabel(path)}, ${counted(inserted, "record")}.`);
        }
      } finally {
        await target.discard();
      }
    };
  },
});

/** How a format is written: what stands before the first record, and the records. */
interface Writer {
  header(names: readonly string[]): string;
  lines(batch: Batch): string;
}

/** A line for each record, and one for their names. */
const table = (value: (text: string) => string, delimiter: string): Writer => {
  const line = (values: readonly string[]) => `${values.map(value).join(delimiter)}\n`;
  return {
    header: line,
    lines(batch) {
      const columns = batch.names.map((name) => batch.column(name));
      const lines: string[] = [];
      for (const row of batch.rows) lines.push(line(columns.map((one) => one.text(row) ?? "")));
      return lines.join("");
    },
  };
};

const WRITERS: Readonly<Record<"tsv" | "csv" | "ndjson", (delimiter: string) => Writer>> = {
  tsv: () => table(escaped, "\t"),
  csv: (delimiter) => {
    const { header, lines } = table((value) => inQuotes(value, delimiter), delimiter);
    return { header: (names) => `${delimiter === ";" ? "\ufeff" : ""}${header(names)}`, lines };
  },
  ndjson: () => ({
    header: () => "",
    lines(batch) {
      const columns = batch.names.map((name) => [name, batch.column(name)] as const);
      const lines: string[] = [];
      for (const row of batch.rows) {
        const record = Object.fromEntries(
          columns.map(([name, column]) => [name, column.text(row)]),
        );
        lines.push(`${JSON.stringify(record)}\n`);
      }
      return lines.join("");
    },
  }),
};

/** A value as CSV has it. */
const inQuotes = (value: string, delimiter: string): string =>
  /["\r\n]/.test(value) || value.includes(delimiter) ? `"${value.replaceAll('"', '""')}"` : value;

const ESCAPES: Readonly<Record<string, string>> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\\": "\\\\",
};

const escaped = (value: string): string =>
  value.replace(/[\t\n\r\\]/g, (character) => ESCAPES[character] ?? character);

interface Target {
  write(text: string): Promise<void>;
  /** Makes it durable under its name. */
  finish(): Promise<void>;
  /** Removes what is not finished. */
  discard(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/** Undefined writes nowhere: a plan has no effect outside the database. */
const openTarget = async (path: string | undefined): Promise<Target> => {
  if (path === undefined) return { write: nothing, finish: nothing, discard: nothing };
  if (path === "-") return { write: toStdout, finish: nothing, discard: nothing };
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomBytes(4).toString("hex")}.part`;
  const handle = await open(beside, "wx");
  let isOpen = true;
  const close = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  return {
    write: async (text) => {
      await handle.appendFile(text);
    },
    finish: async () => {
      await handle.sync();
      await close();
      await rename(beside, path);
      // The name itself is durable only when the folder is.
      await using folder = await open(dirname(path));
      await folder.sync();
    },
    discard: async () => {
      await close();
      await rm(beside, { force: true });
    },
  };
};

const toStdout = async (text: string): Promise<void> => {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
};
