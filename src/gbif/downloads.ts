/** What was asked of GBIF, remembered in `runner.download`, so that nothing is asked twice. */

import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Context } from "../core/component.ts";
import { gbifDownloadEnded, gbifOtherTaxonomy, gbifTooSlow } from "../core/errors.ts";
import { counted } from "../core/progress.ts";
import type { Session } from "../core/session.ts";
import type { Account, DownloadStatus, GbifApi } from "./api.ts";

/** A request as it is sent, but for who asks, and a text that is the same for all that ask the same. */
export interface ResolvedRequest {
  readonly body: object;
  readonly canonical: string;
}

export interface Patience {
  readonly reuseDays: number;
  readonly pollMs: number;
  readonly maxWaitHours: number;
}

/** A download is not known everywhere at once. */
const GRACE_MS = 60_000;
const DAY_MS = 24 * 3600 * 1000;

/**
 * The finished download that answers a request: one that this run has asked for, one that is going on,
 * one that is young enough, else a new one, waited for until it is ready.
 *
 * `isHere` tells whether an archive is in the cache; one that is neither there nor at GBIF is asked for anew.
 */
export const finishedDownload = async (
  request: ResolvedRequest,
  {
    api,
    account,
    context,
    patience,
    isHere,
  }: {
    api: GbifApi;
    account: () => Account;
    context: Context;
    patience: Patience;
    isHere: (download: DownloadStatus) => Promise<boolean>;
  },
): Promise<DownloadStatus> => {
  const memory = downloadMemory(api.url, request, context);
  const known = await memory.known(patience.reuseDays);
  if (known !== undefined) {
    if (known.status === "SUCCEEDED" && (await isHere(known))) {
      await memory.remember(known);
      return known;
    }
    const current = await api.status(known.key);
    if (current?.status === "SUCCEEDED" || (current && GOING_ON.includes(current.status))) {
      await memory.remember(current);
      context.log.info(`GBIF's download ${known.key} of ${day(known.created)} is used.`);
      return follow(current, { api, memory, context, patience });
    }
    if (current) await memory.remember(current);
  }
  context.log.now("GBIF: asking for a download");
  const who = account();
  const key = await api.request(
    { ...request.body, creator: who.user, notificationAddresses: [who.email] },
    who,
  );
  const created = await firstStatus(key, api, context, patience.pollMs);
  await memory.remember(created);
  const wanted = (request.body as { checklistKey?: string }).checklistKey;
  if (created.checklistKey !== undefined && created.checklistKey !== (wanted ?? BACKBONE)) {
    throw gbifOtherTaxonomy(key, day(created.created));
  }
  if (wanted !== undefined && wanted !== BACKBONE && created.checklistKey === undefined) {
    throw gbifOtherTaxonomy(key, day(created.created));
  }
  const isOld = Date.now() - Date.parse(created.created) > GRACE_MS;
  context.log.info(
    isOld
      ? `GBIF gives its download ${key} of ${day(created.created)} again: it keeps the same request for 48 hours.`
      : `GBIF prepares download ${key}. If this is stopped, the next run goes on waiting for it.`,
  );
  return follow(created, { api, memory, context, patience });
};

/** GBIF's frozen taxonomy of integers, used when a request names none. */
const BACKBONE = "d7dddbf4-2cf0-4f39-9b2a-bb099caae36c";

/** The known finished download of a request whose archive can be read without asking GBIF anything. */
export const cachedDownload = async (
  request: ResolvedRequest,
  { url, context, reuseDays }: { url: string; context: Context; reuseDays: number },
): Promise<DownloadStatus | undefined> => {
  const known = await downloadMemory(url, request, context).known(reuseDays);
  return known?.status === "SUCCEEDED" ? known : undefined;
};

const GOING_ON: readonly string[] = ["PREPARING", "RUNNING", "SUSPENDED"];

const day = (iso: string): string => iso.slice(0, 10);

