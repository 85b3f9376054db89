import type { Database } from "../core/session.ts";

/** How many requests a service may get in a day, counted in the database: a restart does not forget it. */
export interface Budget {
  /** Counts a request; false when the day's are used up. */
  take(): Promise<boolean>;
}

/** The day is that of UTC. `perDay` null for no limit. */
export const dayBudget = (database: Database, service: string, perDay: number | null): Budget => ({
  async take() {
    if (perDay === null) return true;
    await using session = await database.session();
    const { count } = await session.query(
      `insert into runner.budget (service, day, requests) values ($1, (now() at time zone 'UTC')::date, 1)
       on conflict (service, day) do update set requests = budget.requests + 1 where budget.requests < $2`,
      [service, perDay],
    );
    return count === 1;
  },
});

/** When the next day's budget begins, for people: `2026-11-25 00:00 UTC`. */
export const nextDay = (now: Date): string => {
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
  return `${next.toISOString().slice(0, 10)} 00:00 UTC`;
};
