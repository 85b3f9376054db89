/** What earlier runs did, as schema `runner` has it. Reads only. */

import { COUNTED, type Counts, NOTED } from "./counts.ts";
import { type WrittenReject, withColumns } from "./reject-file.ts";
import { isUnheld } from "./run-lock.ts";
import { inTransaction, type Session } from "./session.ts";
import { type RunStatus, type Undone, WITHOUT_FLOWS } from "./state.ts";
import type { Finding } from "./tally.ts";

/** A run of a pipeline, and what it did in all its flows together. */
export interface PastRun {
  readonly run: number;
  readonly status: RunStatus;
  /** `2026-11-24 10:15:03`, as the database's clock and time zone have it. */
  readonly started: string;
  /** Until now for one that is going on; null for one that was killed, as nobody knows when. */
  readonly seconds: number | null;
  readonly holder: string;
  readonly version: string;
  readonly error: string | null;
  /** The file of repaired records that it took instead of the sources. */
  readonly replay: string | null;
  readonly counts: Counts;
  /** What it had set aside in the flow in which it ended, and did not commit. */
  readonly undone: Omit<Undone, "columns"> | null;
  readonly dois: readonly string[];
}

/** A flow of a past run; `before` is what it did in the run to compare with. */
export interface PastFlow {
  readonly flow: string;
  readonly counts: Counts;
  readonly before: { readonly run: number; readonly counts: Counts } | null;
  /** The most frequent first; `before` is undefined where nothing is to be compared. */
  readonly rejects: readonly RejectCount[];
  /** Rows that are worth a look for another reason, by kind: `held`, `adopted`. Each column of one is a finding. */
  readonly findings: Readonly<Record<string, number>>;
  /** The first rows of each kind. */
  readonly firstFindings: readonly PastFinding[];
}

/** A row that was worth a look, or what a column of it was and is. */
export type PastFinding = Omit<Finding, "kind"> & { readonly kind: string };

export interface RejectCount {
  readonly code: string;
  readonly records: number;
  readonly before: number;
  /** Of them, those that were repaired and are loaded. */
  readonly replayed: number;
}

/** What data of a run must be cited as. */
export interface PastCitation {
  readonly citation: string;
  readonly doi: string | null;
  readonly license: string | null;
  readonly records: number | null;
}

/** Whether there is a state to read at all. */
export const hasHistory = async (session: Session): Promise<boolean> => {
  const { rows } = await session.query<{ present: boolean }>(
    "select to_regclass('runner.replayed') is not null as present",
  );
  return rows[0]?.present === true;
};

const ALL_COUNTS = [...COUNTED, ...NOTED] as const;

/** Out of JSON, as a state that an earlier version made lacks the newer columns until the next run. */
const countIn = (name: string): string => `coalesce((to_jsonb(f) ->> '${name}')::float8, 0)`;

const SUMS = ALL_COUNTS.map((name) => `coalesce(sum(${countIn(name)}), 0) as ${name}`).join(", ");

const VALUES = ALL_COUNTS.map((name) => `${countIn(name)} as ${name}`).join(", ");

type CountRow = { readonly [Name in (typeof ALL_COUNTS)[number]]: number };

const countsOf = (row: CountRow): Counts =>
  Object.fromEntries(ALL_COUNTS.map((name) => [name, row[name]])) as unknown as Counts;

/** A run that was killed says that it is running until the next one begins. */
const STATUS = `case when r.status = 'running' and ${isUnheld("r.pipeline")} then 'killed' else r.status end`;

/** The last runs of a pipeline, or the one of that number, or only those that read the sources; the newest first. */
export const pastRuns = async (
  session: Session,
  pipeline: string,
  { limit, run = null, isLoad = false }: { limit: number; run?: number | null; isLoad?: boolean },
): Promise<PastRun[]> => {
  const { rows } = await session.query<Omit<PastRun, "counts"> & CountRow>(
    `select r.run::float8 as run, ${STATUS} as status, to_char(r.started_at, 'YYYY-MM-DD HH24:MI:SS') as started,
            case when ${STATUS} <> 'killed'
                 then extract(epoch from coalesce(r.finished_at, clock_timestamp()) - r.started_at)::float8 end as seconds,
            r.holder, r.version, r.error, r.replay, ${SUMS},
            -- Of a state that an earlier version made, too.
            nullif(to_jsonb(r) -> 'undone', 'null') - 'columns' as undone,
            coalesce((select json_agg(doi order by doi) from (select distinct doi from runner.citation c
                       where c.run = r.run and doi is not null) d), '[]') as dois
       from runner.run r left join runner.flow f using (run)
      where r.pipeline = $1 and ($2::bigint is null or r.run = $2) and not ($4 and (r.replay is not null or r.status = any($5)))
      group by r.run order by r.run desc limit $3`,
    [pipeline, run, limit, isLoad, WITHOUT_FLOWS],
  );
  return rows.map((row) => ({ ...row, counts: countsOf(row) }));
};

