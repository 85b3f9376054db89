/** Fetches a file and goes on where it was interrupted. */

import { writeSync } from "node:fs";
import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { setInterval } from "node:timers";
import { downloadCut, downloadFailed, downloadRefused } from "../core/errors.ts";
import type { HttpClient, HttpResponse } from "./client.ts";
import { label, sendFollowing } from "./redirect.ts";
import { networkReason, type Patience, retried, retryAfterMs, Transient } from "./retry.ts";
import { giveBack } from "./wide-reads.ts";

export interface FetchOptions {
  readonly client: HttpClient;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where it is written. What an earlier call left there is gone on with if the server still has the same. */
  readonly path: string;
  /** Bytes that it must have in the end; what the server says when absent. */
  readonly sizeBytes?: number | undefined;
  /** Told of what has arrived, some times a second. */
  readonly onProgress?: (bytes: number, total: number | undefined) => void;
  /** Told before each wait for another try. */
  readonly onWait?: Patience["onWait"];
  /** A connection that brings less than this is given up, and another one tried. */
  readonly slowest?: { readonly bytes: number; readonly withinMs: number };
  /** First wait between tries. */
  readonly firstMs?: number;
}

/** Tries without a byte of progress. */
const ATTEMPTS = 6;
const FIRST_MS = 1000;
const LONGEST_MS = 60_000;
const SLOWEST = { bytes: 64 * 1024, withinMs: 60_000 };

/** What has arrived so far, and of what: beside the file, so that the next process knows. */
interface Part {
  readonly url: string;
  /** A strong ETag, or Last-Modified; without one nothing is gone on with. */
  readonly validator: string | undefined;
  readonly total: number | undefined;
}

/**
 * Fetches `url` into `path`: goes on with Range after an interruption, begins anew when the file changed
 * or the server knows no Range, and checks the length at the end.
 *
 * Interruptions are not counted as long as each try brings something. Throws `download_refused`,
 * `download_failed` or `download_cut`; what has arrived stays for the next call, but for a file of a wrong length.
 */
export const fetchFile = async (url: URL, options: FetchOptions): Promise<void> => {
  const { path, signal, sizeBytes } = options;
  const patience = {
    attempts: ATTEMPTS,
    firstMs: options.firstMs ?? FIRST_MS,
    longestMs: LONGEST_MS,
    signal,
    ...(options.onWait ? { onWait: options.onWait } : {}),
  };
  for (;;) {
    const before = await sizeOf(path);
    try {
      const total = await retried(() => attempt(url, options, before), patience);
      const bytes = await sizeOf(path);
      const wanted = sizeBytes ?? total;
      if (wanted !== undefined && bytes !== wanted) {
        await forget(path);
        throw downloadCut(label(url), bytes, wanted);
      }
      await rm(partFile(path), { force: true });
      return;
    } catch (error) {
      if (error instanceof Progress) continue;
      if (!(error instanceof Transient)) throw error;
      if (error.status !== undefined) throw downloadRefused(label(url), error.status, "");
      throw downloadFailed(label(url), error);
    }
  }
};

/** A try that was interrupted after it had brought something: patience begins anew. */
class Progress extends Error {}

const partFile = (path: string): string => `${path}.json`;

const sizeOf = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.size ?? 0;

/** Begins anew next time. */
export const forget = async (path: string): Promise<void> => {
  await rm(path, { force: true });
  await rm(partFile(path), { force: true });
};

const partOf = async (path: string): Promise<Part | undefined> => {
  const text = await readFile(partFile(path), "utf8").catch(() => "");
  try {
    return JSON.parse(text) as Part;
  } catch {
    return undefined;
  }
};

