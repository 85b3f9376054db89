/** Lets tasks wait until something has changed: each then looks whether it is what it waits for. */
export interface Changes {
  readonly next: () => Promise<void>;
  readonly happened: () => void;
}

/** When the signal is aborted, that is a change, too. */
export const changes = (signal: AbortSignal): Changes => {
  let turn = Promise.withResolvers<void>();
  const happened = () => {
    turn.resolve();
    turn = Promise.withResolvers();
  };
  signal.addEventListener("abort", happened, { once: true });
  return { next: () => turn.promise, happened };
};
