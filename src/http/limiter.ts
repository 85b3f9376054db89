import Bottleneck from "bottleneck";

/** How often a service may be asked; null for no limit. */
export interface Rates {
  readonly perSecond: number | null;
  readonly perMinute: number | null;
}

export interface Limiter extends Disposable {
  /** Does `work` when its turn has come, one at a time; rejects when the signal is aborted before. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/**
 * One request after the other, no faster than the rates allow. The only file that knows the library;
 * its `expiration` option is never used, as it blocks the queue.
 */
export const rateLimiter = ({ perSecond, perMinute }: Rates): Limiter => {
  const queue = new Bottleneck({
    maxConcurrent: 1,
    ...(perSecond === null ? {} : { minTime: 1000 / perSecond }),
    ...(perMinute === null
      ? {}
      : {
          reservoir: perMinute,
          reservoirRefreshAmount: perMinute,
          reservoirRefreshInterval: 60_000,
        }),
  });
  // The library's own timers do not keep a process alive, and its queue may be all that is waited for.
  const alive = setInterval(() => undefined, 60_000);
  return {
    run: (work, signal) =>
      new Promise((resolve, reject) => {
        const stop = () => reject(signal.reason);
        if (signal.aborted) stop();
        signal.addEventListener("abort", stop, { once: true });
        queue
          .schedule(async () => (signal.aborted ? Promise.reject(signal.reason) : work()))
          .then(resolve, reject)
          .finally(() => signal.removeEventListener("abort", stop));
      }),
    [Symbol.dispose]: () => {
      clearInterval(alive);
      // What waits for its turn was rejected by its signal, or nobody waits for it.
      queue.stop({ dropWaitingJobs: true }).catch(() => undefined);
      void queue.disconnect();
    },
  };
};
