/** A download at GBIF: what it is and how it looks from outside. */

import { createHash } from "node:crypto";
import type { GbifRequest } from "./gbif-request.ts";

/** As in GBIF's API. */
export type GbifStatus =
  | "PREPARING"
  | "RUNNING"
  | "SUSPENDED"
  | "SUCCEEDED"
  | "CANCELLED"
  | "KILLED"
  | "FAILED"
  | "FILE_ERASED";

export const UNFINISHED: readonly GbifStatus[] = ["PREPARING", "RUNNING", "SUSPENDED"];

/** A download as the double keeps it; `request.creator` is whose it is. */
export interface GbifDownload {
  readonly key: string;
  readonly doi?: string;
  readonly license: string;
  readonly request: GbifRequest;
  readonly created: Date;
  readonly modified: Date;
  readonly eraseAfter: Date;
  readonly status: GbifStatus;
  readonly size: number;
  readonly totalRecords: number;
  readonly numberDatasets: number;
}

/** Dates as GBIF writes them: `2026-01-15T15:05:53.007+00:00`. */
const dateOf = (date: Date): string => date.toISOString().replace("Z", "+00:00");

/** The JSON of a download. Who asked for it and where mails go is for its owner only. */
export const describeDownload = (
  download: GbifDownload,
  base: string,
  isOwner: boolean,
): Record<string, unknown> => {
  const { key, doi, license, created, modified, eraseAfter, status, ...counts } = download;
  const { predicate, creator, notificationAddresses, ...request } = download.request;
  return {
    key,
    ...(doi === undefined ? {} : { doi }),
    license,
    request: {
      ...(predicate === undefined ? {} : { predicate }),
      ...(isOwner ? { creator, notificationAddresses } : {}),
      ...request,
    },
    created: dateOf(created),
    modified: dateOf(modified),
    eraseAfter: dateOf(eraseAfter),
    status,
    downloadLink: `${base}/occurrence/download/request/${key}.zip`,
    size: counts.size,
    totalRecords: counts.totalRecords,
    numberDatasets: counts.numberDatasets,
  };
};

/** Six months later, on the last day of the month where there is no such day. */
export const sixMonthsAfter = (date: Date): Date => {
  const later = new Date(date);
  later.setUTCMonth(date.getUTCMonth() + 6);
  if (later.getUTCDate() !== date.getUTCDate()) later.setUTCDate(0);
  return later;
};

export const doiOf = (key: string): string =>
  `10.15468/dl.${createHash("sha256").update(key).digest("hex").slice(0, 6)}`;

/** The key after this one: `0012150-260108223611665` is followed by `0012151-…`. */
export const keyAfter = (key: string): string => {
  const [number = "", stamp = ""] = key.split("-");
  return `${String(Number(number) + 1).padStart(number.length, "0")}-${stamp}`;
};

/** What GBIF compares to find a download that it need not make again. */
export const sameness = ({ creator, format, predicate }: GbifRequest): string =>
  JSON.stringify([creator, format, predicate]);
