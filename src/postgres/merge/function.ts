/** The SQL function that does what the sink does, for people who work in psql, with cron, or in the target's own tools. */

import { createHash } from "node:crypto";
import { functionOfOthers } from "../../core/errors.ts";
import type { LockRow } from "../../core/run-lock.ts";
import type { Session } from "../../core/session.ts";
import { version as runnerVersion } from "../../version.ts";
import { quotedTable, tableParts } from "../names.ts";
import { functionBody } from "./function-body.ts";
import { literal, sameKey } from "./key-sql.ts";
import type { MergeParts } from "./merge.ts";
import type { StageOption } from "./stage.ts";

/** All that the function is made of. */
export interface MergeFunction extends MergeParts {
  readonly stage: StageOption;
  /** The stage's table for SQL. */
  readonly stageSql: string;
  readonly keyJoin: string;
  readonly lock: LockRow;
  readonly runnerVersion: string;
}

/** What is known of a merge where its function is made. */
export type FunctionParts = MergeParts & Pick<MergeFunction, "stage" | "lock">;

/** The function's SQL: `create` makes it, `version` is in its comment and changes with everything that it does. */
export const mergeFunction = (parts: FunctionParts): { create: string; version: string } => {
  const { stage, shape } = parts;
  const { part } = stage;
  const merge: MergeFunction = {
    ...parts,
    stageSql: quotedTable(stage.table),
    keyJoin: sameKey(shape, "track", "stage"),
    runnerVersion,
  };
  const body = functionBody(merge);
  const version = createHash("sha256").update(body).digest("hex").slice(0, 12);
  const name = quotedTable(stage.function);
  const create = `
create or replace function ${name}(${part.parameter} ${part.type} default null, p_dry_run boolean default false)
returns table (${part.column} ${part.type}, inserted bigint, updated bigint, unchanged bigint, held bigint)
language plpgsql security invoker set search_path from current
as $function$${body}$function$;
comment on function ${name}(${part.type}, boolean) is ${literal(`${OURS}${runnerVersion}, version ${version}: merges ${stage.table} into ${shape.table.name} as the pipeline does. Made by \`runner setup\`; \`runner setup --uninstall\` removes it.`)};`;
  return { create, version };
};

/** How the comment of a function that was made here begins. */
const OURS = "runner ";

interface Found {
  readonly signature: string;
  readonly comment: string | null;
}

/** Makes the function unless it is there and the same; gives what was done, for people. */
export const installFunction = async (
  session: Session,
  parts: FunctionParts,
): Promise<string | undefined> => {
  const { create, version } = mergeFunction(parts);
  const { stage } = parts;
  const present = await functionsNamed(session, stage.function);
  const other = present.find(({ comment }) => !isOurs(comment));
  if (other) throw functionOfOthers(stage.function, `drop function ${other.signature};`);
  if (present.some(({ comment }) => comment?.includes(` version ${version}:`))) return undefined;
  const own = `(${stage.part.type}, boolean)`;
  for (const { signature } of present) {
    // Of another signature; the same one is replaced, and keeps its grants.
    if (!signature.replaceAll(" ", "").endsWith(own.replaceAll(" ", "")))
      await session.script(`drop function ${signature}`);
  }
  await session.script(create);
  return `Function ${stage.function}, version ${version}.`;
};

/** Removes the function if it was made here; gives what was done, for people. */
export const uninstallFunction = async (
  session: Session,
  { function: name }: StageOption,
): Promise<readonly string[]> => {
  const ours = (await functionsNamed(session, name)).filter(({ comment }) => isOurs(comment));
  for (const { signature } of ours) await session.script(`drop function ${signature}`);
  return ours.map(({ signature }) => signature);
};

const isOurs = (comment: string | null): boolean => comment?.startsWith(OURS) ?? false;

const functionsNamed = async (session: Session, name: string): Promise<readonly Found[]> => {
  const parts = tableParts(name);
  const { rows } = await session.query<Found>(
    `select format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid)) as signature,
            obj_description(pg_proc.oid, 'pg_proc') as comment
       from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
      where proname = $1 and nspname = coalesce($2, current_schema())`,
    [parts.name, parts.schema ?? null],
  );
  return rows;
};
