import type { Changes, Finding, Findings } from "./tally.ts";

/** So many changes of each column. */
const CHANGES = 3;
/** So many findings of each kind. */
const FINDINGS = 20;

/** What the commits of a flow have changed and found, a few of each for people: all of it is in the database. */
export class FlowExamples {
  readonly #rows = new Map<string, number>();
  readonly #changes: Changes["examples"][number][] = [];
  readonly #findings = new Map<Finding["kind"], Finding[]>();

  /** What updates changed, the column of most rows first. */
  get changed(): Changes {
    const byRows = [...this.#rows].sort((a, b) => b[1] - a[1]);
    return { changes: Object.fromEntries(byRows), examples: this.#changes };
  }

  /** The first findings of each kind. */
  get findings(): readonly Finding[] {
    return [...this.#findings.values()].flat();
  }

  /** Takes in what one commit did. */
  add({ changes, examples, findings }: Changes & Findings): void {
    for (const finding of findings) {
      const ofKind = this.#findings.get(finding.kind) ?? [];
      if (ofKind.length === 0) this.#findings.set(finding.kind, ofKind);
      if (ofKind.length < FINDINGS) ofKind.push(finding);
    }
    for (const [column, rows] of Object.entries(changes)) {
      this.#rows.set(column, (this.#rows.get(column) ?? 0) + rows);
    }
    for (const example of examples) {
      const ofColumn = this.#changes.filter(({ column }) => column === example.column);
      if (ofColumn.length < CHANGES) this.#changes.push(example);
    }
  }
}
