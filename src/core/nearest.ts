/** Names that somebody may have meant by one that is not known. */

/**
 * The one to three known names that are closest to a wrong one, best first; those that have it inside when
 * none is close by its letters; empty when there are none of those either.
 */
export const nearest = (wrong: string, known: Iterable<string>): string[] => {
  const names = [...known];
  const close = closeByLetters(wrong, names);
  return (close.length > 0 ? close : names.filter((name) => contains(name, wrong)).sort()).slice(
    0,
    3,
  );
};

const closeByLetters = (wrong: string, known: Iterable<string>): string[] => {
  const close = [...known]
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= allowedDistance(wrong, name))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  // With other capitals it is the name itself.
  const same = close.filter(({ distance }) => distance === 0);
  return (same.length > 0 ? same : close).map(({ name }) => name);
};

/** The known name that a wrong one was meant to be, if only one is close by its letters. */
export const meantName = (wrong: string, known: Iterable<string>): string | undefined => {
  const [close, other] = closeByLetters(wrong, known);
  return other === undefined ? close : undefined;
};

/**
 * The known name of which a wrong one is a slip of the pen, if there is one: written with other capitals, accents or
 * separators, or with a letter too many, too few or out of place. Columns that are merely alike are different data.
 */
export const slippedName = (wrong: string, known: Iterable<string>): string | undefined => {
  const [slip, other] = [...known].filter((name) => isSlip(plainName(wrong), plainName(name)));
  return other === undefined ? slip : undefined;
};

const plainName = (name: string): string =>
  name
    .normalize("NFD")
    .toLowerCase()
    .replace(/[\s_.-]|\p{M}/gu, "");

const isSlip = (wrong: string, name: string): boolean => {
  const letters = (text: string) => [...text].sort().join("");
  const digits = (text: string) => text.replace(/\D/g, "");
  if (wrong === name) return true;
  const isOther = wrong.length === name.length && letters(wrong) !== letters(name);
  if (name.length < 5 || isOther || digits(wrong) !== digits(name)) return false;
  return editDistance(wrong, name) === 1;
};

/** A third of the letters; of a name of one or two letters never all. */
const allowedDistance = (wrong: string, name: string): number =>
  Math.min(
    Math.max(1, Math.floor(wrong.length / 3)),
    Math.floor(Math.max(wrong.length, name.length) / 2),
  );

const contains = (name: string, wrong: string): boolean =>
  wrong.length > 3 && name.toLowerCase().includes(wrong.toLowerCase());

/** Insertions, deletions, changes, and letters that changed places: `form` is one step from `from`. */
const editDistance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? at(i - 2, j - 2) + 1 : change;
      row.push(Math.min(change, swap, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
};
