import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { csvTable, csvText } from "./table.ts";

type Rows = readonly (readonly (string | null)[])[];

/** The long part of a plan's CSV, on disk until the plan is undone. */
export interface List extends AsyncDisposable {
  /** Writes pages of rows; does nothing where no list is wanted. */
  write(pages: AsyncIterable<Rows>): Promise<void>;
  /** Prints these rows, then what was written. */
  print(first: Rows): Promise<void>;
}

/**
 * A list in a file of its own, removed at the end: whoever reads our output may take their time (`| less`),
 * and a plan holds the locks of all that it writes.
 */
export const openList = async (isWanted: boolean): Promise<List> => {
  if (!isWanted) return { write: nothing, print: nothing, [Symbol.asyncDispose]: nothing };
  const folder = await mkdtemp(join(tmpdir(), "runner-list-"));
  const path = join(folder, "list.csv");
  let isWritten = false;
  return {
    write: async (pages) => {
      await pipeline(Readable.from(texts(pages)), createWriteStream(path));
      isWritten = true;
    },
    print: async (first) => {
      process.stdout.write(csvTable(first));
      if (isWritten) await pipeline(createReadStream(path), process.stdout, { end: false });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
};

const nothing = async (): Promise<void> => undefined;

async function* texts(pages: AsyncIterable<Rows>): AsyncGenerator<string> {
  for await (const rows of pages) yield csvText(rows);
}
