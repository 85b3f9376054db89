import { createInterface } from "node:readline/promises";
import { initEncoding, initNothing, RunnerError } from "../core/errors.ts";
import { fileLabel } from "../core/place.ts";
import { beginningOf, pipelineName } from "../scaffold/begin-with.ts";
import { type Written, writePipeline } from "../scaffold/write-pipeline.ts";
import { widthOf, wrapped } from "./table.ts";
import { interruptedCode, warningText } from "./text.ts";
import { validateCommand } from "./validate.ts";

export interface InitFlags {
  readonly name?: string;
  readonly into: string;
  readonly encoding?: string;
  readonly force?: boolean;
}

/** Asks a person; the answer is `fallback` when there is none. */
export type Ask = (question: string, fallback?: string) => Promise<string>;

/** `runner init [WHAT]`: a new pipeline; asks for what is not given when there is a terminal. */
export const initCommand = async (
  what: string | undefined,
  flags: InitFlags,
  signal: AbortSignal,
): Promise<number> => {
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const lines = isTerminal
    ? createInterface({ input: process.stdin, output: process.stderr })
    : undefined;
  const ask: Ask | undefined = lines && asking(lines.question.bind(lines), signal);
  try {
    return await unlessLeft(async () => {
      const written = await begin(what, flags, { ask, signal });
      tell(written);
      return await validateCommand([written.pipeline], { format: "text" }, signal);
    }, signal);
  } finally {
    lines?.close();
  }
};

/**
 * The exit code of `work`; of an interrupt when a question is answered by Ctrl-C or Ctrl-D, which a terminal
 * in raw mode sends as keys. All is asked before anything is written.
 */
export const unlessLeft = async (
  work: () => Promise<number>,
  signal: AbortSignal,
): Promise<number> => {
  try {
    return await work();
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
    console.error("\nInterrupted; nothing was written.");
    return interruptedCode(signal);
  }
};

const asking =
  (
    question: (text: string, options: { signal: AbortSignal }) => Promise<string>,
    signal: AbortSignal,
  ): Ask =>
  async (text, fallback) => {
    const hint = fallback === undefined ? "" : ` [${fallback}]`;
    const answer = (await question(`${text}${hint} `, { signal })).trim();
    return answer === "" ? (fallback ?? "") : answer;
  };

/** Asks for what is missing, and writes. */
export const begin = async (
  given: string | undefined,
  flags: InitFlags,
  { ask, signal }: { ask: Ask | undefined; signal: AbortSignal },
): Promise<Written> => {
  const beginning = await askedBeginning(given, ask);
  if (flags.encoding !== undefined && beginning.kind !== "archive") throw initEncoding();
  const own = pipelineName(beginning.name);
  const wanted = flags.name ?? (await ask?.("A name for the pipeline?", own)) ?? beginning.name;
  const say = (text: string) => console.error(text);
  return writePipeline(beginning, {
    wanted,
    name: pipelineName(wanted),
    folder: flags.into,
    encoding: flags.encoding,
    signal,
    log: { info: () => undefined, warn: (text) => say(warningText(text)), now: () => undefined },
    mayOverwrite: async (file) => {
      if (flags.force) return true;
      const answer = await ask?.(
        `${fileLabel(file)} is there already. Overwrite it? (yes/no)`,
        "no",
      );
      return /^(y|yes|o|oui)$/i.test(answer ?? "");
    },
  });
};

/** What is nothing that it knows is asked again, where there is somebody to ask. */
const askedBeginning = async (given: string | undefined, ask: Ask | undefined) => {
  for (let what = given ?? (await ask?.(WHAT)) ?? ""; ; what = (await ask?.(WHAT)) ?? "") {
    if (what === "") throw initNothing();
    try {
      return await beginningOf(what);
    } catch (error) {
      if (!ask || !(error instanceof RunnerError) || !ASKED_AGAIN.has(error.code)) throw error;
      console.error(error.message);
    }
  }
};

const ASKED_AGAIN = new Set(["init_unknown", "given_pipeline"]);

const WHAT = [
  "What do you have? One of:",
  "  the key of a data set of GBIF, such as 50c9509d-22c7-4a22-a47d-8c48425ef4a7",
  "  a query file (JSON), as GBIF's download API takes it",
  "  an archive that is here: a zip, a folder, a text file",
  ">",
].join("\n");

const tell = ({ files, copied, other, notes }: Written): void => {
  console.log(`Written: ${files.map(fileLabel).join(", ")}.`);
  const width = process.stdout.isTTY ? widthOf(process.stdout) : Number.POSITIVE_INFINITY;
  for (const note of notes) {
    const [indent = ""] = /^ */.exec(note) ?? [];
    for (const line of wrapped(note.trimStart(), { width, indent })) console.log(line);
  }
  if (copied.length > 0) {
    const folders = new Set(copied.map((path) => path.split("/").slice(0, -1).join("/")));
    const counted = copied.length === 1 ? "1 file" : `${copied.length} files`;
    const what =
      [...folders].join() === "schema"
        ? "Editors complete and check pipelines by them."
        : "The pipeline needs them; they are yours to edit.";
    console.log(`Copied along: ${counted} in ${[...folders].join(", ")}. ${what}`);
  }
  if (other.length > 0) {
    console.log(`Yours differ from this version's, and stay as they are: ${other.join(", ")}.`);
  }
};
