import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openArchive } from "../../src/archive/archive.ts";

/** The sample beside a test's pipelines with each line of `occurrence.txt` changed, as a folder of its own; gives its path. */
export const changedSample = async (
  { folder }: { folder: string },
  name: string,
  change: (line: string) => string,
): Promise<string> => {
  const target = join(folder, name);
  const signal = new AbortController().signal;
  await using archive = await openArchive(join(folder, "samples/demo.zip"), {
    signal,
    limits: { maxBytes: 1e9, maxRatio: 1000 },
  });
  for (const entry of archive.entries.values()) {
    const parts: Buffer[] = [];
    for await (const part of entry.read(signal)) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const lines = entry.name === "occurrence.txt" ? text.split(/(?<=\n)/).map(change) : [text];
    await mkdir(dirname(join(target, entry.name)), { recursive: true });
    await writeFile(join(target, entry.name), lines.join(""));
  }
  return target;
};
