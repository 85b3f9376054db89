/** The checks of a pipeline: SQL files whose rows are verdicts, for who knows SQL and not the runner. */

import { basename } from "node:path";
import { checkFailed, checkShape, messageOf } from "../core/errors.ts";
import { type Coming, judged, type Level, type Verdict } from "../core/examination.ts";
import { fileLabel } from "../core/place.ts";
import { isDatabaseError } from "../core/session.ts";
import { checksIn } from "../core/sql-file.ts";
import { type Asking, verdictOf } from "./ask.ts";
import { readStatement } from "./statement.ts";

/** What the checks of a pipeline are lent. */
export interface Checking {
  readonly ask: Asking;
  readonly coming: Coming;
  /** Records that are known before the run, by flow: a check finds them in the setting `runner.known`. */
  readonly known: Readonly<Record<string, readonly object[]>>;
}

/**
 * What the checks say, in their order. One whose tables are not there yet says nothing, and what one says of
 * level `stop` is all that is said.
 */
export const runChecks = async (
  files: readonly string[],
  checking: Checking,
): Promise<Verdict[]> => {
  const all = files.flatMap(checksIn);
  const verdicts: Verdict[] = [];
  const unasked = new Map<string, string[]>();
  for (const file of all) {
    const { told, error } = await runCheck(file, checking);
    const reason = reasonOf(error);
    if (reason !== undefined) {
      unasked.set(reason, [...(unasked.get(reason) ?? []), fileLabel(file)]);
    } else if (error !== undefined) {
      verdicts.push(judged("problem", checkFailed(fileLabel(file), messageOf(error))));
    }
    const decisive = told.find(({ isDecisive }) => isDecisive);
    if (decisive) return [decisive];
    verdicts.push(...told);
  }
  // What is missing is a line of its own; here it is enough to say what could not be looked at for it.
  for (const [reason, files] of unasked) {
    verdicts.push(judged("problem", checkFailed(files.join(", "), reason)));
  }
  return verdicts;
};

const REASONS: Readonly<Record<string, string>> = {
  "42501": "the role lacks rights",
  "42P01": "a table is not there",
  "3F000": "a schema is not there",
};

const reasonOf = (error: unknown): string | undefined =>
  isDatabaseError(error) ? REASONS[error.code] : undefined;

const runCheck = async (
  file: string,
  { ask, coming, known }: Checking,
): Promise<{ readonly told: readonly Verdict[]; readonly error?: unknown }> => {
  const code = basename(file)
    .replace(/\.sql$/, "")
    .replaceAll("-", "_");
  const statement = readStatement({ query: file });
  const { answer = [], error } = await ask(async (session) => {
    await session.query("select set_config('runner.known', $1, true)", [JSON.stringify(known)]);
    const { rows } = await session.query<{ level: unknown; message: unknown }>(statement.sql);
    return rows;
  });
  if (error !== undefined) {
    return verdictOf(error, coming) === undefined ? { told: [] } : { told: [], error };
  }
  const told = answer.map(({ level, message }) =>
    typeof message === "string" ? verdictIn(level, { code, message }) : undefined,
  );
  const isRight = told.every((verdict) => verdict !== undefined);
  return { told: isRight ? told : [judged("problem", checkShape(fileLabel(file)))] };
};

const verdictIn = (
  level: unknown,
  what: { readonly code: string; readonly message: string },
): Verdict | undefined => {
  if (level === "stop") return { level: "problem", isDecisive: true, ...what };
  return isLevel(level) ? { level, ...what } : undefined;
};

const isLevel = (value: unknown): value is Level =>
  value === "ok" || value === "warning" || value === "problem";
