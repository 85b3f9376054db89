import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Batch } from "../core/batch.ts";
import { defineSink } from "../core/component.ts";
import { replayNotAdded } from "../core/errors.ts";
import { oneOf, path as pathOption } from "../core/options.ts";
import { fileLabel } from "../core/place.ts";
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
        "an empty value is empty. `csv`: the same with commas, and quotes where they are needed. `ndjson`: a JSON object per line, an empty value is `null`.",
      default: "tsv",
    }),
  }),
  example: "file: { path: ../out/observations.tsv, format: tsv }",
  uses: ({ path }) => fileUse(path, "replace"),
  create: ({ path, format }) =>
    async function* (batches, context) {
      if (context.run.isReplay && path !== "-") throw replayNotAdded(fileLabel(path));
      const tally = context.tally();
      const target = await openTarget(context.mode === "plan" ? undefined : path);
      let inserted = 0;
      let hasHeader = format === "ndjson";
      try {
        for await (const batch of batches) {
          tally.take(batch);
          if (!hasHeader) await target.write(HEADER[format](batch.names));
          hasHeader = true;
          if (batch.size > 0) await target.write(LINES[format](batch));
          inserted += batch.size;
          batch.release();
        }
        await using session = await context.database.session();
        await session.begin();
        context.signal.throwIfAborted();
        await target.finish();
        yield await tally.commit(session, { inserted });
      } finally {
        await target.discard();
      }
    },
});

const LINES = {
  tsv: (batch: Batch): string => {
    const columns = batch.names.map((name) => batch.column(name));
    const lines: string[] = [];
    for (const row of batch.rows) {
      lines.push(`${columns.map((column) => escaped(column.text(row) ?? "")).join("\t")}\n`);
    }
    return lines.join("");
  },
  csv: (batch: Batch): string => {
    const columns = batch.names.map((name) => batch.column(name));
    const lines: string[] = [];
    for (const row of batch.rows) {
      lines.push(`${columns.map((column) => inQuotes(column.text(row) ?? "")).join(",")}\n`);
    }
    return lines.join("");
  },
  ndjson: (batch: Batch): string => {
    const columns = batch.names.map((name) => [name, batch.column(name)] as const);
    const lines: string[] = [];
    for (const row of batch.rows) {
      const record = Object.fromEntries(columns.map(([name, column]) => [name, column.text(row)]));
      lines.push(`${JSON.stringify(record)}\n`);
    }
    return lines.join("");
  },
} as const;

const HEADER = {
  tsv: (names: readonly string[]): string => `${names.map(escaped).join("\t")}\n`,
  csv: (names: readonly string[]): string => `${names.map(inQuotes).join(",")}\n`,
  ndjson: (): string => "",
} as const;

/** A value as CSV has it. */
const inQuotes = (value: string): string =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

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
