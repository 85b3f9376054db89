/** What a person at the keyboard, or a service manager, asks of a run. */

import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";

/** `soon` asks to stop with the next commit, `now` at once; the reason is the signal's name. */
export interface StopRequests {
  readonly now: AbortSignal;
  readonly soon: AbortSignal;
}

/** npm hands a signal on within milliseconds; nobody presses so fast. */
const ONE_PRESS_MS = 100;

/**
 * Ctrl-C asks to stop with the next commit, Ctrl-C again to stop now, a third one ends the process; a request to
 * end does not wait.
 *
 * The listener stays between the first two: Node drops a signal that came while it was busy, when the listener of
 * the one before it has been removed.
 */
export const stopRequests = (
  signals: EventEmitter,
  { comesTwice, clock = () => performance.now() }: { comesTwice: boolean; clock?: () => number },
): StopRequests => {
  const [now, soon] = [new AbortController(), new AbortController()];
  let firstMs = 0;
  const onInterrupt = () => {
    if (!soon.signal.aborted) {
      firstMs = clock();
      soon.abort("SIGINT");
      return;
    }
    if (comesTwice && clock() - firstMs < ONE_PRESS_MS) return;
    signals.removeListener("SIGINT", onInterrupt);
    now.abort("SIGINT");
  };
  signals.on("SIGINT", onInterrupt);
  signals.once("SIGTERM", () => now.abort("SIGTERM"));
  return { now: now.signal, soon: soon.signal };
};

/**
 * Whether one Ctrl-C comes twice: from the terminal, and from npm, which hands it on to what it has started. Where
 * a shell stays in between, as Debian's does, it ends there.
 */
export const interruptsComeTwice = (environment: NodeJS.ProcessEnv, parent: number): boolean => {
  if (environment.npm_command === undefined) return false;
  try {
    // npm calls its process `npm exec runner …`; the variable is there, too, far below what npm has started.
    return /^np[mx]\b/.test(readFileSync(`/proc/${parent}/comm`, "utf8"));
  } catch {
    // Not Linux: its shell gives way to the one command that it runs.
    return true;
  }
};
