/**
 * Runs generators at the same time and gives their items as they come. The first that throws aborts `stop`,
 * which is to stop the others; so does whoever asks for no more. All have ended before that is known here.
 */
export async function* together<T>(
  generators: readonly AsyncGenerator<T>[],
  stop: AbortController,
): AsyncGenerator<T> {
  const ask = (generator: AsyncGenerator<T>) => {
    const asked = generator.next().then(
      (step) => ({ generator, step }),
      (error) => {
        stop.abort(error);
        throw stop.signal.reason;
      },
    );
    // Whoever awaits it sees the error; until then it is not an unhandled one.
    asked.catch(() => undefined);
    return asked;
  };
  const pending = new Map(generators.map((generator) => [generator, ask(generator)]));
  try {
    while (pending.size > 0) {
      const { generator, step } = await Promise.race(pending.values());
      pending.delete(generator);
      if (step.done) continue;
      pending.set(generator, ask(generator));
      yield step.value;
    }
  } finally {
    stop.abort(new Error("nobody asks for more"));
    await Promise.allSettled([
      ...pending.values(),
      ...generators.map((one) => one.return(undefined)),
    ]);
  }
}
