import type { Batch, Input, Rejected } from "./batch.ts";
import { addsUp, type Counts, NO_ROWS, NOTHING, storeCounts, sum } from "./counts.ts";
import { doesNotAddUp } from "./errors.ts";
import { FlowExamples } from "./flow-examples.ts";
import type { RejectLimits } from "./limits.ts";
import type { LimitPlace } from "./plan.ts";
import type { RejectFile, Stretch } from "./reject-file.ts";
import { rememberReplayed } from "./replayed.ts";
import type { Session } from "./session.ts";
import { SetAside } from "./set-aside.ts";
import type { RunState, Undone } from "./state.ts";
import { storeFindings } from "./store-findings.ts";
import { storeRejects } from "./store-rejects.ts";
import type { Changes, Finding, Tally } from "./tally.ts";
import { countAttributes, type Span } from "./trace.ts";

/** What became of the records of a flow, over all its commits. */
export class FlowAccount {
  readonly flow: string;
  readonly #setAside: SetAside;
  readonly #rejectFile: RejectFile;
  readonly #state: RunState;
  readonly #signal: AbortSignal;
  readonly #onCommit: () => void;
  readonly #span: Span;
  readonly #repaired: readonly string[];
  /** Spans of the transactions that are not committed. */
  readonly #open = new Set<Span>();
  /** Read by the batches that passed, committed or not. */
  #read = 0;
  #bytes = 0;
  #input: Input | undefined;
  #now = "";
  readonly #examples = new FlowExamples();
  #isComplete = false;
  #committed: Counts = NOTHING;

  constructor(options: {
    flow: string;
    limits: RejectLimits;
    /** See `SetAside`. */
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
    this.#setAside = new SetAside(options);
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
      rejected: this.#setAside.total,
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
    return this.#setAside.byCode;
  }

  /** The first rejects of each code. */
  get rejectExamples(): ReadonlyMap<string, readonly Rejected[]> {
    return this.#setAside.examples;
  }

  /** What a run that ends here has set aside, committed or not; undefined when that is nothing. */
  get setAside(): Undone | undefined {
    if (this.#setAside.total === 0) return undefined;
    return {
      flow: this.flow,
      rejects: Object.fromEntries(this.rejectedByCode),
      isWhole: this.#setAside.isJudgedWhole,
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
      this.#setAside.add(more);
      this.#judge(false);
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

  /** Whether a transaction with so many records is the last of the flow. */
  #isLast(read: number): boolean {
    return this.#isComplete && this.#committed.read + read === this.#read;
  }

  #judge(isLast: boolean): void {
    this.#setAside.judge({
      read: this.#read,
      isComplete: this.#isComplete,
      isLast,
      file: this.#rejectFile.label,
    });
  }

  /**
   * With the last commit of the flow, no earlier: of a part that is committed alone, nobody knows here which
   * records are in it. A flow that stopped before is loaded again, by sinks that find what is there unchanged.
   */
  async #writeRepaired(session: Session, read: number): Promise<void> {
    const loaded = this.#repaired.filter((id) => !this.#setAside.isAgain(id));
    if (!this.#isLast(read) || loaded.length === 0) return;
    const { pipeline, run } = this.#state;
    await rememberReplayed(session, { pipeline, flow: this.flow, run }, loaded);
  }
}
