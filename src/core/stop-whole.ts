import type { Context } from "./component.ts";

/**
 * Tells whoever asks a run to stop that there is no commit before the end of this table; until it is disposed of.
 * To be called when rows have come: before that, the wish is granted at once.
 */
export const tellWhole = (table: string, { soon, log }: Context): Disposable => {
  const tell = () =>
    log.warn(
      `\`${table}\` is loaded as a whole: it is kept if it gets to its end, which may take a while. Ctrl-C again stops now and leaves the old rows.`,
    );
  soon?.addEventListener("abort", tell, { once: true });
  return { [Symbol.dispose]: () => soon?.removeEventListener("abort", tell) };
};