const firstStatus = async (
  key: string,
  api: GbifApi,
  { signal }: Context,
  pollMs: number,
): Promise<DownloadStatus> => {
  const until = Date.now() + GRACE_MS;
  for (;;) {
    const found = await api.status(key);
    if (found) return found;
    if (Date.now() > until) throw gbifDownloadEnded(key, "unknown to GBIF");
    await setTimeout(Math.min(pollMs, FIRST_POLL_MS), undefined, { signal });
  }
};

const FIRST_POLL_MS = 3000;

const follow = async (
  first: DownloadStatus,
  {
    api,
    memory,
    context,
    patience,
  }: { api: GbifApi; memory: DownloadMemory; context: Context; patience: Patience },
): Promise<DownloadStatus> => {
  const until = Date.now() + patience.maxWaitHours * 3_600_000;
  let current = first;
  while (GOING_ON.includes(current.status)) {
    const { key, status, records } = current;
    context.log.now(
      `GBIF: download ${key} is ${status}${records ? `, ${counted(records, "record")}` : ""}`,
    );
    if (Date.now() > until) throw gbifTooSlow(key, status, patience.maxWaitHours);
    await setTimeout(patience.pollMs, undefined, { signal: context.signal });
    const next = await api.status(key);
    if (next === undefined) continue;
    if (next.status !== status) {
      context.log.info(`GBIF's download ${key} is ${next.status}.`);
      await memory.remember(next);
    }
    current = next;
  }
  if (current.status !== "SUCCEEDED") throw gbifDownloadEnded(current.key, current.status);
  return current;
};

interface DownloadMemory {
  /** The newest download of this request that may be used: by this run's own word, or by its age. */
  known(reuseDays: number): Promise<DownloadStatus | undefined>;
  remember(download: DownloadStatus): Promise<void>;
}

const downloadMemory = (
  service: string,
  { body, canonical }: ResolvedRequest,
  { database, run, mode }: Context,
): DownloadMemory => {
  const identity = createHash("sha256").update(canonical).digest("hex");
  return {
    async known(reuseDays) {
      await using session = await database.session();
      if (mode !== "run" && !(await hasState(session))) return undefined;
      const { rows } = await session.query<Row>(KNOWN, [service, identity]);
      const now = Date.now();
      const usable = rows.find(({ run: usedBy, status, created }) => {
        if (usedBy === run.id) return true;
        if (run.isFresh) return false;
        return GOING_ON.includes(status) || now - Date.parse(created) < reuseDays * DAY_MS;
      });
      return usable && statusOf(usable);
    },
    async remember({ key, status, created, sizeBytes, records, doi, license }) {
      await using session = await database.session();
      await session.query(REMEMBER, [
        service,
        key,
        identity,
        JSON.stringify(body),
        status,
        created,
        sizeBytes,
        records,
        doi,
        license,
        run.id,
      ]);
    },
  };
};

const hasState = async (session: Session): Promise<boolean> => {
  const { rows } = await session.query<{ present: boolean }>(
    "select to_regclass('runner.download') is not null as present",
  );
  return rows[0]?.present ?? false;
};

interface Row {
  readonly key: string;
  readonly status: string;
  readonly created: string;
  readonly size_bytes: string | null;
  readonly records: string | null;
  readonly doi: string | null;
  readonly license: string | null;
  readonly run: string;
}

const statusOf = (row: Row): DownloadStatus => ({
  key: row.key,
  status: row.status,
  created: row.created,
  sizeBytes: row.size_bytes === null ? undefined : Number(row.size_bytes),
  records: row.records === null ? undefined : Number(row.records),
  doi: row.doi ?? undefined,
  license: row.license ?? undefined,
  checklistKey: undefined,
});

const KNOWN = `
select key, status, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created,
       size_bytes::text, records::text, doi, license, run::text
  from runner.download
 where service = $1 and identity = $2
   and status in ('PREPARING', 'RUNNING', 'SUSPENDED', 'SUCCEEDED')
 order by created_at desc`;

const REMEMBER = `
insert into runner.download (service, key, identity, request, status, created_at, size_bytes, records, doi, license, run)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (service, key) do update set status = excluded.status, size_bytes = excluded.size_bytes,
  records = excluded.records, doi = coalesce(excluded.doi, download.doi),
  license = coalesce(excluded.license, download.license), run = excluded.run, updated_at = now()`;
