/** `validate --connect`: what the databases of pipelines say of them. */

import { type Asked, askDatabaseOf, type ConnectOptions } from "../connect.ts";
import { RunnerError } from "../core/errors.ts";
import { isDatabase, type Loaded } from "../core/pipeline-file.ts";
import type { Found } from "./find-pipelines.ts";

/** With what the databases of the pipelines say. */
export interface Connected extends Found {
  /** What each file's database is, or that it was not asked. */
  readonly asked?: ReadonlyMap<string, string>;
  /** Why databases could not be asked. */
  readonly failures?: readonly RunnerError[];
}

/** Asks the database of each pipeline. */
export const connected = async (found: Found, options: ConnectOptions): Promise<Connected> => {
  const loaded = new Map<string, Loaded>();
  const asked = new Map<string, string>();
  const failures: RunnerError[] = [];
  for (const [file, one] of found.loaded) {
    const answer = await askedAbout(one, options);
    if (answer instanceof RunnerError) failures.push(answer);
    const { database, complaints } = answer instanceof RunnerError ? NOT_ASKED : answer;
    const [warnings, problems] = [true, false].map((wanted) =>
      complaints.filter(({ isWarning = false }) => isWarning === wanted),
    );
    loaded.set(file, {
      ...one,
      complaints: [...one.complaints, ...(problems ?? [])],
      warnings: [...one.warnings, ...(warnings ?? [])],
    });
    asked.set(file, database ?? "embedded, which no run has made yet");
  }
  return { ...found, loaded, asked, failures };
};

const NOT_ASKED: Asked = { database: "not asked", complaints: [] };

/** Of a file that is wrong otherwise, what is right of it is asked about; its database may be what is wrong. */
const askedAbout = async (
  { draft }: Loaded,
  options: ConnectOptions,
): Promise<Asked | RunnerError> => {
  if (draft === undefined) return NOT_ASKED;
  if (options.database === undefined && !isDatabase(draft.database.reveal())) return NOT_ASKED;
  try {
    return await askDatabaseOf(draft, options);
  } catch (error) {
    if (error instanceof RunnerError) return error;
    throw error;
  }
};
