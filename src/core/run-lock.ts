import type { Session } from "./session.ts";

/** What keeps everybody else out while a pipeline runs, for who takes it by SQL. */
export interface LockRow {
  readonly name: string;
  /** What is hashed to the number of the advisory lock, behind `runner:`. */
  readonly key: string;
  /** The row that every commit must hit. */
  readonly table: "runner.lock" | "runner.lease";
  readonly column: "name" | "pipeline";
}

/** The lock of a pipeline: its `lock`, or its own lease when it has none. */
export const lockOf = ({
  pipeline,
  lock,
}: {
  readonly pipeline: string;
  readonly lock: string | undefined;
}): LockRow =>
  lock === undefined
    ? { name: pipeline, key: pipeline, table: "runner.lease", column: "pipeline" }
    : { name: lock, key: lockKey(lock), table: "runner.lock", column: "name" };

/** The name of a `lock` among those of pipelines. */
export const lockKey = (lock: string): string => `lock:${lock}`;

const KEY = "hashtextextended('runner:' || $1, 0)";

/** Whether the advisory lock could be had; a rehearsal holds it as long as its transaction. */
export const hasTaken = async (
  session: Session,
  key: string,
  { isRehearsal }: { readonly isRehearsal: boolean },
): Promise<boolean> => {
  const take = isRehearsal ? "pg_try_advisory_xact_lock" : "pg_try_advisory_lock";
  const { rows } = await session.query<{ taken: boolean }>(`select ${take}(${KEY}) as taken`, [
    key,
  ]);
  return rows[0]?.taken === true;
};

/** Gives the advisory lock back. */
export const giveBack = async (session: Session, key: string): Promise<void> => {
  await session.query(`select pg_advisory_unlock(${KEY})`, [key]);
};

/**
 * SQL: whether nobody holds the advisory lock of the pipeline that is in this column, so that what says it is
 * running was killed. What a bigint was taken by is shown as its halves.
 */
export const isUnheld = (pipeline: string): string => `not exists (
  select from pg_locks, hashtextextended('runner:' || ${pipeline}, 0) as key
   where locktype = 'advisory' and objsubid = 1 and database = (select oid from pg_database where datname = current_database())
     and classid::bigint = (key >> 32) & 4294967295 and objid::bigint = key & 4294967295)`;

interface Holder {
  readonly pipeline: string;
  readonly holder: string;
  readonly since: string;
}

const HOLDER = `select pipeline, holder || ', run ' || run as holder, to_char(started_at, 'YYYY-MM-DD HH24:MI:SS') as since
  from runner.run where status = 'running' and`;

/** What a rehearsal does, nobody else sees. */
const UNKNOWN = "by another process, perhaps a plan";

/** Who runs a pipeline, and since when, for a sentence. */
export const holderOf = async (session: Session, pipeline: string): Promise<string> => {
  const { rows } = await session.query<Holder>(
    `${HOLDER} pipeline = $1 order by run desc limit 1`,
    [pipeline],
  );
  const [found] = rows;
  return found ? `by ${found.holder}, since ${found.since}` : UNKNOWN;
};

/** Who holds a `lock`, and since when, for a sentence. */
export const lockHolderOf = async (session: Session, lock: string): Promise<string> => {
  const { rows } = await session.query<Holder>(
    `${HOLDER} run = (select run from runner.lock where name = $1)`,
    [lock],
  );
  const [found] = rows;
  return found
    ? `by pipeline \`${found.pipeline}\`, ${found.holder}, since ${found.since}`
    : UNKNOWN;
};
