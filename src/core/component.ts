/**
 * What a component is, and the words of the project:
 *
 * - *pipeline*: a YAML file; its flows run in order.
 * - *flow*: one source, any transforms, one sink.
 * - *component*: a source, transform or sink that a YAML file can name. One file, one line in `registry.ts`.
 * - *batch*: about 1 MB of records as columns; the unit of work and of `await`. Immutable.
 * - *column*: the values of one field in a batch. A value is text or null; empty text is null.
 * - *record*: one line of the input, known by its place (`occurrence.txt:18233`).
 * - *input*: what a source reads: a file, a table of an archive.
 * - *reject*: a record that was set aside, with a code and a reason. A value, not an exception.
 * - *tally*: what became of the records, counted where it happens.
 * - *commit*: what a sink has made durable, with its tally.
 * - *citation*: what whoever uses the data must name: a DOI, a licence, an author.
 * - *session*: one connection to the database.
 */

import type { Static, TObject } from "typebox";
import type { Batch } from "./batch.ts";
import type { Complain } from "./complaint.ts";
import type { Place } from "./errors.ts";
import type { View } from "./examination.ts";
import type { Database, Session } from "./session.ts";
import type { Tally } from "./tally.ts";

/** What the runner lends a component while a flow runs. */
export interface Context {
  /** Aborted when the run is to stop; every wait that can last takes it. */
  readonly signal: AbortSignal;
  /** Aborted when the run is to stop with its next commit: a sink that can commit sooner than it would does so. */
  readonly soon?: AbortSignal | undefined;
  /** Says that there is no commit before the end of this table, once rows have come; until it is disposed of. */
  readonly loadsWhole?: (table: string) => Disposable;
  readonly log: Log;
  readonly database: Database;
  /** `run` writes; `plan` writes and is rolled back; `preview` and `validate` write nothing. */
  readonly mode: "run" | "plan" | "preview" | "validate";
  /** A new account of the records of one transaction; the only way to a commit. */
  readonly tally: () => Tally;
  /** The run, for a source that remembers what it asked a service for. */
  readonly run: RunIdentity;
  /** Changes whenever the same record might become another row than before: see `basisOf`. */
  readonly basis: () => Promise<string>;
  /** Stores with the run what its data must be cited as; it is printed at the end. */
  readonly cite: (citation: Citation) => Promise<void>;
  /** Says, before the first batch, that the source is a whole export: all that there is of something. */
  readonly reads: (whole: Export) => void;
  /**
   * The whole export that a flow of this pipeline read last, in this run or before; undefined when it read
   * none, or when another pipeline has run a flow of that name since.
   */
  readonly exportOf: (flow: string) => Promise<Export | undefined>;
}

/** All that there was of something when it was asked for. */
export interface Export {
  /** What was asked for: two exports of the same scope can be compared. */
  readonly scope: string;
  /** Which answer it is: equal when it is the same one, read again. */
  readonly identity: string;
}

export interface RunIdentity {
  /** Its number in `runner.run`; empty where nothing is written. */
  readonly id: string;
  /** `--fresh`: what earlier runs asked for is asked for anew. */
  readonly isFresh: boolean;
  /**
   * `--replay`: the records are a few that were rejected and have been repaired, so a sink adds them to what is
   * there, and nothing has vanished because it is not among them.
   */
  readonly isReplay: boolean;
  /** `plan --csv`: every row that is inserted, and every value that is updated, is a finding. */
  readonly isListing?: boolean;
  readonly pipeline: string;
  readonly flow: string;
  /** The pipeline's `lock`. */
  readonly lock: string | undefined;
}

/** What a component is lent for `runner setup`: a session in a transaction, and what is known of its flow. */
export interface Installing {
  readonly session: Session;
  /** The columns that come to it, as far as they are known without a record. */
  readonly names: readonly string[];
  readonly run: Pick<RunIdentity, "pipeline" | "flow" | "lock">;
}

/** What whoever uses the data must name, and what they need to find it again. */
export interface Citation {
  /** `10.15468/dl.abcdef`; undefined when the provider gave none. */
  readonly doi: string | undefined;
  /** The licence's name or URL. */
  readonly license: string | undefined;
  /** As it is to be printed in a publication. */
  readonly text: string;
  /** Records in it, as its provider counts them. */
  readonly records: number | undefined;
  /** What it was asked with, as JSON. */
  readonly request: object | undefined;
}

/** Sentences for the person who watches; nothing per record. */
export interface Log {
  /** Something worth knowing about a run that goes well, and about which flow of it. */
  info(sentence: string, flow?: string): void;
  /** Odd, but nothing is lost. */
  warn(sentence: string, flow?: string): void;
  /** What goes on at this moment (`GBIF: RUNNING, 23,369 records`): drawn with the progress until the next. */
  now(words: string): void;
}

