/** The names in a list of Darwin Core, joined as GeoNature shows them: `A | B` and `A;B` are `A, B`. */
export const joinedNames = (text: string | null): string | null => {
  if (text === null || !/[|;]/.test(text)) return text;
  const names = text
    .split(/[|;]/)
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return [...new Set(names)].join(", ") || null;
};

/** What stands for people who are not to be named. */
export const ANONYMOUS = "Anonyme";
