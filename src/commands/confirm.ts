import { createInterface } from "node:readline/promises";
import { RUNNER } from "../core/program.ts";
import { counted } from "../core/progress.ts";
import type { Confirm, ForeignTable } from "../first-write.ts";
import type { ConfirmName } from "../shared-name.ts";
import { named } from "./again.ts";

/** Asks the person at the terminal; where there is none, or none is to be asked, the answer is known. */
export const confirmFirstWrite = (
  file: string,
  { yes = false, database }: { readonly yes?: boolean; readonly database?: string },
  signal: AbortSignal,
): Confirm => {
  if (yes) return "yes";
  if (!process.stdin.isTTY || !process.stderr.isTTY) return async () => false;
  return async (tables) => {
    process.stderr.write(
      `This pipeline has never written into\n${tables.map(tableLine).join("")}` +
        `\`${RUNNER} plan ${named(file, database)}\` shows what it would change there.\n`,
    );
    return isYes(await answerTo("Write into them? [y/N] ", signal));
  };
};

/** The same of going on with what another pipeline of the name has done. */
export const confirmSharedName = (
  { yes = false }: { readonly yes?: boolean },
  signal: AbortSignal,
): ConfirmName => {
  if (yes) return async () => true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) return async () => false;
  return async ({ message }) => {
    process.stderr.write(`${message}\n`);
    return isYes(await answerTo("Is it the same pipeline? [y/N] ", signal));
  };
};

/** A French hand types `o`, whatever is asked. */
const isYes = (letter: string): boolean => ["y", "o"].includes(letter);

const tableLine = ({ name, rows, isEmptied }: ForeignTable): string => {
  const held = rows === undefined ? "" : `, about ${counted(rows, "row")}`;
  return `  ${name}${held}${isEmptied ? ": its rows would be removed (`mode: replace`)" : ""}\n`;
};

/** The first letter of the answer; the terminal keeps its own keys, so that Ctrl-C does what it always does. */
const answerTo = async (question: string, signal: AbortSignal): Promise<string> => {
  const { promise: closed, resolve: close } = Promise.withResolvers<string>();
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  lines.once("close", () => close(""));
  try {
    const answer = await Promise.race([lines.question(question, { signal }), closed]);
    return answer.trim().charAt(0).toLowerCase();
  } finally {
    lines.close();
  }
};
