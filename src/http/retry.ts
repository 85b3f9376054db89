/** Trying again: what may pass, how long to wait, when to give up. */

import { setTimeout } from "node:timers/promises";
import { proxyBlamed } from "./proxy.ts";

/** A failure that may pass: the network, a server that is busy or broken for a while. */
export class Transient extends Error {
  override readonly name = "Transient";
  /** What the server asked for by `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;

  constructor(
    message: string,
    options: { retryAfterMs?: number | undefined; status?: number; cause?: unknown } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }
}

export interface Patience {
  /** Tries in all. */
  readonly attempts: number;
  /** The first wait is up to this, each later one up to twice the last (full jitter). */
  readonly firstMs: number;
  readonly longestMs: number;
  readonly signal: AbortSignal;
  /** Told before each wait. */
  readonly onWait?: (failure: Transient, waitMs: number) => void;
}

/** Does `work` until it does not throw `Transient`; the last one is thrown when patience is at its end. */
export const retried = async <T>(work: () => Promise<T>, patience: Patience): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      patience.signal.throwIfAborted();
      if (!(error instanceof Transient) || attempt >= patience.attempts) throw error;
      const waitMs = error.retryAfterMs ?? jittered(attempt, patience);
      patience.onWait?.(error, waitMs);
      await setTimeout(waitMs, undefined, { signal: patience.signal });
    }
  }
};

/** Somewhere between nothing and a bound that doubles: clients that failed together do not return together. */
export const jittered = (
  attempt: number,
  { firstMs, longestMs }: Pick<Patience, "firstMs" | "longestMs">,
): number => Math.random() * Math.min(longestMs, firstMs * 2 ** (attempt - 1));

/** A longer wait than this is not kept: the server's clock or ours is wrong. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** `Retry-After` in milliseconds: it is given in seconds or as a date. */
export const retryAfterMs = (value: string | undefined, now: number): number | undefined => {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS);
};

/** What a failed connection means: `connect ECONNREFUSED 127.0.0.1:1`, with what to do where it is known. */
export const networkReason = (error: unknown): string => {
  const known = error as { code?: string; message?: string; errors?: readonly Error[] };
  const reason = known.message || known.errors?.[0]?.message || known.code || String(error);
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(known.code ?? "");
  const blamed = proxyBlamed(error);
  if (blamed !== undefined) return `${blamed}: ${reason}`;
  if (!isCertificate) return reason;
  return `${reason}; if your network has a certificate authority of its own, set NODE_EXTRA_CA_CERTS to its file`;
};
