/** Whoever runs a pipeline is to know before it writes into a table whose rows it never wrote. */

import { firstWrite, foundBefore } from "./core/errors.ts";
import { fileLabel } from "./core/place.ts";
import type { FlowPlan, Plan, StagePlan } from "./core/plan.ts";
import { inTransaction, type Session } from "./core/session.ts";
import type { RunState } from "./core/state.ts";
import { stepsOf } from "./core/uses.ts";
import { examinePlan } from "./examine.ts";
import { askDatabase } from "./postgres/ask.ts";
import { comingFrom } from "./postgres/coming.ts";
import { quotedTable, tableParts } from "./postgres/names.ts";

/** A table that holds rows, of which none is the pipeline's. */
export interface ForeignTable {
  readonly name: string;
  /** As PostgreSQL estimates them; undefined when it has not counted yet. */
  readonly rows: number | undefined;
  /** Whether a flow would empty it first, so that the rows of others are gone. */
  readonly isEmptied: boolean;
}

/**
 * Asks whether a run may go on; false stops it, with nothing written by its flows. `yes` is an answer that was given
 * beforehand: nobody is asked then, and nothing is examined for the question's sake.
 */
export type Confirm = "yes" | ((tables: readonly ForeignTable[]) => Promise<boolean>);

/** The tables that are there, by number: what setup makes afterwards is the pipeline's own. */
export const tablesThere = async (session: Session): Promise<ReadonlySet<string>> => {
  const { rows } = await session.query<{ oid: string }>(
    "select oid::text as oid from pg_class where relkind in ('r', 'p', 'v', 'f')",
  );
  return new Set(rows.map(({ oid }) => oid));
};

/**
 * Asks about tables that the flows write for the first time, that setup has not just made, and that hold rows;
 * throws `first_write` when the answer is no. What passes is remembered, and not asked about again.
 */
export const askBeforeFirstWrite = async (
  session: Session,
  { plan, flows, state }: { plan: Plan; flows: readonly FlowPlan[]; state: RunState },
  {
    before,
    confirm,
    named = fileLabel(plan.file),
    signal,
  }: {
    before: ReadonlySet<string>;
    confirm: Confirm;
    named?: string | undefined;
    signal: AbortSignal;
  },
): Promise<void> => {
  const { targets, foreign } = await foreignTables(session, { flows, state }, before);
  if (foreign.length > 0 && confirm !== "yes") {
    await requireSinksFit(session, { plan, flows, foreign }, signal);
    if (!(await confirm(foreign))) throw firstWrite(plan.name, foreign, named);
  }
  await session.query(
    `insert into runner.target (pipeline, target, run)
     select $1, name, $2 from unnest($3::text[]) as name on conflict do nothing`,
    [state.pipeline, state.run, targets.map(({ name }) => name)],
  );
};

/**
 * The tables that the flows write, and those among them that they write for the first time, that were there `before`
 * setup, and that hold rows.
 */
export const foreignTables = async (
  session: Session,
  { flows, state }: { readonly flows: readonly FlowPlan[]; readonly state: RunState },
  before: ReadonlySet<string>,
): Promise<{ readonly targets: readonly Target[]; readonly foreign: readonly ForeignTable[] }> => {
  const targets = await targetsOf(session, flows);
  const known = await knownTargets(session, state.pipeline, flows);
  const foreign: ForeignTable[] = [];
  for (const { oid, name, rows, isEmptied } of targets) {
    if (known === "all" || known.has(name) || !before.has(oid)) continue;
    if (await holdsRows(session, name)) foreign.push({ name, rows, isEmptied });
  }
  return { targets, foreign };
};

/** Throws what a sink would stumble over in its table as it is: nobody is to be asked for a run that will fail. */
const requireSinksFit = async (
  session: Session,
  {
    plan,
    flows,
    foreign,
  }: { plan: Plan; flows: readonly FlowPlan[]; foreign: readonly ForeignTable[] },
  signal: AbortSignal,
): Promise<void> => {
  const { verdicts } = await examinePlan(
    { flows: flows.map(sinkAlone) },
    { ask: askDatabase(session), coming: comingFrom(plan.setup), signal },
  );
  const problem = verdicts.find(({ level }) => level === "problem");
  if (problem !== undefined) throw foundBefore(problem, foreign);
};

/** Sources and transforms only give their columns: to ask services and tables is the business of `doctor`. */
const sinkAlone = (flow: FlowPlan): FlowPlan => ({
  ...flow,
  source: unasked(flow.source),
  transforms: flow.transforms.map(unasked),
});

const unasked = (stage: StagePlan): StagePlan => {
  const { examine: _, ...component } = stage.component;
  return { ...stage, component };
};

/** `name` is quoted where it must be, with its schema: the same however the YAML writes it. */
interface Target extends ForeignTable {
  readonly oid: string;
}

/** The tables that the flows' sinks write; one that is not there yet, for a sink to make, has no number. */
const targetsOf = async (session: Session, flows: readonly FlowPlan[]): Promise<Target[]> => {
  const uses = stepsOf(flows)
    .map(({ use }) => use)
    .filter(({ what, how }) => what === "table" && how !== "read");
  const names = [...new Set(uses.map(({ written }) => written))];
  const parts = names.map((name) => ({
    sql: quotedTable(name),
    isEmptied: uses.some(({ written, how }) => written === name && how === "replace"),
    ...tableParts(name),
  }));
  const { rows } = await session.query<Target & { rows: number | null }>(
    `select coalesce(c.oid::text, '') as oid, nullif(c.reltuples, -1)::float8 as rows,
            bool_or(w.is_emptied) as "isEmptied",
            quote_ident(coalesce(n.nspname, w.schema, current_schema())) || '.' ||
            quote_ident(coalesce(c.relname, w.name)) as name
       from unnest($1::text[], $2::text[], $3::text[], $4::bool[]) as w (sql, schema, name, is_emptied)
       left join pg_class c on c.oid = to_regclass(w.sql) left join pg_namespace n on n.oid = c.relnamespace
      group by 1, 2, 4 order by 4`,
    [
      parts.map(({ sql }) => sql),
      parts.map(({ schema }) => schema ?? null),
      parts.map(({ name }) => name),
      parts.map(({ isEmptied }) => isEmptied),
    ],
  );
  return rows.map((row) => ({ ...row, rows: row.rows ?? undefined }));
};

/**
 * What the pipeline has written, or was allowed to. Runs of a version that did not keep this are taken for
 * leave to write wherever the same flows write.
 */
const knownTargets = async (
  session: Session,
  pipeline: string,
  flows: readonly FlowPlan[],
): Promise<ReadonlySet<string> | "all"> => {
  const { rows } = await session.query<{ target: string }>(
    "select target from runner.target where pipeline = $1",
    [pipeline],
  );
  if (rows.length > 0) return new Set(rows.map(({ target }) => target));
  const earlier = await session.query<{ flow: string }>(
    "select distinct flow from runner.flow join runner.run using (run) where pipeline = $1",
    [pipeline],
  );
  const ran = new Set(earlier.rows.map(({ flow }) => flow));
  return ran.size > 0 && flows.every(({ name }) => ran.has(name)) ? "all" : new Set();
};

/** A table that must not be read may hold anything. */
const holdsRows = async (session: Session, table: string): Promise<boolean> => {
  try {
    // A plan goes on after a refusal.
    const { rows } = await inTransaction(session, () =>
      session.query<{ found: boolean }>(`select exists (select from ${table}) as found`),
    );
    return rows[0]?.found === true;
  } catch (error) {
    if ((error as { code?: string }).code === "42501") return true;
    throw error;
  }
};
