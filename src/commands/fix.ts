/** `--fix`: mends what is beyond doubt, in place; comments and layout stay as they are. */

import { readFile, writeFile } from "node:fs/promises";
import type { Complaint, Fix } from "../core/complaint.ts";
import { fileLabel, withBlanks } from "../core/place.ts";

/** One mended mistake may uncover another, above all in a file that was no YAML before. */
const MOST_ROUNDS = 20;

/** A line of a file that was changed. A fix never adds or removes one. */
export interface MendedLine {
  readonly file: string;
  readonly line: number;
  readonly was: string;
  readonly becomes: string;
}

/** Mends files until nothing more can be mended; `look` says what is wrong with them now. Gives what it changed. */
export const fixAll = async (
  look: () => Promise<readonly Complaint[]>,
): Promise<readonly MendedLine[]> => {
  const before = new Map<string, string>();
  const after = new Map<string, string>();
  const first = await look();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fixes = (await look()).flatMap(({ fix }) => fix ?? []);
    let isChanged = false;
    for (const [file, some = []] of Map.groupBy(fixes, ({ place }) => place.file)) {
      const text = await readFile(file, "utf8");
      const mended = applied(text, some);
      if (mended === text || mended === before.get(file)) continue;
      if (!before.has(file)) before.set(file, text);
      after.set(file, mended);
      await writeFile(file, mended);
      isChanged = true;
    }
    if (!isChanged) break;
  }
  const last = after.size > 0 ? await look() : first;
  for (const [file, text] of before) {
    const of = (complaints: readonly Complaint[]) =>
      complaints.filter(({ place }) => place.file === file);
    if (!isWorse(of(first), of(last))) continue;
    await writeFile(file, text);
    after.delete(file);
  }
  return [...after].flatMap(([file, text]) => changes(file, before.get(file) ?? "", text));
};

/**
 * Whether changes have done harm. What could not be read hid what is wrong with it: there it is progress to
 * read more, whatever is found.
 */
const isWorse = (before: readonly Complaint[], after: readonly Complaint[]): boolean => {
  const [torn, stillTorn] = [before, after].map((complaints) => complaints.filter(isSyntax).length);
  if (torn !== stillTorn) return Number(stillTorn) > Number(torn);
  return torn === 0 ? after.length > before.length : after.length >= before.length;
};

const isSyntax = ({ code }: Complaint): boolean =>
  /^(yaml_syntax|unquoted_variable|odd_character)$/.test(code);

/** From the end of each line to its beginning, so that the places before a change stay right. */
const applied = (text: string, fixes: readonly Fix[]): string => {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const lines = text.slice(mark.length).split("\n");
  const ordered = fixes.toSorted((a, b) => b.place.column - a.place.column);
  const done = new Set<string>();
  for (const { place, was, becomes } of ordered) {
    const key = `${place.line}:${place.column}`;
    const line = lines[place.line - 1] ?? "";
    const at = place.column - 1;
    // A name in quotes stays in quotes.
    const start = /["']/.test(line[at] ?? "") && !/^["']/.test(was) ? at + 1 : at;
    if (done.has(key) || !line.startsWith(was, start)) continue;
    done.add(key);
    lines[place.line - 1] = line.slice(0, start) + becomes + line.slice(start + was.length);
  }
  return mark + lines.join("\n");
};

const changes = (file: string, before: string, after: string): MendedLine[] => {
  const now = after.split("\n");
  return before.split("\n").flatMap((was, index) => {
    const becomes = now[index] ?? "";
    return was === becomes ? [] : [{ file, line: index + 1, was, becomes }];
  });
};

/** The changes as a diff. */
export const diffOf = (mended: readonly MendedLine[]): string =>
  [...Map.groupBy(mended, ({ file }) => file)]
    .flatMap(([file, lines]) => [
      `--- ${fileLabel(file)}`,
      `+++ ${fileLabel(file)}`,
      ...lines.flatMap(({ line, was, becomes }) => [
        `@@ -${line} +${line} @@`,
        // What looks the same is shown to be another.
        `-${withBlanks(was)}`,
        `+${becomes}`,
      ]),
      "",
    ])
    .join("\n");
