import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  citationOf,
  downloadEml,
  emlOf,
  header,
  MULTIMEDIA,
  metaXml,
  OCCURRENCE,
  VERBATIM,
} from "./layout.ts";
import { DATASETS, type RecordOptions, sampleRecords } from "./records.ts";
import { ZipWriter } from "./zip-writer.ts";

/**
 * Writes an archive as GBIF lays it out. Constant in memory: two of the tables wait in a temporary
 * folder, as a zip takes one after the other.
 */
export const writeArchive = async (path: string, options: RecordOptions): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "runner-sample-"));
  const waiting = { verbatim: join(folder, "verbatim"), multimedia: join(folder, "multimedia") };
  try {
    const zip = new ZipWriter(path);
    await zip.add("occurrence.txt", occurrences(options, waiting));
    await zip.add("verbatim.txt", createReadStream(waiting.verbatim));
    await zip.add("multimedia.txt", createReadStream(waiting.multimedia));
    await zip.add("meta.xml", metaXml());
    await zip.add("metadata.xml", downloadEml(options.rows));
    const citations = DATASETS.map((dataset) => `${citationOf(dataset)}\n`).join("");
    await zip.add(
      "citations.txt",
      `When using this dataset please use the following citation:\n${citations}`,
    );
    const rights = DATASETS.map(
      ({ title, license }) => `\nDataset: ${title}\nRights as supplied: ${license}`,
    );
    await zip.add("rights.txt", rights.join(""));
    for (const dataset of DATASETS) await zip.add(`dataset/${dataset.uuid}.xml`, emlOf(dataset));
    await zip.end();
  } finally {
    await rm(folder, { recursive: true });
  }
};

const CHUNK_ROWS = 1000;

/** occurrence.txt in chunks; the two other tables are put aside on the way. */
async function* occurrences(
  options: RecordOptions,
  waiting: { verbatim: string; multimedia: string },
): AsyncGenerator<Buffer> {
  await using verbatim = await open(waiting.verbatim, "w");
  await using multimedia = await open(waiting.multimedia, "w");
  await verbatim.appendFile(header(VERBATIM));
  await multimedia.appendFile(header(MULTIMEDIA));
  yield Buffer.from(header(OCCURRENCE));
  let chunk: { occurrence: string[]; verbatim: string[]; multimedia: string[] } | undefined;
  const flush = async (full: NonNullable<typeof chunk>) => {
    await verbatim.appendFile(full.verbatim.join(""));
    await multimedia.appendFile(full.multimedia.join(""));
    return Buffer.from(full.occurrence.join(""));
  };
  for (const sample of sampleRecords(options)) {
    chunk ??= { occurrence: [], verbatim: [], multimedia: [] };
    chunk.occurrence.push(sample.occurrence);
    chunk.verbatim.push(sample.verbatim);
    chunk.multimedia.push(...sample.multimedia);
    if (chunk.occurrence.length < CHUNK_ROWS) continue;
    yield await flush(chunk);
    chunk = undefined;
  }
  if (chunk) yield await flush(chunk);
}
