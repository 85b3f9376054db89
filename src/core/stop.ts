import type { Log } from "./component.ts";

/** What the flow that is running holds, for whoever would stop it. */
interface Held {
  /** Its name. */
  readonly flow: string;
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
  /** To be called when rows of a table have come that has no commit before its end; until it is disposed of. */
  loadsWhole(table: string): Disposable;
}

/**
 * Turns a wish to stop (`soon`) into an abort as soon as nothing is lost by it: at once while nothing is read
 * that is not committed, such as while a service prepares an archive; else after the next commit. After a flow's
 * last one nothing is aborted: the flow is done, and the next one does not begin. Whoever wished is told which it is.
 */
export const stopAtCommit = ({
  signal: now,
  soon,
  log,
}: {
  signal: AbortSignal;
  soon?: AbortSignal | undefined;
  log: Pick<Log, "warn">;
}): Stop => {
  const controller = new AbortController();
  let running: Held = { flow: "", hasUncommitted: false, isDone: true };
  let whole: string | undefined;
  const stop = () => controller.abort(soon?.reason);
  const wish = () => {
    log.warn(running.hasUncommitted ? whenCommitted(running.flow, whole) : AT_ONCE);
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
    loadsWhole(table) {
      whole = table;
      return {
        [Symbol.dispose]() {
          whole = undefined;
        },
      };
    },
  };
};

const AT_ONCE = "Stopping at once: nothing was read that is not committed.";

const whenCommitted = (flow: string, whole: string | undefined): string =>
  whole === undefined
    ? `Stopping with the next commit of flow \`${flow}\`, which keeps what is loaded by then. Ctrl-C again stops now, and undoes what is not committed.`
    : `\`${whole}\` is loaded as a whole: it is kept if it gets to its end, which may take a while. Ctrl-C again stops now and leaves the old rows.`;
