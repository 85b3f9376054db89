/** GBIF's download API, as far as the `gbif` source needs it. */

import type { Log } from "../core/component.ts";
import { gbifRefused, gbifUnauthorized, gbifUnreachable } from "../core/errors.ts";
import { duration } from "../core/progress.ts";
import type { Secret } from "../core/secret.ts";
import { type HttpClient, type HttpRequest, textOf } from "../http/client.ts";
import { label, sendFollowing } from "../http/redirect.ts";
import { networkReason, retried, retryAfterMs, Transient } from "../http/retry.ts";

/** What GBIF says of a download. */
export interface DownloadStatus {
  readonly key: string;
  /** PREPARING, RUNNING, SUSPENDED; SUCCEEDED; CANCELLED, KILLED, FAILED, FILE_ERASED. */
  readonly status: string;
  /** ISO 8601. */
  readonly created: string;
  /** Of the zip. */
  readonly sizeBytes: number | undefined;
  /** Rows of `occurrence.txt`. */
  readonly records: number | undefined;
  readonly doi: string | undefined;
  readonly license: string | undefined;
  /** The taxonomy that was asked for by name; undefined for the backbone. */
  readonly checklistKey: string | undefined;
}

/** Who asks; from the environment. */
export interface Account {
  readonly user: string;
  readonly password: Secret;
  readonly email: string;
}

export interface GbifApi {
  /** For people and for the state: without a slash at the end. */
  readonly url: string;
  /** Asks for a download; gives its key. Waits while GBIF has no free place. */
  request(body: object, account: Account): Promise<string>;
  /** Undefined when GBIF does not know it, as it may for a moment after the request. */
  status(key: string): Promise<DownloadStatus | undefined>;
  /** Where the archive is; answers with a redirect to a file server. */
  archiveUrl(key: string): URL;
}

const ANSWER_BYTES = 16 * 1024 * 1024;
const PATIENCE = { attempts: 8, firstMs: 1000, longestMs: 60_000 };
/** GBIF prepares three downloads per user at a time, one when it is busy: minutes, not seconds. */
const PLACE_MS = 60_000;
const KEY = /^\d{7}-\d{15}$/;

/** `settings.placeMs` is how long to wait for a free place when GBIF does not say it. */
export const gbifApi = (
  url: string,
  client: HttpClient,
  { signal, log, deadlineMs }: { signal: AbortSignal; log: Log; deadlineMs: number },
): GbifApi => {
  const base = url.replace(/\/+$/, "");
  const at = (path: string) => new URL(`${base}/occurrence/download/${path}`);

  /** Sends until there is an answer that makes sense: `read` throws `Transient` when it does not. */
  const ask = async <T>(
    request: Omit<HttpRequest, "signal">,
    read: (status: number, text: string) => T,
  ): Promise<T> => {
    const work = async () => {
      const timed = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      const { status, text, wait } = await answer({ ...request, signal: timed });
      if (status === 420 || status === 429 || status === 503) {
        throw new Transient(`it answers ${status}`, { status, retryAfterMs: wait ?? PLACE_MS });
      }
      if (status >= 500) throw new Transient(`it answers ${status}`, { status });
      return read(status, text);
    };
    for (;;) {
      try {
        return await retried(work, {
          ...PATIENCE,
          signal,
          onWait: ({ message, status }, waitMs) => {
            const busy = status === 420 ? "no free place for another download of yours" : message;
            log.now(`GBIF: ${busy}; trying again in ${duration(waitMs / 1000)}`);
          },
        });
      } catch (error) {
        if (!(error instanceof Transient)) throw error;
        // A busy service is waited for as long as a running download; a broken one is not.
        const isBusy = error.retryAfterMs !== undefined;
        if (!isBusy || Date.now() > deadlineMs) throw gbifUnreachable(label(request.url), error);
      }
    }
  };

  const answer = async (request: HttpRequest) => {
    try {
      const response = await sendFollowing(client, request);
      const text = await textOf(response, ANSWER_BYTES);
      const wait = retryAfterMs(response.header("retry-after"), Date.now());
      return { status: response.status, text, wait };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Error && error.name === "RunnerError") throw error;
      throw new Transient(networkReason(error), { cause: error });
    }
  };

  return {
    url: base,
    archiveUrl: (key) => at(`request/${key}.zip`),
    request: (body, { user, password }) => {
      const credentials = Buffer.from(`${user}:${password.reveal()}`).toString("base64");
      const request = {
        method: "POST" as const,
        url: at("request"),
        headers: { "content-type": "application/json", authorization: `Basic ${credentials}` },
        body: JSON.stringify(body),
      };
      return ask(request, (status, text) => {
        if (status === 401 || status === 403) throw gbifUnauthorized(user);
        if (status >= 300) throw gbifRefused(status, reasonIn(text));
        const key = text.trim().replace(/^"(.*)"$/, "$1");
        if (!KEY.test(key)) throw new Transient("its answer is no key of a download");
        return key;
      });
    },
    status: (key) =>
      ask({ url: at(key) }, (status, text) => {
        if (status === 404) return undefined;
        if (status >= 300) throw gbifRefused(status, reasonIn(text));
        return statusIn(text);
      }),
  };
};

const ANSWER_MS = 120_000;

const statusIn = (text: string): DownloadStatus => {
  const found = parsed(text);
  if (typeof found?.key !== "string" || typeof found.status !== "string") {
    throw new Transient("its answer is no description of a download");
  }
  const request = found.request as Record<string, unknown> | undefined;
  return {
    key: found.key,
    status: found.status,
    created: textOr(found.created) ?? new Date().toISOString(),
    sizeBytes: positive(found.size),
    records: typeof found.totalRecords === "number" ? found.totalRecords : undefined,
    doi: textOr(found.doi),
    license: textOr(found.license),
    checklistKey: textOr(request?.checklistKey),
  };
};

const parsed = (text: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
};

const textOr = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value !== "unspecified" ? value : undefined;

/** GBIF says 0 as long as it does not know. */
const positive = (value: unknown): number | undefined =>
  typeof value === "number" && value > 0 ? value : undefined;

/** GBIF's reason: a sentence, or JSON around one. Never more than a few lines. */
const reasonIn = (text: string): string => {
  const object = parsed(text);
  const reason = textOr(object?.message) ?? textOr(object?.error) ?? text;
  const plain = reason
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain;
};
