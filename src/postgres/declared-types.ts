/** The types that a pipeline declares, looked at without a database. */

import type { Complain } from "../core/complaint.ts";
import type { Around } from "../core/component.ts";
import { behindTypeUnknown, type RunnerError, typeMisspelt, typeNotKnown } from "../core/errors.ts";
import type { TableShape } from "./create-table.ts";
import { isUnknownType, meantTypes, strayBehind } from "./type-names.ts";

/** What is beyond doubt: a misspelt type, or a word behind one that PostgreSQL takes nowhere. */
export const typeProblems = (shape: TableShape | undefined): RunnerError[] =>
  Object.entries(shape?.columns ?? {}).flatMap(([column, type]) => {
    const meant = meantTypes(type);
    if (meant) return [typeMisspelt(column, type, meant)];
    const stray = strayBehind(type);
    return stray ? [behindTypeUnknown(column, type, stray)] : [];
  });

/**
 * Complains of all that, also where other options are wrong; warns of a type that is none of PostgreSQL's and near
 * none: it may be the user's own.
 */
export const checkDeclaredTypes = (
  shape: TableShape | undefined,
  { complain, around }: { readonly complain: Complain; readonly around: Around | undefined },
): void => {
  for (const problem of typeProblems(shape)) {
    if (around === undefined) throw problem;
    complain(problem.code, around.locate(problem.subject ?? ""), problem.message);
  }
  if (around === undefined) return;
  for (const [column, type] of Object.entries(shape?.columns ?? {})) {
    if (!isUnknownType(type)) continue;
    const { code, message } = typeNotKnown(column, type);
    complain(code, around.locate(`${column}: ${type}`), message, { isWarning: true });
  }
};
