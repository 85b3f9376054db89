import { changes } from "./changes.ts";

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
  const change = changes(signal);
  return {
    async put(item) {
      while (items.length >= capacity && !signal.aborted) await change.next();
      signal.throwIfAborted();
      items.push(item);
      change.happened();
    },
    end() {
      isEnded = true;
      change.happened();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        signal.throwIfAborted();
        const item = items.shift();
        if (item !== undefined) {
          change.happened();
          yield item;
        } else if (isEnded) return;
        else await change.next();
      }
    },
  };
};
