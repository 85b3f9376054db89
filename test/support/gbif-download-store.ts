/** The downloads that a double of GBIF knows, and how their states move on. */

import { statSync } from "node:fs";
import * as yauzl from "yauzl";
import type { GbifSettings } from "./fake-gbif.ts";
import {
  doiOf,
  type GbifDownload,
  type GbifStatus,
  keyAfter,
  sameness,
  sixMonthsAfter,
  UNFINISHED,
} from "./gbif-download.ts";
import { type GbifRequest, Refusal } from "./gbif-request.ts";

export interface DownloadStore {
  readonly downloads: ReadonlyMap<string, GbifDownload>;
  /** Makes a download and gives its key; throws a `Refusal` when the user has too many. */
  readonly create: (request: GbifRequest) => Promise<string>;
  /** The key of a download of the last 48 hours that the same user asked for in the same words. */
  readonly keyOfSame: (request: GbifRequest) => string | undefined;
  /** A download as it is now. */
  readonly look: (key: string) => GbifDownload | undefined;
  /** The same for a status request, which counts; undefined also when it is too new to be found. */
  readonly poll: (key: string) => GbifDownload | undefined;
  readonly setStatus: (key: string, status: GbifStatus) => void;
  /** The newest first. */
  readonly ofUser: (user: string) => readonly GbifDownload[];
  readonly archiveOf: (download: GbifDownload) => string;
}

const HOURS_48 = 48 * 3600 * 1000;

export const downloadStore = (options: GbifSettings): DownloadStore => {
  const { archive, now } = options;
  const downloads = new Map(options.downloads.map((download) => [download.key, download]));
  /** Downloads that move on by themselves: what their files are, and the status requests so far. */
  const moving = new Map<string, { readonly facts: Facts; polls: number }>();
  let { nextKey } = options;

  const archiveOf = ({ request }: { readonly request: GbifRequest }): string =>
    typeof archive === "string" ? archive : archive(request);

  const change = (download: GbifDownload, status: GbifStatus, facts?: Facts): GbifDownload => {
    const { key } = download;
    const isMade = status === "SUCCEEDED" && facts !== undefined;
    const made = isMade ? { ...facts, license: options.license, doi: doiOf(key) } : {};
    const changed = { ...download, ...made, status, modified: now() };
    downloads.set(key, changed);
    return changed;
  };

  const look = (key: string): GbifDownload | undefined => {
    const download = downloads.get(key);
    const { facts, polls = 0 } = moving.get(key) ?? {};
    if (download === undefined || facts === undefined) return download;
    const status = statusAfter(options, polls, +now() - +download.created);
    return status === download.status ? download : change(download, status, facts);
  };

  const ofUser = (user: string): GbifDownload[] =>
    [...downloads.keys()]
      .map((key) => look(key))
      .filter((download) => download !== undefined)
      .filter(({ request }) => request.creator === user)
      .sort((a, b) => +b.created - +a.created);

  return {
    downloads,
    archiveOf,
    look,
    ofUser,
    poll: (key) => {
      const move = moving.get(key);
      const isNew = move !== undefined && move.polls < 0;
      const download = isNew ? undefined : look(key);
      if (move) move.polls += 1;
      return download;
    },
    setStatus: (key, status) => {
      const download = look(key);
      if (download === undefined) throw new Error(`There is no download ${key}.`);
      change(download, status, moving.get(key)?.facts);
      moving.delete(key);
    },
    keyOfSame: (request) => {
      const since = +now() - HOURS_48;
      return ofUser(request.creator).find(
        ({ created, status, request: earlier }) =>
          +created >= since &&
          ["PREPARING", "RUNNING", "SUCCEEDED"].includes(status) &&
          sameness(earlier) === sameness(request),
      )?.key;
    },
    create: async (request) => {
      const unfinished = ofUser(request.creator).filter(({ status }) =>
        UNFINISHED.includes(status),
      );
      if (unfinished.length >= options.simultaneous) throw tooMany(unfinished.length);
      const path = archiveOf({ request });
      const facts = { ...(await factsOf(path)), ...picked(options) };
      const key = nextKey;
      nextKey = keyAfter(key);
      // GBIF, too, looks at the clock twice: for the end of the file's life, then when it is stored.
      const eraseAfter = sixMonthsAfter(now());
      const created = now();
      downloads.set(key, {
        key,
        license: "unspecified",
        request,
        created,
        modified: created,
        eraseAfter,
        status: options.states[0] ?? "SUCCEEDED",
        size: 0,
        totalRecords: facts.totalRecords,
        numberDatasets: 0,
      });
      moving.set(key, { facts, polls: -options.notFoundPolls });
      return key;
    },
  };
};

const picked = ({ size, totalRecords }: GbifSettings): Partial<Facts> => ({
  ...(size === undefined ? {} : { size }),
  ...(totalRecords === undefined ? {} : { totalRecords }),
});

const tooMany = (unfinished: number): Refusal =>
  new Refusal(
    420,
    `A download limitation is exceeded:\nYou have ${unfinished} downloads that are not finished, please wait for some to complete.\n`,
  );

/** The state of a download, after some status requests or some time. */
const statusAfter = (
  { states, polls, prepareMs, runMs }: GbifSettings,
  polled: number,
  elapsedMs: number,
): GbifStatus => {
  const isTimed = prepareMs !== undefined || runMs !== undefined;
  const inStates = isTimed ? elapsedMs - (prepareMs ?? 0) : Math.max(0, polled);
  const each = isTimed ? (runMs ?? 0) : polls;
  // A state that takes no time is not seen.
  const later = inStates < 0 ? 0 : each === 0 ? states.length : Math.floor(inStates / each);
  const index = isTimed && inStates >= 0 ? 1 + later : later;
  return states[Math.min(index, states.length - 1)] ?? "SUCCEEDED";
};

interface Facts {
  readonly size: number;
  readonly totalRecords: number;
  readonly numberDatasets: number;
}

/** What GBIF tells of an archive: bytes, rows of `occurrence.txt`, descriptions of data sets. */
const factsOf = async (path: string): Promise<Facts> => {
  const { size } = statSync(path);
  let totalRecords = 0;
  let numberDatasets = 0;
  // What is no zip is a download all the same: its rows cannot be counted.
  const zip = await yauzl.openPromise(path, { autoClose: false }).catch(() => undefined);
  if (zip === undefined) return { size, totalRecords, numberDatasets };
  try {
    for await (const entry of zip.eachEntry()) {
      if (/^dataset\/.+\.xml$/.test(entry.fileName)) numberDatasets += 1;
      if (entry.fileName !== "occurrence.txt") continue;
      for await (const chunk of await zip.openReadStreamPromise(entry)) {
        totalRecords += linesIn(chunk as Buffer);
      }
      totalRecords -= 1;
    }
  } finally {
    zip.close();
  }
  return { size, totalRecords, numberDatasets };
};

const linesIn = (chunk: Buffer): number => {
  let count = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count += 1;
  return count;
};
