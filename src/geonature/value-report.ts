/** Values that led to a default, counted by name and value. */
export class ValueReport {
  readonly #counts = new Map<string, Map<string, number>>();

  /** Counts one; to be given away as a function. */
  readonly add = (name: string, text: string): void => {
    const value = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
    const counts = this.#counts.get(name) ?? new Map<string, number>();
    this.#counts.set(name, counts);
    const isNew = !counts.has(value);
    const key = isNew && counts.size >= KEPT ? OTHERS : value;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };

  /** A sentence per name, most frequent values first. */
  sentences(): string[] {
    return [...this.#counts]
      .map(([name, counts]) => ({ name, counts, total: sum(counts.values()) }))
      .toSorted((a, b) => b.total - a.total)
      .map(({ name, counts, total }) => {
        const values = [...counts].toSorted((a, b) => b[1] - a[1]);
        const shown = values
          .slice(0, SHOWN)
          .map(([value, count]) => `${JSON.stringify(value)} (${count})`);
        const more = values.length > SHOWN ? ` and ${values.length - SHOWN} other values` : "";
        return `${name}: ${shown.join(", ")}${more}, in ${total} record${total === 1 ? "" : "s"}.`;
      });
  }
}

/** Distinct values kept per name, and told of each. */
const KEPT = 10_000;
const SHOWN = 20;
/** Characters kept of a value. */
const LONGEST = 80;
const OTHERS = "(others)";

const sum = (counts: Iterable<number>): number => [...counts].reduce((all, one) => all + one, 0);
