/** What the flow that is running holds, for whoever would stop it. */
interface Held {
  readonly hasUncommitted: boolean;
  /** Whether all is committed and nothing more comes. */
  readonly isDone: boolean;
}

/** Two ways to stop a run, as one signal for all who wait. */
export interface Stop {
  /** Aborted when the run is to stop now. */
  readonly signal: AbortSignal;
  /** To be called when a flow begins: a wish to stop waits for its next commit from then on. */
  begin(flow: Held): void;
  /** To be called after each commit. */
  committed(): void;
}

/**
 * Turns a wish to stop (`soon`) into an abort as soon as nothing is lost by it: at once while nothing is read
 * that is not committed, such as while a service prepares an archive; else after the next commit. After a flow's
 * last one nothing is aborted: the flow is done, and the next one does not begin.
 */
export const stopAtCommit = ({
  signal: now,
  soon,
}: {
  signal: AbortSignal;
  soon?: AbortSignal | undefined;
}): Stop => {
  const controller = new AbortController();
  let running: Held = { hasUncommitted: false, isDone: true };
  const stop = () => controller.abort(soon?.reason);
  const wish = () => {
    if (!running.hasUncommitted) stop();
  };
  soon?.addEventListener("abort", wish, { once: true });
  return {
    signal: AbortSignal.any([now, controller.signal]),
    begin(flow) {
      if (soon?.aborted) stop();
      running = flow;
    },
    committed() {
      if (soon?.aborted && !running.isDone) stop();
    },
  };
};
