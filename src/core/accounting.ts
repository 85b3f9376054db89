import type { Batch, Input, Rejected } from "./batch.ts";
import { cureOf } from "./codes.ts";
import { addsUp, type Counts, NO_ROWS, NOTHING, storeCounts, sum } from "./counts.ts";
import { doesNotAddUp, tooManyRejects } from "./errors.ts";
import { FlowExamples } from "./flow-examples.ts";
import { exceededLimit, type RejectLimits } from "./limits.ts";
import type { LimitPlace } from "./plan.ts";
import type { RejectFile, Stretch } from "./reject-file.ts";
import { rememberReplayed } from "./replayed.ts";
import type { Session } from "./session.ts";
import type { RunState, Undone } from "./state.ts";
import { storeFindings } from "./store-findings.ts";
import { storeRejects } from "./store-rejects.ts";
import type { Changes, Finding, Tally } from "./tally.ts";
import { countAttributes, type Span } from "./trace.ts";

/** What became of the records of a flow, over all its commits. */
export class FlowAccount {
  readonly flow: string;
  readonly #limits: RejectLimits;
  readonly #limitFor: (code: string | undefined) => LimitPlace;
  readonly #rejectFile: RejectFile;
  readonly #state: RunState;
  readonly #signal: AbortSignal;
  readonly #onCommit: () => void;
  readonly #span: Span;
  readonly #repaired: readonly string[];
  /** Spans of the transactions that are not committed. */
  readonly #open = new Set<Span>();
  readonly #rejectedAgain = new Set<string>();
  /** Read and rejected by the batches that passed, committed or not. */
  #read = 0;
  #bytes = 0;
  #input: Input | undefined;
  #now = "";
  #rejected = 0;
  readonly #byCode = new Map<string, number>();
  readonly #examplesByCode = new Map<string, Rejected[]>();
  readonly #examples = new FlowExamples();
  #isComplete = false;
  /** Whether a limit was exceeded when all records had been counted. */
  #isJudgedWhole = false;
  #committed: Counts = NOTHING;

  constructor(options: {
    flow: string;
    limits: RejectLimits;
    /** The limit for a code, or that for all together, in the YAML: what is over it is mended there. */
    limitFor: (code: string | undefined) => LimitPlace;
    rejectFile: RejectFile;
    state: RunState;
    signal: AbortSignal;
    /** Told of each commit, when it is durable. */
    onCommit: () => void;
    /** Each transaction is a span within it, from its first record to its commit. */
    span: Span;
    /** The names of the records, where they are repaired ones. */
    repaired?: readonly string[] | undefined;
  }) {
    this.flow = options.flow;
    this.#limits = options.limits;
    this.#limitFor = options.limitFor;
    this.#rejectFile = options.rejectFile;
    this.#state = options.state;
    this.#signal = options.signal;
    this.#onCommit = options.onCommit;
    this.#span = options.span;
    this.#repaired = options.repaired ?? [];
  }

  /** What is durable. */
  get committed(): Counts {
    return this.#committed;
  }

  /** Whether records were read that are not committed. */
  get hasUncommitted(): boolean {
    return this.#read > this.#committed.read;
  }

  /** Whether all records are committed, and there are no more. */
  get isDone(): boolean {
    return this.#isComplete && !this.hasUncommitted;
  }

  /** What updates changed, the column of most rows first. */
  get changed(): Changes {
    return this.#examples.changed;
  }

  /** The first findings of each kind. */
  get findings(): readonly Finding[] {
    return this.#examples.findings;
  }

  /** How far the flow is, for the display. */
  get progress(): {
    read: number;
    rejected: number;
    bytes: number;
    inputBytes: number | undefined;
    unit: string | undefined;
    now: string;
  } {
    return {
      read: this.#read,
      rejected: this.#rejected,
      bytes: this.#bytes,
      inputBytes: this.#input?.sizeBytes,
      unit: this.#input?.unit,
      now: this.#now,
    };
  }

  /** Remembers what goes on at this moment, for the display. */
  now(words: string): void {
    this.#now = words;
  }