/**
 * The flows of a run in the order of their commits. Each is compared with the last run before that did this
 * flow and got to its end; repaired records are compared with nothing, and nothing with them.
 */
export const pastFlows = async (session: Session, run: number): Promise<PastFlow[]> => {
  const { rows } = await session.query<{ flow: string; before: number | null } & CountRow>(
    `select f.flow, ${VALUES}, (
        select max(other.run)::float8 from runner.flow g join runner.run other using (run)
         where g.flow = f.flow and other.pipeline = r.pipeline and other.run < r.run and r.replay is null
           and other.status = 'done' and other.replay is null) as before
       from runner.flow f join runner.run r using (run)
      where r.run = $1 order by f.committed_at, f.flow`,
    [run],
  );
  const flows: PastFlow[] = [];
  for (const row of rows) flows.push(await withDetails(session, run, row));
  return flows;
};

const withDetails = async (
  session: Session,
  run: number,
  { flow, before, ...counts }: { flow: string; before: number | null } & CountRow,
): Promise<PastFlow> => {
  const earlier = await session.query<CountRow>(
    `select ${VALUES} from runner.flow f where run = $1 and flow = $2`,
    [before, flow],
  );
  const [countsBefore] = earlier.rows;
  const rejects = await session.query<RejectCount>(
    `select j.code, count(*) filter (where j.run = $1)::float8 as records,
            count(*) filter (where j.run = $3)::float8 as before,
            count(p.reject) filter (where j.run = $1)::float8 as replayed
       from runner.reject j join runner.run r using (run)
       left join runner.replayed p on p.pipeline = r.pipeline and p.flow = j.flow and p.reject = j.id
      where j.run in ($1, $3) and j.flow = $2
      group by j.code order by records desc, j.code`,
    [run, flow, before ?? run],
  );
  const findings = await session.query<{ kind: string; rows: number }>(
    `select kind, count(distinct key)::float8 as rows from runner.finding where run = $1 and flow = $2
      group by kind order by kind`,
    [run, flow],
  );
  const firstFindings = await session.query<PastFinding>(FIRST_FINDINGS, [run, flow]);
  return {
    flow,
    counts: countsOf(counts),
    before:
      before === null || countsBefore === undefined
        ? null
        : { run: before, counts: countsOf(countsBefore) },
    rejects: rejects.rows.map((row) => (before === null ? { ...row, before: 0 } : row)),
    findings: Object.fromEntries(findings.rows.map(({ kind, rows: found }) => [kind, found])),
    firstFindings: firstFindings.rows,
  };
};

/** Of each kind ten rows; of one that was deleted not the whole row, which is kept to bring it back. */
const FIRST_FINDINGS = `
select kind, key, to_jsonb(finding) ->> 'label' as label, column_name as column, case when column_name is not null then old end as old, new
  from (select *, dense_rank() over (partition by kind order by key) as nth
          from runner.finding where run = $1 and flow = $2) as finding
 where nth <= 10 order by kind, key, column_name`;

/** What the data of a run must be cited as. */
export const pastCitations = async (session: Session, run: number): Promise<PastCitation[]> => {
  const { rows } = await session.query<PastCitation>(
    "select citation, doi, license, records::float8 as records from runner.citation where run = $1 order by citation",
    [run],
  );
  return [...rows];
};

/** Which rejects are wanted; all where nothing is said. */
export interface RejectChoice {
  readonly flow?: string | undefined;
  readonly code?: string | undefined;
}

const PAGE_ROWS = 1000;

/** The rejects that a run committed, without those that were repaired and are loaded by now. */
export async function* committedRejects(
  session: Session,
  run: number,
  { flow, code }: RejectChoice,
): AsyncGenerator<WrittenReject> {
  await session.begin();
  try {
    await session.query(
      `declare rejects no scroll cursor for
       select j.flow, j.code, j.message, j.place, coalesce(j.id, '') as id, coalesce(j.record, j.fields::text, '') as record,
              j.fields, f.reject_columns as columns
         from runner.reject j join runner.run r using (run) left join runner.flow f using (run, flow)
        where j.run = $1 and ($2::text is null or j.flow = $2) and ($3::text is null or j.code = $3)
          and not exists (select from runner.replayed p
                           where p.pipeline = r.pipeline and p.flow = j.flow and p.reject = j.id)`,
      [run, flow ?? null, code ?? null],
    );
    for (;;) {
      const { rows } = await session.query<WrittenReject & { columns: string[] | null }>(
        `fetch ${PAGE_ROWS} from rejects`,
      );
      for (const { columns, ...reject } of rows) {
        yield { ...reject, fields: withColumns(reject.fields, columns) };
      }
      if (rows.length < PAGE_ROWS) return;
    }
  } finally {
    await session.rollback();
  }
}

/** Runs `work` on what the database has of a moment: no run comes in between two of its questions. */
export const atOneMoment = <T>(session: Session, work: () => Promise<T>): Promise<T> =>
  inTransaction(session, async () => {
    await session.query("set transaction isolation level repeatable read, read only");
    return work();
  });
