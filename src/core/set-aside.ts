import type { Rejected } from "./batch.ts";
import { cureOf } from "./codes.ts";
import { tooManyRejects } from "./errors.ts";
import { exceededLimit, type RejectLimits } from "./limits.ts";
import type { LimitPlace } from "./plan.ts";

/** So many rejects of each code are told as examples. */
const EXAMPLES = 3;
/** So many rejects that end a flow are told all of them. */
const FEW = 20;

/** How far the flow is, when its rejects are judged. */
interface Standing {
  readonly read: number;
  /** Whether there are no more records to come. */
  readonly isComplete: boolean;
  /** Whether all records are counted. */
  readonly isLast: boolean;
  /** Where people find the rejects. */
  readonly file: string | undefined;
}

/** The records that a flow has set aside so far, committed or not, and whether they are too many. */
export class SetAside {
  readonly #flow: string;
  readonly #limits: RejectLimits;
  readonly #limitFor: (code: string | undefined) => LimitPlace;
  #total = 0;
  #isJudgedWhole = false;
  readonly #byCode = new Map<string, number>();
  /** The first of each code. */
  readonly #few = new Map<string, Rejected[]>();
  readonly #again = new Set<string>();

  constructor(options: {
    flow: string;
    limits: RejectLimits;
    /** The limit for a code, or that for all together, in the YAML: what is over it is mended there. */
    limitFor: (code: string | undefined) => LimitPlace;
  }) {
    this.#flow = options.flow;
    this.#limits = options.limits;
    this.#limitFor = options.limitFor;
  }

  get total(): number {
    return this.#total;
  }

  /** How many of each code, most frequent first. */
  get byCode(): [string, number][] {
    return [...this.#byCode].sort((a, b) => b[1] - a[1]);
  }

  /** The first of each code. */
  get examples(): ReadonlyMap<string, readonly Rejected[]> {
    return new Map([...this.#few].map(([code, ofCode]) => [code, ofCode.slice(0, EXAMPLES)]));
  }

  /** Whether a limit was exceeded when all records had been counted. */
  get isJudgedWhole(): boolean {
    return this.#isJudgedWhole;
  }

  /** Whether a repaired record, by the name of the reject that it was, was set aside again. */
  isAgain(id: string): boolean {
    return this.#again.has(id);
  }

  add(rejected: readonly Rejected[]): void {
    this.#total += rejected.length;
    for (const reject of rejected) {
      if (reject.id !== undefined) this.#again.add(reject.id);
      this.#byCode.set(reject.code, (this.#byCode.get(reject.code) ?? 0) + 1);
      const ofCode = this.#few.get(reject.code) ?? [];
      if (ofCode.length === 0) this.#few.set(reject.code, ofCode);
      if (ofCode.length < FEW) ofCode.push(reject);
    }
  }

  /** Throws when they are more than a limit allows. */
  judge({ read, isComplete, isLast, file }: Standing): void {
    const exceeded = exceededLimit(this.#limits, { read, rejected: this.#byCode, isComplete });
    if (exceeded === undefined) return;
    this.#isJudgedWhole = isLast;
    // Those of a code that keeps to a limit of its own are no reason, so they are not told as one.
    const isReason = (code: string) =>
      exceeded.code === undefined ? !this.#limits.byCode.has(code) : code === exceeded.code;
    const byCode = this.byCode.filter(([code]) => isReason(code));
    const rejected = byCode.reduce((all, [, rows]) => all + rows, 0);
    const { place, parameter } = this.#limitFor(exceeded.code);
    const error = tooManyRejects({
      flow: this.#flow,
      byCode,
      read,
      isEarly: !isLast,
      limit: exceeded.text,
      parameter,
      first: [...this.#few].find(([code]) => isReason(code))?.[1][0],
      examples: byCode
        .flatMap(([code]) => this.#few.get(code) ?? [])
        .slice(0, rejected <= FEW ? FEW : EXAMPLES),
      cure: cureOf(byCode.map(([code]) => code)),
      file,
    });
    error.place = place;
    throw error;
  }
}