/** One connection: gives the file's length as the server says it, when it ended well. */
const attempt = async (
  url: URL,
  options: FetchOptions,
  before: number,
): Promise<number | undefined> => {
  const { client, path, signal, sizeBytes } = options;
  const part = await partOf(path);
  const have = await sizeOf(path);
  const offset = part?.url === url.href && part.validator !== undefined ? have : 0;
  if (offset > 0 && offset === (sizeBytes ?? part?.total)) return part?.total;

  const stop = new AbortController();
  const request = {
    url,
    headers: {
      ...options.headers,
      "accept-encoding": "identity",
      ...(offset > 0 && part?.validator
        ? { range: `bytes=${offset}-`, "if-range": part.validator }
        : {}),
    },
    signal: AbortSignal.any([signal, stop.signal]),
  };
  const response = await sendFollowing(client, request).catch((error: unknown) => {
    throw transient(error, signal);
  });
  const given = await answer(url, response, {
    path,
    offset,
    total: sizeBytes ?? part?.total,
    part,
  });
  const { total } = given;
  let bytes = given.offset;
  let isSlow = false;
  const { bytes: least, withinMs } = options.slowest ?? SLOWEST;
  let mark = bytes;
  const watch = setInterval(() => {
    isSlow = bytes - mark < least;
    mark = bytes;
    if (isSlow) stop.abort();
  }, withinMs);
  const file = await open(path, given.offset > 0 ? "r+" : "w");
  try {
    // The bytes of another version are gone before this one has a name.
    await file.truncate(given.offset);
    const now: Part = { url: url.href, validator: given.validator, total };
    await writeFile(partFile(path), JSON.stringify(now));
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      // Into the system's memory, in microseconds: a thread for each of 15,000 writes per GB takes twice as long in all.
      for (let done = 0; done < chunk.length; ) {
        done += writeSync(file.fd, chunk, done, chunk.length - done, bytes + done);
      }
      bytes += chunk.length;
      giveBack(chunk);
      options.onProgress?.(bytes, sizeBytes ?? total);
    }
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).syscall === "write") throw error;
    if (bytes > before) throw new Progress();
    const reason = isSlow ? `fewer than ${least} bytes came in ${withinMs / 1000} s` : undefined;
    throw reason ? new Transient(reason) : transient(error, signal);
  } finally {
    clearInterval(watch);
    response.body.destroy();
    await file.close();
  }
  // An answer that ended well but short, as one with a wrong length: the rest is asked for.
  const wanted = sizeBytes ?? total;
  if (wanted !== undefined && bytes < wanted && given.validator !== undefined) {
    if (bytes > before) throw new Progress();
    throw new Transient(`it ended after ${bytes} of ${wanted} bytes`);
  }
  return total;
};

/** What an answer says: where its bytes begin, how long the whole file is, how to recognise it. */
const answer = async (
  url: URL,
  response: HttpResponse,
  {
    path,
    offset,
    total: wanted,
    part,
  }: { path: string; offset: number; total: number | undefined; part: Part | undefined },
): Promise<{ offset: number; total: number | undefined; validator: string | undefined }> => {
  const { status } = response;
  const etag = response.header("etag");
  const strong = etag?.startsWith("W/") ? undefined : etag;
  const validator = strong ?? response.header("last-modified");
  if (status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.header("content-range") ?? "");
    const total = range?.[3] === "*" ? wanted : Number(range?.[3]);
    const fits = Number(range?.[1]) === offset && (wanted ?? total) === total;
    if (fits && validator === part?.validator) return { offset, total, validator };
  }
  if (status === 200) {
    const length = response.header("content-length");
    return { offset: 0, total: length === undefined ? undefined : Number(length), validator };
  }
  response.body.destroy();
  if (status === 206 || status === 416) {
    // What we have is no beginning of what the server has.
    await forget(path);
    throw new Transient("the server's part does not fit what has arrived");
  }
  throw failure(url, response);
};

const failure = (url: URL, response: HttpResponse): Error => {
  const { status } = response;
  if (status !== 429 && status < 500) return downloadRefused(label(url), status, "");
  const wait = retryAfterMs(response.header("retry-after"), Date.now());
  return new Transient(`it answers ${status}`, { status, retryAfterMs: wait });
};

/** What the network says is worth another try; what we say ourselves is not. */
const transient = (error: unknown, signal: AbortSignal): unknown => {
  signal.throwIfAborted();
  const isOurs = error instanceof Error && error.name === "RunnerError";
  return isOurs ? error : new Transient(networkReason(error), { cause: error });
};
