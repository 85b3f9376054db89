/** Links that end in a number, such as the page of an observation. */
export interface LinkGuess {
  /** A regular expression whose group is the number: `/observations/(\d+)`. */
  readonly pattern: string;
  /** A name for the number, of the site that most links lead to: `id_inaturalist`. */
  readonly to: string;
  /** What the number is of, as the link calls it: `observations`; empty where it says nothing. */
  readonly thing: string;
  /** Values that it matches. */
  readonly values: number;
}

/** Finds what stands before the number in most of the links of a column. */
export class LinkPattern {
  #values = 0;
  /** Part of the link before the number → site → links. */
  readonly #parts = new Map<string, Map<string, number>>();

  add(text: string): void {
    this.#values++;
    const [, host = "", part = "/"] = LINK.exec(text) ?? [];
    if (host === "") return;
    const sites = this.#parts.get(part) ?? new Map<string, number>();
    const site = host.split(".").at(-2) ?? host;
    this.#parts.set(part, sites.set(site, (sites.get(site) ?? 0) + 1));
  }

  /** Undefined when less than half of the values have the same part before the number. */
  get result(): LinkGuess | undefined {
    const [best] = [...this.#parts]
      .map(([part, sites]) => ({ part, sites, links: sum(sites.values()) }))
      .sort((a, b) => b.links - a.links);
    if (best === undefined || best.links * 2 < this.#values) return undefined;
    const [[site] = [""]] = [...best.sites].sort((a, b) => b[1] - a[1]);
    const word = site.toLowerCase().replaceAll(/\W+/g, "_");
    return {
      pattern: `${best.part.replaceAll(/[.?]/g, "\\$&")}(\\d+)/?$`,
      to: `id_${word}`,
      thing: best.part.replaceAll(/\W+/g, " ").trim().toLowerCase().replaceAll(" ", "_"),
      values: best.links,
    };
  }
}

/** Host, the last part before the number with its separators, the number. */
const LINK = /^https?:\/\/([^/\s]+)(?:\/\S*?)??((?:\/[\w.-]+)?\/|[?&][\w.-]+=)\d+\/?$/;

const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
};
