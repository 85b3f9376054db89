/** iNaturalist's API v2, as far as ids are looked up in it. */

import { inaturalistRefused, inaturalistUnreachable } from "../core/errors.ts";
import { duration } from "../core/progress.ts";
import { type HttpClient, textOf } from "../http/client.ts";
import type { Limiter } from "../http/limiter.ts";
import { label, sendFollowing } from "../http/redirect.ts";
import { networkReason, retried, retryAfterMs, Transient } from "../http/retry.ts";
import type { Budget } from "./budget.ts";

/** Observations by id, as far as iNaturalist has them, and the ids that it could not be asked for. */
export interface Answers {
  readonly found: ReadonlyMap<string, Record<string, unknown>>;
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
}

/** The day's requests are used up. */
export class BudgetUsedUp extends Error {}

export interface Lookup {
  /** Of the endpoint: `https://api.inaturalist.org/v2/observations`. */
  readonly url: URL;
  /** As the API takes them. */
  readonly fields: string;
  readonly client: HttpClient;
  readonly limiter: Limiter;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  /** Told what is waited for. */
  readonly now: (words: string) => void;
  /** First wait after a failure; a second when absent. */
  readonly firstMs?: number;
}

const ANSWER_BYTES = 64 * 1024 * 1024;
const ANSWER_MS = 120_000;
const LONGEST_MS = 60_000;
/** Tries of a whole batch, and of a part of one that failed. */
const ATTEMPTS = 6;
const PART_ATTEMPTS = 2;
/** More than so many failures in a row are no fault of one id: 200 are halved to 1 in 8 steps. */
const FAILURES_IN_A_ROW = 12;

/** An answer that is about this request, not about the service: asking for fewer ids may help. */
class Unusable extends Error {}

/**
 * Looks ids up, at most 200 per call. A batch that keeps failing is halved until the id that breaks it
 * is found. Throws `inaturalist_refused`, `inaturalist_unreachable`, or `BudgetUsedUp`.
 */
export const observationLookup = (lookup: Lookup) => {
  let failures = 0;

  const ask = async (ids: readonly string[], attempts: number): Promise<Answers> => {
    try {
      const found = await retried(() => request(ids, lookup), {
        attempts,
        firstMs: lookup.firstMs ?? 1000,
        longestMs: LONGEST_MS,
        signal: lookup.signal,
        onWait: ({ message }, waitMs) =>
          lookup.now(`iNaturalist: ${message}; trying again in ${duration(waitMs / 1000)}`),
      });
      failures = 0;
      return { found, failed: [] };
    } catch (error) {
      const isPartial =
        error instanceof Unusable || (error instanceof Transient && (error.status ?? 0) >= 500);
      failures++;
      if (!(error instanceof Transient || error instanceof Unusable)) throw error;
      if (!isPartial || failures > FAILURES_IN_A_ROW) {
        throw inaturalistUnreachable(label(lookup.url), error);
      }
      const [id] = ids;
      if (ids.length === 1 && id) {
        return { found: new Map(), failed: [{ id, reason: error.message }] };
      }
      const half = Math.ceil(ids.length / 2);
      const left = await ask(ids.slice(0, half), PART_ATTEMPTS);
      const right = await ask(ids.slice(half), PART_ATTEMPTS);
      return {
        found: new Map([...left.found, ...right.found]),
        failed: [...left.failed, ...right.failed],
      };
    }
  };

  return (ids: readonly string[]): Promise<Answers> => ask(ids, ATTEMPTS);
};

/** One request: the observations by id. */
const request = async (
  ids: readonly string[],
  { url: endpoint, fields, client, limiter, budget, signal }: Lookup,
): Promise<Map<string, Record<string, unknown>>> => {
  const url = new URL(endpoint);
  // Written by hand: `URLSearchParams` would make the commas `%2C`, and the address three times as long.
  url.search = `?id=${ids.join(",")}&fields=${fields}&per_page=${ids.length}`;
  const { status, text, wait } = await limiter.run(async () => {
    if (!(await budget.take())) throw new BudgetUsedUp();
    try {
      const timed = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      const headers = { accept: "application/json" };
      const response = await sendFollowing(client, { url, headers, signal: timed });
      const body = await textOf(response, ANSWER_BYTES);
      const after = retryAfterMs(response.header("retry-after"), Date.now());
      return { status: response.status, text: body, wait: after };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Error && error.name === "RunnerError") throw error;
      throw new Transient(networkReason(error), { cause: error });
    }
  }, signal);
  if (status === 429 || status >= 500) {
    throw new Transient(`it answers ${status}`, { status, retryAfterMs: wait });
  }
  if (status === 401 || status === 403) throw inaturalistRefused(label(url), status, text);
  if (status >= 300) throw new Unusable(`it answers ${status}: ${reasonIn(text)}`);
  const page = parsed(text);
  // Truncated JSON, an HTML page: a fault of the moment, or of what was asked for.
  if (page === undefined)
    throw new Transient("its answer is no JSON of observations", { status: 502 });
  if (page.total_results > page.results.length) {
    throw new Unusable(`it gave ${page.results.length} of ${page.total_results} observations`);
  }
  return new Map(page.results.map((result) => [String(result.id), result]));
};

interface Page {
  readonly total_results: number;
  readonly results: readonly Record<string, unknown>[];
}

const parsed = (text: string): Page | undefined => {
  try {
    const page = JSON.parse(text) as Page;
    return Array.isArray(page?.results) && typeof page.total_results === "number"
      ? page
      : undefined;
  } catch {
    return undefined;
  }
};

/** `{"errors":[{"message": …}]}`, or the beginning of what came instead. */
export const reasonIn = (text: string): string => {
  const first = /"message"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? text;
  const plain = first
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
};
