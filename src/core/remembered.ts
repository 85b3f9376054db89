import { statSync } from "node:fs";

/** Texts that are kept; the pipelines of a folder have fewer files. */
const MOST = 500;

/**
 * What `make` makes of a text, made once for each text: the pipelines of a folder share their files of flows,
 * queries and mappings. The text itself is the key, so a file that changes is never taken for its older self.
 */
export const remembered = <T>(make: (text: string) => T): ((text: string) => T) => {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    if (known.size >= MOST) known.clear();
    known.set(text, made);
    return made;
  };
};

/**
 * The same for what is made of files and a text beside: made again when one of the files has another size or
 * time. Nothing is kept of a file that is not there.
 */
export const rememberedByFiles = <T>() => {
  const known = new Map<string, T>();
  return (files: readonly string[], text: string, make: () => T): T => {
    let key = text;
    for (const file of files) {
      const state = statSync(file, { throwIfNoEntry: false });
      if (state === undefined) return make();
      key += `\0${file}\0${state.size} ${state.mtimeMs}`;
    }
    const made = known.get(key) ?? make();
    known.set(key, made);
    return made;
  };
};
