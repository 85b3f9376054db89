/**
 * Alternatives as a naturalist writes them in a cell: `Adult|Imago`, `*obscured*`, `generali?ed`.
 *
 * Upper and lower case do not differ, nor do `NATIVE_REINTRODUCED` and `nativeReintroduced`: archives
 * before 2024 have upper case.
 */
export const matcherOf = (cell: string): ((text: string) => boolean) => {
  const alternatives = cell.split("|").map((one) => normalized(one.trim()));
  const plain = new Set(alternatives.filter((one) => !/[*?]/.test(one)));
  const globs = alternatives.filter((one) => /[*?]/.test(one)).map(globOf);
  return (text) => {
    const value = normalized(text);
    return plain.has(value) || globs.some((glob) => glob.test(value));
  };
};

/** What two spellings of one word share. */
export const normalized = (text: string): string => text.toLowerCase().replaceAll("_", "");

const globOf = (glob: string): RegExp => {
  const source = glob
    .replace(/[.+^${}()[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "su");
};
