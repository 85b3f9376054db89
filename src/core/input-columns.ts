/** What columns the local inputs have, before anything runs. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { Context, Source } from "./component.ts";
import { RunnerError } from "./errors.ts";
import type { StagePlan } from "./plan.ts";
import { rememberedByFiles } from "./remembered.ts";

/** The pipelines of a folder read the same archives. */
const kept = rememberedByFiles<Promise<readonly string[] | undefined>>();

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
  const files = uses.map(({ name }) => name);
  if (!files.every(hasBeginning)) return undefined;
  return kept(files, JSON.stringify([component.name, options]), () =>
    firstColumns(component.create({ ...options }) as Source, context),
  );
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

/** Whether something is there that can be read now and again later: no pipe, and nothing compressed as a whole. */
const hasBeginning = (path: string): boolean => {
  const info = statSync(path, { throwIfNoEntry: false });
  return info?.isDirectory() === true || (info?.isFile() === true && !isGzip(path));
};

const isGzip = (path: string): boolean => {
  try {
    const file = openSync(path, "r");
    const start = Buffer.alloc(2);
    try {
      readSync(file, start, 0, 2, 0);
    } finally {
      closeSync(file);
    }
    return start[0] === 0x1f && start[1] === 0x8b;
  } catch {
    return true;
  }
};