/** What a sink has made durable: records inserted, updated and so on since its last commit. */
export interface Commit {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly held: number;
  /** Rows of another origin that are the pipeline's from now on; counted as updated or held too. */
  readonly adopted: number;
  /** Rows that got a new key; counted as updated or held too. */
  readonly rekeyed: number;
  /** Rows of earlier runs whose record is gone; no records of this one. */
  readonly vanished: number;
  /** Of them, those that were deleted. */
  readonly deleted: number;
  /** Rows that wait in a stage to be merged by somebody else; counted as inserted too. */
  readonly staged: number;
}

export type Source = (context: Context) => AsyncIterable<Batch>;
export type Transform = (batches: AsyncIterable<Batch>, context: Context) => AsyncIterable<Batch>;
export type Sink = (batches: AsyncIterable<Batch>, context: Context) => AsyncIterable<Commit>;

/** The five things that every component is; the option schema is the only description of its options. */
interface Definition<Options extends TObject, Stage> {
  /** The word in YAML, `snake_case`: a noun for sources and sinks, a verb for transforms. */
  readonly name: string;
  /** One sentence for the reference. */
  readonly summary: string;
  readonly options: Options;
  /** The value of one list item or of `source:`/`sink:` in YAML; a test runs it through the loader. */
  readonly example: string;
  create(options: Static<Options>): Stage;
  /**
   * Says, offline, what only the component can see is wrong with its options: in a document, for one.
   * `around` is absent where nothing is known of what comes.
   */
  check?(options: Static<Options>, complain: Complain, around?: Around): Promise<void>;
  /**
   * The tables and local files that it reads and writes, as far as its options tell. A source that uses files
   * alone is opened by `validate` when they are there, for the columns of its first batch.
   */
  uses?(options: Static<Options>): readonly Use[];
  /**
   * What a record's result depends on besides the record and the options, as a text: the content of a file
   * or of a table. Absent where there is nothing.
   */
  basis?(options: Static<Options>, context: Context): Promise<string>;
  /** A source's columns as far as its options tell them; absent or undefined when only the input can. */
  columns?(options: Static<Options>): readonly string[] | undefined;
  /**
   * Says whether all that it needs is there: tables and rights, accounts, disk. Changes nothing, asks no service.
   * A source gives what it knows will come, a transform what it makes of that, when it takes the database to know.
   */
  examine?(options: Static<Options>, view: View): Promise<Batch | undefined>;
  /** Makes in the database what the component offers to people there; says what, a sentence each. */
  install?(options: Static<Options>, installing: Installing): Promise<readonly string[]>;
  /** Removes it again, and no data; says what. */
  uninstall?(options: Static<Options>, session: Session): Promise<readonly string[]>;
}

/** What is known, offline, of what is around a component. */
export interface Around {
  /** The columns that come from the stage before; undefined when any may. */
  readonly columns: readonly string[] | undefined;
  /** Whether another flow writes the same table or file. */
  readonly isShared: boolean;
  /** The names of all flows of the pipeline. */
  readonly flows: readonly string[];
  /** Where in the component's YAML a name stands. */
  locate(subject: string): Place;
}

export type SourceDefinition<Options extends TObject = TObject> = Definition<Options, Source> & {
  readonly kind: "source";
};
export type TransformDefinition<Options extends TObject = TObject> = Definition<
  Options,
  Transform
> & { readonly kind: "transform" };
export type SinkDefinition<Options extends TObject = TObject> = Definition<Options, Sink> & {
  readonly kind: "sink";
};
/** Any component, its option types forgotten: what the registry holds. The schema stands before `create`. */
export type Component = Definition<TObject, Source | Transform | Sink> & {
  readonly kind: "source" | "transform" | "sink";
};

/** A table of the database or a local file that a component reads or writes: what flows share. */
export interface Use {
  readonly what: "table" | "file";
  /** The same for the same thing, however it is written. */
  readonly name: string;
  /** As the options have it; the caret is put under it. */
  readonly written: string;
  /** The option of which it is a part, such as a statement: then the caret is put under that. */
  readonly within?: string;
  /** `append` and `merge` leave what is there, `replace` does not. */
  readonly how: "read" | "append" | "merge" | "replace";
  /** Those that must be there to be read; all that there are, where the table or file is made. */
  readonly columns?: readonly string[];
}

/** Declares a source; the type of `create`'s argument follows from `options`. */
export const defineSource = <Options extends TObject>(
  definition: Definition<Options, Source>,
): SourceDefinition<Options> => ({ kind: "source", ...definition });

/** Declares a transform. */
export const defineTransform = <Options extends TObject>(
  definition: Definition<Options, Transform>,
): TransformDefinition<Options> => ({ kind: "transform", ...definition });

/** Declares a sink. */
export const defineSink = <Options extends TObject>(
  definition: Definition<Options, Sink>,
): SinkDefinition<Options> => ({ kind: "sink", ...definition });
