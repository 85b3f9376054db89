/** Values that led to a default, counted by name and value. */
export class ValueReport {
  readonly #counts = new Map<string, Map<string, number>>();

  /** Counts one; to be given away as a function. */
  readonly add = (name: string, value: string): void => {
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
          .map(([value, count]) => `${shortened(value)} ${count}`);
        const more = values.length > SHOWN ? ` and ${values.length - SHOWN} other values` : "";
        return `${name}: ${shown.join(", ")}${more}; ${total} record${total === 1 ? "" : "s"}.`;
      });
  }
}

/** Distinct values kept per name, and told of each. */
const KEPT = 10_000;
const SHOWN = 20;
const OTHERS = "(others)";

const sum = (counts: Iterable<number>): number => [...counts].reduce((all, one) => all + one, 0);

const shortened = (value: string): string =>
  JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value);
