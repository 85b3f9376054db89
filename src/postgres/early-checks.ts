/** The checks of a pipeline in a database in which its setup has not run yet. */

import { notSetUp } from "../core/errors.ts";
import { type Coming, judged, type Verdict } from "../core/examination.ts";
import { checksIn, readSql } from "../core/sql-file.ts";
import type { Asking } from "./ask.ts";
import { type Checking, runChecks } from "./checks.ts";
import { hasWord } from "./coming.ts";

/**
 * What the checks say. A check is early when it names schemas and extensions that setup has still to make, and
 * no schema that is there: whatever those find amiss is told in one line.
 */
export const runChecksBefore = async (
  files: readonly string[],
  checking: Checking,
): Promise<readonly Verdict[]> => {
  const all = files.flatMap(checksIn);
  const { present, absent } = await containersIn(checking.ask, checking.coming);
  const early = new Map<string, readonly string[]>();
  for (const file of absent.length > 0 ? all : []) {
    const text = readSql(file);
    const named = absent.filter((name) => hasWord(text, name));
    const isEarly = named.length > 0 && !present.some((name) => hasWord(text, name));
    const isAmiss =
      isEarly && (await runChecks([file], checking)).some(({ level }) => level !== "ok");
    if (isEarly) early.set(file, isAmiss ? named : []);
  }
  const verdicts = await runChecks(
    all.filter((file) => !early.has(file)),
    checking,
  );
  if (verdicts.some(({ isDecisive }) => isDecisive)) return verdicts;
  const alarms = [...early.values()].filter((named) => named.length > 0);
  if (alarms.length === 0) return verdicts;
  const lacking = [...new Set(alarms.flat())].sort();
  return [judged("warning", notSetUp(lacking, alarms.length)), ...verdicts];
};

/** The schemas that are there, but PostgreSQL's own and the runner's, and what setup has still to make. */
const containersIn = async (ask: Asking, coming: Coming) => {
  const { answer } = await ask(async (session) => {
    const { rows } = await session.query<{ name: string; is_schema: boolean }>(
      "select nspname as name, true as is_schema from pg_namespace where nspname !~ '^pg_|^(information_schema|public|runner)$' union all select extname, false from pg_extension",
    );
    return rows;
  });
  const present = answer ?? [];
  const isThere = new Set(present.map(({ name }) => name));
  return {
    present: present.flatMap(({ name, is_schema }) => (is_schema ? [name] : [])),
    absent: answer === undefined ? [] : coming.containers.filter((name) => !isThere.has(name)),
  };
};
