/** Hands items from one task to another; who is too fast waits. */
export interface Channel<T> extends AsyncIterable<T> {
  /** Waits while the channel is full; throws what it was failed with. */
  put(item: T): Promise<void>;
  /** No more items come. */
  end(): void;
}

/**
 * A channel that holds so many items at most. When the signal is aborted, both ends throw its reason, and
 * what was not taken is forgotten.
 */
export const channel = <T>(capacity: number, signal: AbortSignal): Channel<T> => {
  const items: T[] = [];
  let isEnded = false;
  let turn = Promise.withResolvers<void>();
  const changed = () => {
    turn.resolve();
    turn = Promise.withResolvers();
  };
  signal.addEventListener("abort", changed, { once: true });
  return {
    async put(item) {
      while (items.length >= capacity && !signal.aborted) await turn.promise;
      signal.throwIfAborted();
      items.push(item);
      changed();
    },
    end() {
      isEnded = true;
      changed();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        signal.throwIfAborted();
        const item = items.shift();
        if (item !== undefined) {
          changed();
          yield item;
        } else if (isEnded) return;
        else await turn.promise;
      }
    },
  };
};
