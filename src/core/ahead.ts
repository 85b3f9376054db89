/**
 * Keeps `count` items in the making while the one before them is used.
 *
 * An async generator works through its `next` calls one after the other, so asking early is all it takes.
 */
export async function* ahead<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  const pending: Promise<IteratorResult<T>>[] = [];
  const ask = () => {
    const next = iterator.next();
    // Whoever awaits it sees the error; until then it is not an unhandled one.
    next.catch(() => undefined);
    pending.push(next);
  };
  try {
    for (let asked = 0; asked < count; asked++) ask();
    for (;;) {
      const next = await pending.shift();
      if (next === undefined || next.done) return;
      ask();
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
