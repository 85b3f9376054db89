/** What columns the local inputs have, before anything runs. */

import { open, stat } from "node:fs/promises";
import type { Context, Source } from "./component.ts";
import { RunnerError } from "./errors.ts";
import type { StagePlan } from "./plan.ts";

/** By what is read and how: the pipelines of a folder read the same archives. */
const known = new Map<string, Promise<readonly string[] | undefined>>();

/**
 * The columns of what a source reads, as its first batch has them; read once in a process. Undefined where the
 * source uses more than files, one of them is not here, or is compressed as a whole: a tar would have to be
 * unpacked. Throws what a run would throw.
 */
export const inputColumns = async (
  { component, options }: StagePlan,
  context: Context,
): Promise<readonly string[] | undefined> => {
  const uses = component.uses?.({ ...options }) ?? [];
  if (uses.length === 0 || uses.some(({ what }) => what !== "file")) return undefined;
  const states = await Promise.all(uses.map(({ name }) => stateOf(name)));
  if (states.includes(undefined)) return undefined;
  const key = JSON.stringify([component.name, options, states]);
  const columns =
    known.get(key) ?? firstColumns(component.create({ ...options }) as Source, context);
  known.set(key, columns);
  return columns;
};

const firstColumns = async (
  source: Source,
  context: Context,
): Promise<readonly string[] | undefined> => {
  for await (const { names } of source(context)) return names.length > 0 ? names : undefined;
  return undefined;
};

/** Whether an error is a mistake of the pipeline: damaged data is the business of the run, and of `doctor`. */
export const isOfPipeline = (error: unknown): boolean =>
  error instanceof RunnerError && (error.exitCode === 2 || error.subject !== undefined);

/** What changes when the file does; undefined for what has no beginning that can be read again. */
const stateOf = async (path: string): Promise<string | undefined> => {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || !(info.isFile() || info.isDirectory())) return undefined;
  if (info.isFile() && (await isGzip(path))) return undefined;
  return `${path} ${info.size} ${info.mtimeMs}`;
};

const isGzip = async (path: string): Promise<boolean> => {
  try {
    await using file = await open(path);
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } catch {
    return true;
  }
};
