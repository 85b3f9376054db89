import type { Batch, Input } from "../core/batch.ts";
import type { Context } from "../core/component.ts";
import { textBatch } from "../core/text-batch.ts";
import { Type } from "../core/type.ts";
import { openArchive } from "./archive.ts";
import { type Dataset, datasetsOf } from "./eml.ts";
import type { Archive, ArchiveOptions, Entry } from "./entries.ts";
import type { Meta } from "./meta.ts";
import { tableBatches } from "./table-batches.ts";
import { findTable, tablesOf } from "./tables.ts";

const GB = 1e9;

const DATASETS: readonly (keyof Dataset)[] = [
  "uuid",
  "title",
  "abstract",
  "license",
  "doi",
  "citation",
  "contacts",
];

/** The options of every source that reads an archive. */
export const tableOptions = {
  table: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Which table: a file name (`occurrence`, `verbatim.txt`) or a row type (`Multimedia`); the core when absent. " +
        "`datasets` are the data sets' descriptions (EML), one row each: " +
        `${DATASETS.map((name) => `\`${name}\``).join(", ")}.`,
    }),
  ),
  max_gb: Type.Number({
    default: 200,
    exclusiveMinimum: 0,
    description: "A table that uncompresses to more GB than this stops the flow.",
  }),
  max_ratio: Type.Number({
    default: 200,
    exclusiveMinimum: 1,
    description:
      "A table above 100 MB that uncompresses to more than so many times its size stops the flow: a zip bomb.",
  }),
};

interface TableChoice {
  readonly table?: string;
  readonly max_gb: number;
  readonly max_ratio: number;
  /** Instead of what `meta.xml` says. */
  readonly encoding?: string;
}

/** The columns of a table as far as its name tells them. */
export const knownColumns = ({ table }: TableChoice): readonly string[] | undefined =>
  table === "datasets" ? DATASETS : undefined;

type Lent = Pick<Context, "signal" | "log">;

/** The records of a table of the archive at a path or URL; columns by term name, as `meta.xml` has them. */
export async function* readTable(
  location: string,
  { table, max_gb, max_ratio, encoding }: TableChoice,
  context: Lent,
): AsyncGenerator<Batch> {
  const limits = { maxBytes: max_gb * GB, maxRatio: max_ratio };
  await using archive = await openArchive(location, { signal: context.signal, limits });
  const meta = await tablesOf(archive, context.signal);
  if (table === "datasets") {
    yield await datasets(archive, meta, context);
    return;
  }
  for (const warning of meta.warnings) context.log.warn(warning);
  const declared = findTable(archive, meta, table);
  const found = encoding === undefined ? declared : { ...declared, encoding };
  const files = found.files.map((file) => archive.entries.get(file) as Entry);
  for (const file of files) {
    const input = inputOf(archive, files, file.name);
    const check = (signal: AbortSignal) => readThrough(location, file.name, { signal, limits });
    yield* tableBatches(
      found,
      file.read(context.signal),
      isLocal(archive, location) ? { ...input, check } : input,
    );
  }
}

/** A URL's file is gone when its flow has ended. */
const isLocal = ({ hasChecksums }: Archive, location: string): boolean =>
  hasChecksums === true && !/^https?:/i.test(location);

/** Opens the archive anew: when a flow has failed, it is closed. */
const readThrough = async (
  location: string,
  file: string,
  options: ArchiveOptions,
): Promise<void> => {
  await using archive = await openArchive(location, options);
  for await (const _ of archive.entries.get(file)?.read(options.signal) ?? []);
};

/** A table may be in several files; its size is that of all. */
const inputOf = (archive: Archive, files: readonly Entry[], name: string): Input => ({
  name,
  sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  identity: async () => `${await archive.identity()} ${files.map((file) => file.name).join(" ")}`,
});

const datasets = async (
  archive: Archive,
  { metadata }: Meta,
  { signal, log }: Lent,
): Promise<Batch> => {
  const input: Input = {
    name: archive.name,
    sizeBytes: undefined,
    identity: () => archive.identity(),
  };
  const found = await Array.fromAsync(datasetsOf(archive, metadata, { signal, warn: log.warn }));
  const records = found.map(({ file, dataset }) => ({
    place: `${file}:1`,
    raw: JSON.stringify(dataset),
    values: DATASETS.map((name) => dataset[name]),
  }));
  return textBatch(DATASETS, records, { input, bytes: 0 });
};
