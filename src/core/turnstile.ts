import { changes } from "./changes.ts";

/** Lets tasks in together, or one alone. */
export interface Turnstile {
  /** Waits while somebody is inside alone, or waits to be; gives what is to be called to leave. */
  enter(): Promise<() => void>;
  /** Waits until everybody has left; nobody else comes in before this one leaves. */
  enterAlone(): Promise<() => void>;
}

/** Whoever waits throws the signal's reason when it is aborted. */
export const turnstile = (signal: AbortSignal): Turnstile => {
  const turns = changes(signal);
  let inside = 0;
  let isTaken = false;
  /** Awaited once a change, as another might come in between a look and what follows an await. */
  const change = async () => {
    await turns.next();
    signal.throwIfAborted();
  };
  const leaving = (wasAlone: boolean) => () => {
    inside--;
    if (wasAlone) isTaken = false;
    turns.happened();
  };
  return {
    async enter() {
      signal.throwIfAborted();
      while (isTaken) await change();
      inside++;
      return leaving(false);
    },
    async enterAlone() {
      signal.throwIfAborted();
      while (isTaken) await change();
      isTaken = true;
      while (inside > 0) await change();
      inside++;
      return leaving(true);
    },
  };
};
