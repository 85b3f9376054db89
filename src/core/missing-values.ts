import { count } from "./progress.ts";

/** So many values are told; all of them are counted up to the second number. */
const SHOWN = 20;
const COUNTED = 100_000;

/** Values that were looked for in vain, with how many records have each. */
export class MissingValues {
  readonly #values = new Map<string, { rows: number; note: string }>();
  #rows = 0;

  /** Records without what was looked for. */
  get rows(): number {
    return this.#rows;
  }

  get values(): number {
    return this.#values.size;
  }

  /** `note` says what stands beside the value; that of its first record is kept. */
  add(value: string, note: () => string): void {
    this.#rows++;
    const known = this.#values.get(value);
    if (known) known.rows++;
    else if (this.#values.size < COUNTED) this.#values.set(value, { rows: 1, note: note() });
  }

  /** A line for each of the most frequent values, and one for how many there are beside them. */
  lines(): string[] {
    const sorted = [...this.#values].sort(([, a], [, b]) => b.rows - a.rows);
    const lines = sorted
      .slice(0, SHOWN)
      .map(([value, { rows, note }]) => `  ${value}${note}: ${records(rows)}`);
    const others = sorted.length - lines.length;
    return others > 0 ? [...lines, `  and ${count(others)} more`] : lines;
  }
}

/** `1 record`, `1,200 records`. */
export const records = (rows: number): string =>
  rows === 1 ? "1 record" : `${count(rows)} records`;