  /** Rejects by code, most frequent first. */
  get rejectedByCode(): [string, number][] {
    return [...this.#byCode].sort((a, b) => b[1] - a[1]);
  }

  /** The first rejects of each code. */
  get rejectExamples(): ReadonlyMap<string, readonly Rejected[]> {
    return new Map(
      [...this.#examplesByCode].map(([code, ofCode]) => [code, ofCode.slice(0, EXAMPLES)]),
    );
  }

  /** What a run that ends here has set aside, committed or not; undefined when that is nothing. */
  get setAside(): Undone | undefined {
    if (this.#rejected === 0) return undefined;
    return {
      flow: this.flow,
      rejects: Object.fromEntries(this.rejectedByCode),
      isWhole: this.#isJudgedWhole,
      columns: this.#rejectFile.columns(this.flow),
    };
  }

  /** What was read last. */
  get input(): Input | undefined {
    return this.#input;
  }

  /** Watches the batches on their way to the sink; knows when there are no more. */
  async *watch(batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
    for await (const batch of batches) {
      this.#read += batch.read;
      this.#bytes += batch.bytes;
      this.#input = batch.input;
      yield batch;
    }
    this.#isComplete = true;
  }

  /** A new account of one transaction. */
  tally(): Tally {
    let read = 0;
    let unchanged = 0;
    let filtered = 0;
    let rejected = 0;
    /** Where those that are not stored yet are in the file: other transactions may put theirs in between. */
    let stretches: Stretch[] = [];
    const span = this.#span.child("runner.commit");
    this.#open.add(span);
    const setAside = (more: readonly Rejected[]) => {
      if (more.length === 0) return;
      rejected += more.length;
      const start = this.#rejectFile.sizeBytes;
      this.#rejectFile.append(this.flow, more);
      const last = stretches.at(-1);
      const end = this.#rejectFile.sizeBytes;
      if (last?.end === start) stretches[stretches.length - 1] = { start: last.start, end };
      else stretches.push({ start, end });
      this.#setAside(more);
    };
    const store = async (session: Session) => {
      const { run } = this.#state;
      const stored = stretches;
      stretches = [];
      await storeRejects(session, this.#rejectFile, { run, flow: this.flow, stretches: stored });
    };
    return {
      take: (batch) => {
        read += batch.read;
        unchanged += batch.unchanged;
        filtered += batch.filtered;
        setAside(batch.rejects);
      },
      refuse: async (session, refused) => {
        setAside(refused);
        await store(session);
      },
      firstTime: async (session, target, input) => {
        const { run, pipeline } = this.#state;
        const { count } = await session.query(
          `insert into runner.input (pipeline, flow, target, identity, name, run)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
          [pipeline, this.flow, target, await input.identity(), input.name, run],
        );
        return count === 1;
      },
      commit: async (session, { changes = {}, examples = [], findings = [], ...given }) => {
        const counts = { ...NO_ROWS, ...given, unchanged: (given.unchanged ?? 0) + unchanged };
        const whole = { ...counts, read, filtered, rejected };
        if (!addsUp(whole)) throw doesNotAddUp(this.flow, { ...whole });
        this.#judge(this.#isLast(read));
        await store(session);
        await storeFindings(session, { run: this.#state.run, flow: this.flow }, findings);
        await this.#writeRepaired(session, read);
        // Last, as other sessions of the run wait from here on until this one has committed.
        await storeCounts(session, whole, {
          run: this.#state.run,
          flow: this.flow,
          columns: this.#rejectFile.columns(this.flow),
        });
        await this.#state.renew(session);
        this.#signal.throwIfAborted();
        await session.commit();
        this.#committed = sum(this.#committed, whole);
        this.#open.delete(span);
        span.end(countAttributes(whole));
        this.#onCommit();
        this.#examples.add({ changes, examples, findings });
        return counts;
      },
    };
  }

  /** To be called when the flow is over: what is not committed by now is undone. */
  end(error: unknown): void {
    for (const span of this.#open) span.end({}, error);
  }

  #setAside(rejected: readonly Rejected[]): void {
    this.#rejected += rejected.length;
    for (const reject of rejected) {
      if (reject.id !== undefined) this.#rejectedAgain.add(reject.id);
      this.#byCode.set(reject.code, (this.#byCode.get(reject.code) ?? 0) + 1);
      const ofCode = this.#examplesByCode.get(reject.code) ?? [];
      if (ofCode.length === 0) this.#examplesByCode.set(reject.code, ofCode);
      if (ofCode.length < FEW) ofCode.push(reject);
    }
    this.#judge(false);
  }

  /** Whether a transaction with so many records is the last of the flow. */
  #isLast(read: number): boolean {
    return this.#isComplete && this.#committed.read + read === this.#read;
  }

  #judge(isLast: boolean): void {
    const counts = { read: this.#read, rejected: this.#byCode, isComplete: this.#isComplete };
    const exceeded = exceededLimit(this.#limits, counts);
    if (exceeded === undefined) return;
    this.#isJudgedWhole = isLast;
    // Those of a code that keeps to a limit of its own are no reason, so they are not told as one.
    const isReason = (code: string) =>
      exceeded.code === undefined ? !this.#limits.byCode.has(code) : code === exceeded.code;
    const byCode = this.rejectedByCode.filter(([code]) => isReason(code));
    const rejected = byCode.reduce((all, [, rows]) => all + rows, 0);
    const { place, parameter } = this.#limitFor(exceeded.code);
    const error = tooManyRejects({
      flow: this.flow,
      byCode,
      read: this.#read,
      isEarly: !isLast,
      limit: exceeded.text,
      parameter,
      first: [...this.#examplesByCode].find(([code]) => isReason(code))?.[1][0],
      examples: byCode
        .flatMap(([code]) => this.#examplesByCode.get(code) ?? [])
        .slice(0, rejected <= FEW ? FEW : EXAMPLES),
      cure: cureOf(byCode.map(([code]) => code)),
      file: this.#rejectFile.label,
    });
    error.place = place;
    throw error;
  }

  /**
   * With the last commit of the flow, no earlier: of a part that is committed alone, nobody knows here which
   * records are in it. A flow that stopped before is loaded again, by sinks that find what is there unchanged.
   */
  async #writeRepaired(session: Session, read: number): Promise<void> {
    const loaded = this.#repaired.filter((id) => !this.#rejectedAgain.has(id));
    if (!this.#isLast(read) || loaded.length === 0) return;
    const { pipeline, run } = this.#state;
    await rememberReplayed(session, { pipeline, flow: this.flow, run }, loaded);
  }
}

const EXAMPLES = 3;
/** So many rejects that end a flow are told all of them. */
const FEW = 20;
