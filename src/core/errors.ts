/**
 * Everything the runner can complain of, one function each: the whole vocabulary in one sitting.
 *
 * A message says what happened (with the value), where, and what to do. Messages about single records
 * are not here but beside the rule that makes them: a bad record is a value, a broken run an exception.
 */

import { dirname } from "node:path";
import type { FileKind } from "./file-kind.ts";
import type { LockHolder } from "./file-lock.ts";
import { nearest } from "./nearest.ts";
import { fileLabel, withoutPassword } from "./place.ts";
import { RUNNER } from "./program.ts";
import { counted } from "./progress.ts";

/** 1: a flow failed; 2: the configuration is wrong; 3: the environment is (database, credentials, disk). */
export type ExitCode = 1 | 2 | 3;

/** A position in a YAML file, counted from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where the file was included, when it is not the pipeline itself. */
  readonly includedFrom?: Place;
  /** The parameter of an included file that is not given here, so that its default counts, and where that stands. */
  readonly fallback?: { readonly parameter: string; readonly place: Place };
}

/** A failure with a stable `code`, a sentence for people, and where it happened once that is known. */
export class RunnerError extends Error {
  override readonly name = "RunnerError";
  readonly code: string;
  readonly exitCode: ExitCode;
  /** The name that is wrong, if one is: the loader puts the caret under it. */
  readonly subject: string | undefined;
  /** The character of the subject that it is about, from 1, where that is a text such as a statement. */
  readonly position: number | undefined;
  /** The part of the pipeline that it happened in; the runner adds it on the error's way up. */
  place: Place | undefined;
  /** What became of the flow that it ended, as a sentence; the runner adds that, too. */
  aftermath: string | undefined;
  /** Codes of the rejects that it is about: they are explained before its own. */
  readonly rejectCodes: readonly string[];

  constructor(
    code: string,
    exitCode: ExitCode,
    message: string,
    options: {
      subject?: string;
      position?: number | undefined;
      cause?: unknown;
      rejectCodes?: readonly string[];
    } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.exitCode = exitCode;
    this.subject = options.subject;
    this.position = options.position;
    this.rejectCodes = options.rejectCodes ?? [];
  }
}

/** The message of anything that was thrown, without the class name and the stack. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** "`a`, `b` and `c`": names in a sentence; from the 12th on only their number. */
export const listed = (names: Iterable<string>): string => {
  const all = [...names].map((name) => `\`${name}\``);
  if (all.length > 12) return `${all.slice(0, 11).join(", ")} and ${all.length - 11} more`;
  return all.length < 2 ? (all[0] ?? "none") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
};

/** " Did you mean `from`?", or what was possible, or nothing. Begins with a space. */
export const suggestion = (wrong: string, known: Iterable<string>): string => {
  const all = [...known];
  const close = nearest(wrong, all);
  if (close.length > 0) return ` Did you mean ${close.map((name) => `\`${name}\``).join(" or ")}?`;
  return all.length > 0 ? ` There is ${listed(all)}.` : "";
};

// Columns

/** A transform or a sink names a column that the batch does not have. */
export const unknownColumn = (name: string, known: Iterable<string>): RunnerError =>
  new RunnerError(
    "unknown_column",
    2,
    looksLikeSql(name)
      ? `\`${name}\` is SQL, and the name of a column is wanted here: SQL belongs into the source \`postgres\`, or into \`derive\` of \`postgres_upsert\`.`
      : `There is no column \`${name}\` here.${suggestion(name, known)}`,
    { subject: name },
  );

/** A call, a cast or a concatenation; a column of an archive may well have blanks and brackets in its name. */
const looksLikeSql = (name: string): boolean => /^\w+\(.*\)$|\w::\w|\|\|/.test(name);

/** A stage reads columns that the pipeline does not name one by one, and the batch does not have them. */
export const unknownColumns = (names: readonly string[], known: Iterable<string>): RunnerError => {
  const [first = "", ...others] = names;
  if (others.length === 0) return unknownColumn(first, known);
  return new RunnerError(
    "unknown_column",
    2,
    `There are no columns ${listed(names)} here. There is ${listed(known)}.`,
    { subject: first },
  );
};

/** `filter` without a condition, or with two. */
export const filterCondition = (given: number): RunnerError =>
  new RunnerError(
    "filter_condition",
    2,
    `\`filter\` takes exactly one of \`in\`, \`not_in\`, \`matches\` and \`present\`; it has ${given === 0 ? "none" : given}. ` +
      "For several conditions, write several filters.",
  );

/** `file` with a separator for a format that has its own. */
export const delimiterUnused = (format: string): RunnerError =>
  new RunnerError(
    "delimiter_unused",
    2,
    `\`delimiter\` is of \`format: csv\`, and this is \`${format}\`, which has its own. Leave it out, or write \`format: csv\`.`,
    { subject: "delimiter" },
  );

// Validating

/** A folder that was to be validated has nothing to validate. */
export const noPipelineThere = (folder: string): RunnerError =>
  new RunnerError(
    "no_pipeline_there",
    2,
    `There is no pipeline in ${folder}: no \`.yaml\` file with a \`name\` and \`flows\`.`,
  );

/** Pipelines of one name and one database take each other for the same one; `more` are those besides the first two. */
export const duplicatePipeline = (
  name: string,
  other: string,
  more: readonly string[] = [],
): RunnerError =>
  new RunnerError(
    "duplicate_pipeline",
    2,
    `\`${name}\` is the name of ${more.length > 0 ? "other pipelines" : "another pipeline"} of the same database, too: ${[other, ...more.slice(0, 5)].join(", ")}${more.length > 5 ? ` and ${more.length - 5} more` : ""}. Runs and locks go by the name: give this one another.`,
    { subject: name },
  );

/** A password in a file that is shared. */
export const passwordInPipeline = (): RunnerError =>
  new RunnerError(
    "password_in_pipeline",
    2,
    "There is a password in the pipeline, which whoever gets the file can read. Write `database: ${DATABASE_URL}` and give the URL in the environment; or leave the password out of the URL, and put it into `~/.pgpass`. If others had the file already, change the password.",
    { subject: "database" },
  );

/** Two pipelines empty the same table, and nothing keeps them from doing so at the same time. */
export const lockNotShared = (
  table: string,
  pipeline: string,
  { file, lock }: { readonly file: string; readonly lock: string | undefined },
): RunnerError =>
  new RunnerError(
    "lock_not_shared",
    2,
    `Pipeline \`${pipeline}\`, ${file}, empties \`${table}\`, too, and may do so while this one runs. ` +
      `Give ${lock === undefined ? "both the same `lock`" : `this one \`lock: ${lock}\` as well`}, or each a table of its own.`,
    { subject: pipeline },
  );

/** A local file or folder that a source reads, and that no earlier flow writes. */
export const inputMissing = (
  path: string,
  name: string,
  beside: readonly string[],
): RunnerError => {
  const close = nearest(name, beside);
  const [, variable] = /\$([A-Za-z_]\w*)/.exec(path) ?? [];
  const advice = variable ? ` A variable is written \`\${${variable}}\`.` : "";
  return new RunnerError(
    "input_missing",
    2,
    `There is no file or folder ${path}.${close.length > 0 ? suggestion(name, close) : advice}`,
    { subject: path },
  );
};

/** A table is read by a column that the flow which makes it does not give it. */
export const columnNotCreated = (
  table: string,
  column: string,
  { known, where }: { known: readonly string[]; where: string },
): RunnerError =>
  new RunnerError(
    "column_not_created",
    2,
    `Table \`${table}\`, as it is made at ${where}, has no column \`${column}\`.${suggestion(column, known)}`,
    { subject: column },
  );

/** A table is read by a flow that runs before the one that makes it. */
export const readTooEarly = (table: string, flow: string, where: string): RunnerError =>
  new RunnerError(
    "read_too_early",
    2,
    `\`${table}\` is made only later, by flow \`${flow}\` (${where}): the first run will not find it. Put that flow before this one.`,
    { subject: table },
  );

/** A table that is read is nearly one that the pipeline writes. */
export const tableNotWritten = (table: string, written: Iterable<string>): RunnerError =>
  new RunnerError(
    "table_not_written",
    2,
    `No flow writes \`${table}\`, and no script of \`setup\` names it.${suggestion(table, written)}`,
    { subject: table },
  );

/** A flow empties the table that another has filled, and nobody has read it. */
export const overwritten = (table: string, flow: string, where: string): RunnerError =>
  new RunnerError(
    "overwritten",
    2,
    `This empties \`${table}\`, which flow \`${flow}\` has filled before (${where}): what that flow loads is lost. ` +
      "Give each its own table, or name both inputs in one flow.",
    { subject: table },
  );

/** `append` remembers its inputs, and a second run finds the table emptied by another flow. */
export const appendAfterReplace = (table: string, flow: string, where: string): RunnerError =>
  new RunnerError(
    "append_after_replace",
    2,
    `Flow \`${flow}\` empties \`${table}\` in each run (${where}), and \`append\` adds an input only once: from the second run on, these records are missing. ` +
      "Give each its own table, or use `postgres_upsert` here.",
    { subject: table },
  );

/** `create` of a sink lacks a column that its flow gives. */
export const createLacksColumns = (table: string, missing: readonly string[]): RunnerError =>
  new RunnerError(
    "create_lacks_columns",
    2,
    `\`create\` of \`${table}\` does not have ${listed(missing)}, which ${missing.length === 1 ? "is a column" : "are columns"} of this flow. ` +
      "Add what is to be stored, with its type; leave the rest out with `project`.",
    { subject: "create" },
  );

/** `create` of a sink has a column that its flow does not give. */
export const createColumnUnused = (
  table: string,
  column: string,
  given: readonly string[],
): RunnerError => {
  const close = nearest(column, given);
  const advice =
    close.length > 0 ? suggestion(column, given) : " Leave it out, or let the flow give it.";
  return new RunnerError(
    "create_column_unused",
    2,
    `No column \`${column}\` comes to this sink, so that it would be empty in each row of \`${table}\`.${advice}`,
    { subject: column },
  );
};

/** A condition that no record meets, after what was said of its column before. */
export const neverARecord = (column: string, reason: string): RunnerError =>
  new RunnerError(
    "never_a_record",
    2,
    `No record can pass here: \`${column}\` ${reason}. The flow would load nothing.`,
    { subject: column },
  );

// Reading

/** A line without an end: the file is probably not the kind of text it is taken for. */
export const lineTooLong = (input: string, maxBytes: number, line?: number): RunnerError =>
  new RunnerError(
    "line_too_long",
    1,
    `${line === undefined ? "A line" : `Line ${line}`} of ${input} is longer than ${maxBytes / 1024 / 1024} MB. ` +
      "Is this the text file that it should be (`head -c 300` shows its beginning), with the line ends that it is said to have, and each quote closed?",
  );

/** A path that names nothing. */
export const archiveMissing = (path: string, cause: unknown): RunnerError =>
  new RunnerError("archive_missing", 2, `There is no file or folder ${fileLabel(path)}.`, {
    subject: path,
    cause,
  });

/** A path of `--replay` that names nothing. */
export const replayMissing = (path: string, cause: unknown): RunnerError =>
  new RunnerError(
    "replay_missing",
    2,
    `There is no file ${fileLabel(path)} with repaired records.`,
    { subject: path, cause },
  );

/** A folder where one file is to be read. */
export const inputIsFolder = (path: string, source: string): RunnerError =>
  new RunnerError(
    "input_is_folder",
    2,
    `${path} is a folder, and \`${source}\` reads one file: name the file.`,
    { subject: path },
  );

/** A file of 0 bytes. */
export const archiveEmpty = (archive: string): RunnerError =>
  new RunnerError("archive_empty", 1, `${archive} is empty: 0 bytes. Was its download finished?`);

/** A zip or tar whose directory cannot be read; the words of the libraries are those of their authors. */
export const archiveBroken = (archive: string, cause: unknown): RunnerError => {
  const words = messageOf(cause);
  const [, said = words.replace(/\.$/, ""), other] =
    DAMAGES.find(([pattern]) => pattern.test(words)) ?? [];
  const message = other
    ? `${archive} ${said}. ${other}`
    : `${archive} is damaged or was cut off: ${said}. Fetch it again.`;
  return new RunnerError("archive_broken", 1, message, { cause });
};

/** What the libraries' words mean; with something else to do, it is a whole sentence. */
const DAMAGES: readonly (readonly [words: RegExp, said: string, cure?: string])[] = [
  [
    /multi-disk/,
    "is one part of a zip in several parts",
    "Put them together with `zip -s 0 NAME.zip --out whole.zip`, or fetch it in one piece.",
  ],
  [/strong encryption/, "is encrypted", "Unpack it with its password and name the folder instead."],
  [
    /TAR_BAD_ARCHIVE/,
    "is compressed by gzip, and there is no tar in it",
    "If it is a single file, unpack it with `gunzip` and name that.",
  ],
  [/End of central directory|unexpected E(OF|nd)/i, "its end is missing"],
  [/comment length/, "its end is missing, or something stands behind it"],
  [/central directory|zip64|extra field|header signature/, "its list of files is damaged"],
  [/TAR_|^invalid |incorrect (header|data) check/, "its content cannot be uncompressed"],
];

/** A file that is no text, or no archive, as its first bytes say; `source` is undefined for who reads archives. */
export const wrongKind = (
  { name, path }: { readonly name: string; readonly path: string },
  kind: FileKind,
  source?: string,
): RunnerError => {
  const reads = source === undefined ? "no Darwin Core Archive" : `not what \`${source}\` reads`;
  // A page came instead of the data; with all others, the pipeline names the wrong file or source.
  return new RunnerError(
    "wrong_kind",
    kind === "html" ? 1 : 2,
    `${name} is ${KIND_NAMES[kind]}, ${reads}. ${KIND_CURES[kind]}`,
    kind === "html" ? {} : { subject: path },
  );
};

/** Behind "is". */
const KIND_NAMES: Readonly<Record<FileKind, string>> = {
  zip: "a zip archive",
  xlsx: "an Excel workbook (.xlsx)",
  xls: "an old Excel workbook (.xls)",
  ods: "a LibreOffice spreadsheet (.ods)",
  gzip: "compressed by gzip",
  packed: "compressed (7z, rar, xz, bzip2 or zstd)",
  pdf: "a PDF document",
  html: "a web page",
};

const SHEET_CURE = "Save its sheet as CSV in UTF-8, and read that with `csv`.";
const KIND_CURES: Readonly<Record<FileKind, string>> = {
  zip: "The source `dwca` reads a zip as it is; or unpack it and name the file.",
  xlsx: SHEET_CURE,
  xls: SHEET_CURE,
  ods: SHEET_CURE,
  gzip: "Unpack it with `gunzip` and name the file; a `.tgz` is read by `dwca`.",
  packed: "Unpack it and name the file, or the folder as `path` of `dwca`.",
  pdf: "Ask for the data as a Darwin Core Archive, CSV or JSON.",
  html: "It may be that of an error or a login, kept under the name of what was asked for: look at it in a browser, and fetch the data again.",
};

/** An entry that does not uncompress to what the directory says. */
export const entryBroken = (archive: string, entry: string, reason: string): RunnerError =>
  new RunnerError(
    "entry_broken",
    1,
    `${entry} in ${archive} is damaged: ${reason}. Nothing of it was kept; fetch the archive again.`,
  );

/** An entry behind a password. */
export const entryEncrypted = (archive: string, entry: string): RunnerError =>
  new RunnerError(
    "entry_encrypted",
    1,
    `${entry} in ${archive} is encrypted. Unpack it with its password and name the folder instead.`,
  );

/** An entry compressed in a way other than deflate. */
export const entryMethod = (archive: string, entry: string, method: number): RunnerError =>
  new RunnerError(
    "entry_method",
    1,
    `${entry} in ${archive} is compressed by method ${method}; only deflate can be read. Unpack it and name the folder instead.`,
  );

/** An entry that grows beyond the caps: a zip bomb, or a very large table. */
export const entryTooLarge = (
  archive: string,
  entry: string,
  limits: { maxBytes: number; maxRatio: number },
): RunnerError =>
  new RunnerError(
    "entry_too_large",
    1,
    `${entry} in ${archive} grows beyond what is allowed: ${limits.maxBytes / 1e9} GB, or ${limits.maxRatio} times its compressed size. ` +
      "If that is right, raise `max_gb` or `max_ratio` of the source.",
  );

/** A name that leads out of the archive. */
export const unsafeName = (archive: string, entry: string): RunnerError =>
  new RunnerError(
    "unsafe_name",
    1,
    `${archive} has an entry named ${JSON.stringify(entry)}, which leads out of the archive. It was not read.`,
  );

/** A URL that cannot be reached, or whose answer broke off. */
export const downloadFailed = (label: string, cause: unknown): RunnerError =>
  new RunnerError(
    "download_failed",
    1,
    `${label} could not be fetched: ${messageOf(cause).replace(/\.$/, "")}. Try again later.`,
    { cause },
  );

/** A URL that answers with another status than 200. */
export const downloadRefused = (label: string, status: number, text: string): RunnerError =>
  new RunnerError(
    "download_refused",
    1,
    `${label} answers ${status}${text ? ` ${text}` : ""}${STATUS_ADVICE[status] ?? "."}`,
  );

const STATUS_ADVICE: Readonly<Record<number, string>> = {
  401: ": it wants a user name and password in the URL.",
  403: ": it is not for this user.",
  404: ": nothing is there. Is the URL right?",
  410: ": it is gone. GBIF erases downloads after some months; ask for a new one.",
};

/** Fewer or more bytes than the server announced. */
export const downloadCut = (label: string, bytes: number, announced: number): RunnerError =>
  new RunnerError(
    "download_cut",
    1,
    `${label} gave ${bytes} bytes of the ${announced} it announced. Try again.`,
  );

/** A proxy that is no URL. */
export const proxyInvalid = (cause: unknown): RunnerError =>
  new RunnerError(
    "proxy_invalid",
    3,
    "HTTPS_PROXY or HTTP_PROXY in the environment is no URL of a proxy; write it like http://proxy.example.org:3128.",
    { cause },
  );

/** A redirect that is not followed, because it may lead into the user's own network or out of TLS. */
export const redirectRefused = (from: string, to: string, what: string): RunnerError =>
  new RunnerError(
    "redirect_refused",
    1,
    `${from} redirects to ${to}, which is ${what}. This was not followed. Is the URL right?`,
  );

/** A server that sends round and round. */
export const tooManyRedirects = (label: string, redirects: number): RunnerError =>
  new RunnerError(
    "too_many_redirects",
    1,
    `${label} redirects more than ${redirects} times. Is the URL right?`,
  );

/** GBIF wants an account for downloads, and none is in the environment. */
export const gbifAccountMissing = (names: readonly string[]): RunnerError =>
  new RunnerError(
    "gbif_account_missing",
    3,
    `GBIF prepares downloads for its users only: set ${listed(names)} in the environment. An account is free: https://www.gbif.org/user/profile.`,
  );

/** GBIF does not know this user with this password. */
export const gbifUnauthorized = (user: string): RunnerError =>
  new RunnerError(
    "gbif_unauthorized",
    3,
    `GBIF does not accept the user \`${user}\` with this password. GBIF_USER is the user name, not the e-mail address; GBIF_PWD is its password.`,
  );

/** A query that GBIF would refuse; `runner validate` says the same without a run. */
export const gbifQueryInvalid = (query: string, problems: readonly string[]): RunnerError =>
  new RunnerError(
    "gbif_query_invalid",
    2,
    `GBIF was not asked, as the query ${query} is wrong:\n${problems
      .slice(0, 5)
      .map((problem) => `  ${problem}`)
      .join("\n")}${problems.length > 5 ? `\n  and ${problems.length - 5} more.` : ""}`,
    { subject: "query" },
  );

/** The database has no value for a predicate. */
export const gbifNoValues = (place: string): RunnerError =>
  new RunnerError(
    "gbif_no_values",
    1,
    `The statement at ${place} gives no value. GBIF was not asked: without its values the query would be another one.`,
    { subject: "query" },
  );

/** The database refuses a statement for the values of a predicate. */
export const gbifStatementFailed = (place: string, cause: unknown): RunnerError =>
  new RunnerError(
    "gbif_statement_failed",
    1,
    `Postgres refuses the statement at ${place}: ${messageOf(cause).replace(/\.$/, "")}. GBIF was not asked.`,
    { subject: "query", cause },
  );

/** GBIF will not do what was asked, and says why. */
export const gbifRefused = (status: number, reason: string): RunnerError =>
  new RunnerError(
    "gbif_refused",
    2,
    `GBIF refuses the request with ${status}${status === 413 ? ": it is too large (at most 101,000 values and 10,000 points of polygons)" : ""}${reason ? `: ${reason.replace(/\.$/, "")}` : ""}. Correct the query.`,
  );

/** GBIF gives no answer, or none that makes sense. */
export const gbifUnreachable = (url: string, cause: unknown): RunnerError =>
  new RunnerError(
    "gbif_unreachable",
    3,
    `GBIF cannot be asked at ${url}: ${messageOf(cause).replace(/\.$/, "")}. Nothing is lost: the next run goes on with the same request.`,
    { cause },
  );

/** A download that ended without an archive. */
export const gbifDownloadEnded = (key: string, status: string): RunnerError =>
  new RunnerError(
    "gbif_download_ended",
    1,
    `GBIF's download ${key} is ${status}: ${GBIF_STATES[status] ?? "a state that this version does not know. See https://www.gbif.org/occurrence/download."}`,
  );

const GBIF_STATES: Readonly<Record<string, string>> = {
  CANCELLED: "somebody with this account cancelled it. Run again to ask anew.",
  KILLED:
    "GBIF stopped it, as it does with very large ones. Run again; if it happens again, ask for less.",
  FAILED:
    "GBIF could not prepare it. Run again to ask anew; if it happens again, write to helpdesk@gbif.org with this key.",
  FILE_ERASED: "GBIF has deleted its archive, as it does after some months. Run again to ask anew.",
};

/** The download is not ready although all patience is used up. */
export const gbifTooSlow = (key: string, status: string, hours: number): RunnerError =>
  new RunnerError(
    "gbif_too_slow",
    1,
    `GBIF's download ${key} is still ${status} after ${hours} hours. Run again to go on waiting for it, or raise \`max_wait_hours\`.`,
    { subject: "max_wait_hours" },
  );

/** GBIF gives an older download for the same predicate, with keys of another taxonomy. */
export const gbifOtherTaxonomy = (key: string, created: string): RunnerError =>
  new RunnerError(
    "gbif_other_taxonomy",
    1,
    `GBIF answers with its download ${key} of ${created}, whose taxonomy is another than the one asked for: ` +
      "for 48 hours the same predicate gives the same archive. Ask again after that, or change the predicate a little.",
  );

/** Taxon keys with letters, where the database knows numbers. */
export const taxonKeysCannotJoin = (input: string, key: string): RunnerError =>
  new RunnerError(
    "taxon_keys_cannot_join",
    1,
    `${input} has taxon keys such as \`${key}\`, of the Catalogue of Life; \`taxref_liens\` has the numbers of the GBIF backbone, so no name would be found. ` +
      "Leave `checklistKey` out of the query, or write `taxon_keys: any` if you have a table that leads from one to the other.",
    { subject: "taxon_keys" },
  );

/** GBIF announced another number of records than its archive has. */
export const recordsDiffer = (input: string, read: number, announced: number): RunnerError =>
  new RunnerError(
    "records_differ",
    1,
    `${input} has ${read} records, GBIF announced ${announced}. Run again; with \`--fresh\` GBIF is asked for a new archive.`,
  );

/** A preview or plan of an archive that was never fetched. */
export const gbifNotFetched = (request: string): RunnerError =>
  new RunnerError(
    "gbif_not_fetched",
    1,
    `The archive of this query is not in the cache, and only \`${RUNNER} run\` asks GBIF for it. It would ask: ${request}`,
    { subject: "query" },
  );

/** iNaturalist turns us away. */
export const inaturalistRefused = (url: string, status: number, reason: string): RunnerError =>
  new RunnerError(
    "inaturalist_refused",
    3,
    `iNaturalist answers ${status} at ${url}${reason ? `: ${reason.slice(0, 200).replace(/\s+/g, " ").trim()}` : ""}. What was answered before is loaded. It blocks who asks too often: wait a day, then write to help@inaturalist.org.`,
  );

/** iNaturalist gives no answer, or none that makes sense, for long. */
export const inaturalistUnreachable = (url: string, cause: unknown): RunnerError =>
  new RunnerError(
    "inaturalist_unreachable",
    3,
    `iNaturalist cannot be asked at ${url}: ${messageOf(cause).replace(/\.$/, "")}. What was answered before is loaded; run again to go on.`,
    { cause },
  );

/** Rates above those that a service publishes need somebody's word. */
export const ratesWithoutPermission = (
  name: string,
  value: number | null,
  published: number,
): RunnerError =>
  new RunnerError(
    "rates_without_permission",
    2,
    `\`${name}\` is ${value === null ? "without limit" : value}, iNaturalist allows ${published}. Say under \`permission\` who granted more.`,
    { subject: name },
  );

/** An encoding that nobody knows. */
export const encodingUnknown = (input: string, encoding: string, cause: unknown): RunnerError =>
  new RunnerError(
    "encoding_unknown",
    2,
    `${input} is said to be in the encoding ${JSON.stringify(encoding)}, which is not known. UTF-8, UTF-16 and windows-1252 are, among others.`,
    { subject: encoding, cause },
  );

/** Bytes that are not text in the encoding that was declared. */
export const notInEncoding = (
  place: string,
  { encoding, text }: { encoding: string; text?: string },
  cause: unknown,
): RunnerError =>
  new RunnerError(
    "not_in_encoding",
    1,
    `${place} is not valid ${encoding.toUpperCase()}. ` +
      (text === undefined
        ? "If it is in another encoding, say so with `encoding`, such as `encoding: windows-1252`."
        : `In windows-1252 it reads ${JSON.stringify(text)}: if that is right, write \`encoding: windows-1252\`.`),
    // So `validate` takes it for a mistake of the pipeline, which it is.
    { subject: "encoding", cause },
  );

/** CSV that cannot be taken apart. */
export const csvInvalid = (input: string, reason: string, cause: unknown): RunnerError =>
  new RunnerError(
    "csv_invalid",
    1,
    `${input} cannot be read as CSV: ${reason.replace(/\.$/, "")}. Are delimiter and quote right?`,
    { cause },
  );

/** CSV with a quote that is never closed; `place` is where its record begins. */
export const quoteOpen = (place: string, quote: string, cause: unknown): RunnerError =>
  new RunnerError(
    "csv_invalid",
    1,
    `${place} cannot be read as CSV: the record that begins in this line opens a quote, \`${quote}\`, that is never closed. ` +
      "Close it, or write `quote: null` if quotes enclose nothing in this file.",
    { cause },
  );

/** A file that has one column with the `delimiter` that is given, and several with another. */
export const delimiterWrong = (
  input: string,
  { given, found, line }: { given: string; found: string; line: string },
): RunnerError =>
  new RunnerError(
    "delimiter_wrong",
    2,
    `${input} has only one column, as \`delimiter\` is ${JSON.stringify(given)}; it looks as if it were separated by ${JSON.stringify(found)}: ` +
      `${JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line)}. Write \`delimiter: ${JSON.stringify(found)}\`, or leave it out.`,
    { subject: "delimiter" },
  );

/** JSON that does not parse; `place` is `file:line`, or how far the file was read. */
export const jsonInvalid = (place: string, reason: string, cause: unknown): RunnerError =>
  new RunnerError(
    "json_invalid",
    1,
    `${place} is not JSON: ${reason.replace(/\.$/, "")}. Nothing of the file was kept.`,
    { cause },
  );

/** No array where `at` says. */
export const jsonNoArray = (input: string, at: string): RunnerError =>
  new RunnerError(
    "json_no_array",
    1,
    at === ""
      ? `${input} is not an array. Say with \`at\` where in it the array is, or with \`format: lines\` that each line is a record.`
      : `${input} has no array at \`${at}\`.`,
    { subject: at },
  );

/** Two columns of one name. */
export const duplicateColumns = (input: string, name: string): RunnerError =>
  new RunnerError("duplicate_columns", 1, `${input} has two columns named \`${name}\`.`, {
    subject: name,
  });

/** A file that ends before its header does. */
export const headerMissing = (input: string, lines: number): RunnerError =>
  new RunnerError(
    "header_missing",
    1,
    `${input} should begin with ${lines === 1 ? "a header line" : `${lines} header lines`} and is empty. Was it cut off?`,
  );

/** `meta.xml` counts more fields than the header. */
export const headerTooShort = (input: string, fields: number, header: number): RunnerError =>
  new RunnerError(
    "header_too_short",
    1,
    `\`meta.xml\` describes ${fields} fields of ${input}, its header has ${header}. One of them is wrong; nothing was read.`,
  );

/** Terms and header are in another order: reading on would put values into the wrong columns. */
export const headerDiffers = (input: string, differences: readonly string[]): RunnerError =>
  new RunnerError(
    "header_differs",
    1,
    `\`meta.xml\` and the header of ${input} disagree: ${differences.slice(0, 3).join("; ")}` +
      `${differences.length > 3 ? `; and ${differences.length - 3} more` : ""}. Nothing was read, as values would get into the wrong columns.`,
  );

/** XML that does not parse. */
export const xmlInvalid = (file: string, reason: string): RunnerError =>
  new RunnerError(
    "xml_invalid",
    1,
    `${file} is not well-formed XML: ${reason.replace(/^:/, "").replace(/\.$/, "")}.`,
  );

/** XML with a DOCTYPE. */
export const xmlDoctype = (file: string): RunnerError =>
  new RunnerError(
    "xml_doctype",
    1,
    `${file} has a DOCTYPE, which no Darwin Core Archive needs and which can be used for attacks. It was not read; remove it.`,
  );

/** A `meta.xml` that says something impossible. */
export const metaInvalid = (file: string, reason: string): RunnerError =>
  new RunnerError("meta_invalid", 1, `${file} cannot be used: ${reason}.`);

/** A description of many megabytes. */
export const metaTooLarge = (file: string, maxBytes: number): RunnerError =>
  new RunnerError(
    "meta_too_large",
    1,
    `${file} has more than ${maxBytes / 1024 / 1024} MB, which no description has.`,
  );

/** Neither `meta.xml` nor a single data file. */
export const noTable = (
  archive: string,
  entries: readonly string[],
  data: readonly string[],
): RunnerError =>
  new RunnerError(
    "no_table",
    1,
    entries.length === 0
      ? `${archive} is an archive without a file in it. Fetch it again.`
      : data.length === 0
        ? `${archive} has no \`meta.xml\` and no data file; it has ${listed(entries)}.`
        : `${archive} has no \`meta.xml\`, and ${data.length} files could be its table: ${listed(data)}. Name the one to read as \`path\`, unpacked.`,
  );

/** A table that the archive does not have. */
export const tableUnknown = (
  archive: string,
  table: string,
  known: Iterable<string>,
): RunnerError =>
  new RunnerError(
    "table_unknown",
    2,
    `${archive} has no table \`${table}\`.${suggestion(table, known)}`,
    { subject: table },
  );

/** `meta.xml` names a file that is not there. */
export const fileMissing = (
  archive: string,
  file: string,
  entries: Iterable<string>,
): RunnerError =>
  new RunnerError(
    "file_missing",
    1,
    `\`meta.xml\` of ${archive} names ${file}, which is not in it. The archive has ${listed(entries)}.`,
  );

// The mapping to the SINP

/** A file of the mapping that is not there. */
export const mappingFileMissing = (file: string, option: string, cause: unknown): RunnerError =>
  new RunnerError("mapping_file_missing", 2, `There is no file ${file}, which the mapping needs.`, {
    subject: option,
    cause,
  });

/** A run with a mapping that `validate` would complain of. */
export const mappingInvalid = (problem: string, problems: number): RunnerError =>
  new RunnerError(
    "mapping_invalid",
    2,
    `The mapping is wrong: ${problem}${problems > 1 ? ` ${problems - 1} more: \`${RUNNER} validate\` shows all.` : ""}`,
  );

/** Codes of the mapping that this GeoNature does not have: `STADE_VIE 99`. */
export const unknownCodes = (codes: readonly string[]): RunnerError =>
  new RunnerError(
    "unknown_codes",
    2,
    `This GeoNature does not know ${codes.length === 1 ? "a code" : `${codes.length} codes`} of the mapping: ${codes.join(", ")}. ` +
      "Nothing was written. Add what is missing to its nomenclatures, or use other codes in the mapping.",
  );

/** iNaturalist was not asked for all uuids yet, and the pipeline does not want to go on without. */
export const uuidsUnresolved = (records: number): RunnerError =>
  new RunnerError(
    "uuids_unresolved",
    1,
    `The uuids of at least ${records} iNaturalist observations are not known yet. Nothing more was written. ` +
      "Ask iNaturalist for them first, or write `unresolved_uuid: wait` to load the others now.",
    { subject: "unresolved_uuid" },
  );

// The database

/** `database` is neither `embedded` nor a URL that can be read. */
export const badDatabaseUrl = (database: string, cause?: unknown): RunnerError => {
  const [meant] = nearest(database, ["embedded"]);
  const advice = meant
    ? ` Did you mean \`${meant}\`?`
    : /^postgres(ql)?:\/\/.*@/.test(database)
      ? " Characters like `@`, `/` and `%` in a password must be percent-encoded."
      : "";
  return new RunnerError(
    "bad_database_url",
    2,
    "`database` must be `embedded` or a URL such as `postgresql://user@host:5432/geonature`, " +
      `and is ${JSON.stringify(withoutPassword(database))}.${advice}`,
    { cause },
  );
};

/** No connection: nothing listens, the name is unknown, the password is wrong, the database is not there. */
export const databaseUnreachable = (label: string, cause: unknown): RunnerError =>
  new RunnerError(
    "database_unreachable",
    3,
    `There is no connection to ${label}: ${unreachableReason(cause)}`,
    { cause },
  );

/** Why a server that asks for a password gets none: the reason of `databaseUnreachable`. */
export const passwordMissing = (openFile?: string): Error => {
  const why = openFile
    ? `${openFile} is not taken, as others may read it, too (\`chmod 600\` mends that)`
    : "there is none";
  const error = new Error(`the server asks for a password, and ${why}`);
  return Object.assign(error, { code: PASSWORD_REFUSED });
};

/** The SQLSTATE of a server that does not take the password. */
const PASSWORD_REFUSED = "28P01";

const unreachableReason = (cause: unknown): string => {
  const errors: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  const reasons = new Set(errors.map((error) => messageOf(error).replace(/\.?$/, ".")));
  const code = errors.map((error) => (error as { code?: string }).code).find(Boolean) ?? "";
  return [...reasons, UNREACHABLE_ADVICE[code] ?? ""].join(" ").trim();
};

const UNREACHABLE_ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Is the server running, and does it listen on that host and port?",
  ENOENT: "Is the server running, and is its Unix socket in that folder?",
  ENOTFOUND: "Is the host name right?",
  [PASSWORD_REFUSED]:
    "Set the password in the URL, in `PGPASSWORD` or in `~/.pgpass` (readable by you alone).",
  "28000": "The server's `pg_hba.conf` does not let this user in from here.",
  "3D000": "Create it first, for instance with `createdb`.",
};

/** The server went away in the middle; whatever was not committed is rolled back by it. */
export const connectionLost = (label: string, reason: string, cause: unknown): RunnerError =>
  new RunnerError(
    "connection_lost",
    3,
    `The connection to ${label} was lost (${reason.replace(/\.$/, "")}). ` +
      "What was not committed is undone; run again when the server is back.",
    { cause },
  );

/** A commit that PostgreSQL turned into a rollback. */
export const transactionAborted = (): RunnerError =>
  new RunnerError(
    "transaction_aborted",
    1,
    "PostgreSQL rolled the transaction back instead of committing it, because a statement in it failed.",
  );

/** PGlite could not open its folder. */
export const embeddedBroken = (folder: string, cause: unknown): RunnerError =>
  new RunnerError(
    "embedded_broken",
    3,
    `The embedded database in ${folder} does not open: ${messageOf(cause)}. ` +
      "If nothing in it is needed, remove the folder and run again; or name a server with `--database`.",
    { cause },
  );

/** A second process on the same embedded database: it would lose rows. */
export const databaseInUse = (folder: string, holder: LockHolder | undefined): RunnerError =>
  new RunnerError(
    "database_in_use",
    3,
    `The embedded database in ${folder} is in use by ${holder === undefined ? "another process" : holderText(holder)}. It has room for one: ` +
      `wait until that one ends, or load into a server. If that is no runner, remove ${folder}/lock.`,
  );

const holderText = ({ pid, words, since }: LockHolder): string =>
  `process ${pid}${words === "" ? "" : ` (\`${RUNNER} ${words}\`)`}, since ${since.toTimeString().slice(0, 8)}`;

/** The role may not make, or not use, the schema that the runner keeps its state in; `statements` let it. */
export const stateForbidden = (
  label: string,
  reason: string,
  statements: readonly string[],
): RunnerError =>
  new RunnerError(
    "state_forbidden",
    3,
    `The runner keeps its state in schema \`runner\` of ${label}, and may not: ${reason}. ` +
      `\`${RUNNER} doctor\` lists what else may be missing. Who administers the database runs:\n${statements.map((statement) => `  ${statement}`).join("\n")}`,
  );

/** Schema `runner` is of an earlier version, and not this role's to change. */
export const stateOutdated = (label: string, role: string, owner: string): RunnerError =>
  new RunnerError(
    "state_outdated",
    3,
    `Schema \`runner\` of ${label}, where the runner keeps its state, is of an earlier version, and its tables belong to role \`${owner}\`: role \`${role}\` may not bring them up to date. ` +
      `Run \`${RUNNER} setup PIPELINE\` once as \`${owner}\`; after that \`${role}\` can run it again.`,
  );

/**
 * An SQL script of `setup` failed; `place` is `file:line:column` when PostgreSQL says where. `isLater` when
 * a part of the script was committed before. A message that ends with a line of its own, such as a list, keeps it.
 */
export const setupFailed = (
  place: string,
  cause: Error & { detail?: string; hint?: string },
  isLater = false,
): RunnerError => {
  const said = [cause.message, cause.detail, cause.hint]
    .filter((sentence) => sentence !== undefined && sentence !== "")
    .map((sentence) => (sentence?.endsWith("\n") ? sentence : sentence?.replace(/\.?$/, ". ")));
  return new RunnerError(
    "setup_failed",
    1,
    `The setup script ${place} failed: ${said.join("")}` +
      `${isLater ? "Only the parts before it were" : "Nothing of it was"} kept, and no flow was run.`,
    { cause },
  );
};

/** The target of a sink is not in the database. */
export const unknownTable = (table: string, known: Iterable<string>): RunnerError =>
  new RunnerError(
    "unknown_table",
    1,
    `There is no table \`${table}\` in the database.${suggestion(table, known)} ` +
      "A script under `setup`, or `create` of the sink, can make it.",
    { subject: table },
  );

/** The flow gives columns that the table does not have. */
export const missingColumns = (
  table: string,
  missing: readonly string[],
  known: readonly string[],
): RunnerError =>
  new RunnerError(
    "missing_columns",
    1,
    `Table \`${table}\` has no ${missing.length === 1 ? "column" : "columns"} ${listed(missing)}.` +
      `${missing.length === 1 ? suggestion(missing[0] ?? "", known) : ` It has ${listed(known)}.`} ` +
      "`project` chooses and names what is loaded.",
    { subject: missing[0] },
  );

/** The table has columns that must be given and are not. */
export const requiredColumns = (
  table: string,
  required: readonly string[],
  given: readonly string[],
): RunnerError =>
  new RunnerError(
    "required_columns",
    1,
    `Table \`${table}\` requires ${listed(required)}, which this flow does not give: it gives ${listed([...new Set(given)])}.`,
    { subject: table },
  );

/** `replace` would empty a table that others point at. */
export const referencedTable = (table: string, others: readonly string[]): RunnerError =>
  new RunnerError(
    "referenced_table",
    1,
    `Table \`${table}\` cannot be replaced: foreign keys of ${listed(others)} point at it.`,
    { subject: table },
  );

/** `replace` would leave nothing of a table that held rows. */
export const replaceEmpty = (
  table: string,
  { name, read }: { name: string; read: number },
): RunnerError =>
  new RunnerError(
    "replace_empty",
    1,
    `No record of ${name} got into \`${table}\` (${read} read), and \`mode: replace\` would leave it empty. Its rows are as they were. ` +
      "Look at the source and at what this flow filters and rejects; where the table may be empty, say `may_be_empty: true`.",
    { subject: "mode" },
  );

/** A table is there already, and columns of it have other types than are declared. */
export const typesDiffer = (
  table: string,
  columns: readonly {
    readonly name: string;
    readonly there: string;
    readonly declared: string;
    /** As it stands in the YAML. */
    readonly where: string;
  }[],
  { fits, statement }: { readonly fits: boolean; readonly statement: string },
): RunnerError => {
  const all = columns.map(
    ({ name, there, declared }) => `\`${name}\` is \`${there}\`, not \`${declared}\``,
  );
  const what = `Table \`${table}\` is there already, with other types than \`create\` says: ${all.slice(0, 12).join("; ")}${all.length > 12 ? `; and ${all.length - 12} more` : ""}.`;
  const how = `Write under \`create\` what is there; or make it as it says:\n  ${statement}`;
  return new RunnerError(
    "types_differ",
    1,
    fits
      ? `${what} It is loaded as it is there, and a value that does not fit is refused. ${how}`
      : `${what} No value can fit. Is it the right table? ${how}`,
    { subject: columns[0]?.where ?? table },
  );
};

/** A table is there already, and nothing in it makes sure of the primary key that is declared. */
export const keyDiffers = (table: string, key: readonly string[], statement: string): RunnerError =>
  new RunnerError(
    "key_differs",
    1,
    `Table \`${table}\` is there already, without the primary key that \`create\` declares (${listed(key)}), so rows that are there twice are not refused. This adds it:\n  ${statement}`,
    { subject: "primary_key" },
  );

/** A table in the schema in which the runner keeps its state. */
export const tableInState = (table: string, role: string): RunnerError => {
  const name = table.replace(/^.*\./, "");
  return new RunnerError(
    "table_in_state",
    2,
    (table.includes(".")
      ? `\`${table}\` would be in the schema \`runner\`, where the runner keeps what it has done.`
      : `\`${table}\` has no schema, and for the role \`${role}\` that means the schema \`runner\`, where the runner keeps what it has done.`) +
      ` Write a schema of your own before it: \`public.${name}\`.`,
    { subject: table },
  );
};

/** The table is there, but not as `create` declares it; `also` is what else differs. */
export const tableDiffers = (
  table: string,
  missing: readonly string[],
  { statement, also = [] }: { statement: string; also?: readonly RunnerError[] },
): RunnerError =>
  new RunnerError(
    "table_differs",
    1,
    // A table that lacks so much is somebody else's; what would widen it is no advice, and pages long.
    `Table \`${table}\` is there already, without ${listed(missing)}. ${
      missing.length > 12
        ? "It seems to be another table: name one of your own under `table`, which is made when it is not there."
        : `${missing.length === 1 ? "This adds it" : "This adds them"}:\n  ${[statement, ...also.map(({ message }) => message)].join("\n")}`
    }`,
    { subject: missing[0] },
  );

/** A type under `create` that the database does not know. */
export const unknownType = (column: string, type: string): RunnerError =>
  new RunnerError(
    "unknown_type",
    1,
    `The database has no type ${JSON.stringify(type)} (column \`${column}\`).${suggestion(type, TYPES)} Nothing was created.`,
    { subject: column },
  );

const TYPES = [
  "bigint",
  "boolean",
  "date",
  "double precision",
  "integer",
  "jsonb",
  "numeric",
  "smallint",
  "text",
  "timestamp",
  "timestamptz",
  "uuid",
  "varchar(255)",
];

/** The same, seen without a database: it is nearly one that each has, or another database's word for it. */
export const typeMisspelt = (
  column: string,
  type: string,
  meant: readonly string[],
): RunnerError => {
  const own = type.replace(/[^A-Za-z0-9_].*/, "");
  return new RunnerError(
    "unknown_type",
    2,
    `PostgreSQL has no type ${JSON.stringify(type)} (column \`${column}\`). Did you mean ${meant.map((name) => `\`${name}\``).join(" or ")}? A type of your own is written with its schema: \`public.${own}\`.`,
    { subject: type },
  );
};

/** A type that PostgreSQL itself does not have, and none that is alike; seen without a database, so it may be there. */
export const typeNotKnown = (column: string, type: string): RunnerError => {
  const own = type.replace(/[^A-Za-z0-9_].*/, "");
  return new RunnerError(
    "unknown_type",
    2,
    `PostgreSQL and PostGIS have no type ${JSON.stringify(own)} (column \`${column}\`). One of your own is written with its schema: \`public.${own}\`.`,
    { subject: type },
  );
};

/** Words behind a type that PostgreSQL takes nowhere. */
export const behindTypeUnknown = (column: string, type: string, stray: string): RunnerError => {
  const known = ["not null", "default", "unique", "primary key"];
  const near = nearest(stray, known);
  const advice =
    near.length > 0
      ? `Did you mean ${near.map((name) => `\`${name}\``).join(" or ")}?`
      : `There may be ${listed(known)}.`;
  return new RunnerError(
    "unknown_type",
    2,
    `Behind the type of column \`${column}\` stands \`${stray}\`, which PostgreSQL does not know there. ${advice}`,
    { subject: type },
  );
};

/** `primary_key` names a column that `create` does not have. */
export const primaryKeyUnknown = (name: string, known: Iterable<string>): RunnerError =>
  new RunnerError(
    "primary_key_unknown",
    2,
    `\`primary_key\` names \`${name}\`, which is not under \`columns\`.${suggestion(name, known)}`,
    { subject: name },
  );

/** The columns of a key are not all in the flow, or not all in the table. */
export const keyNotGiven = (name: string, given: Iterable<string>): RunnerError =>
  new RunnerError(
    "key_not_given",
    1,
    `\`key\` names \`${name}\`, which is not a column of both the flow and the table.${suggestion(name, given)}`,
    { subject: name },
  );

/** A column that is computed comes from the flow too. */
export const derivedTwice = (name: string): RunnerError =>
  new RunnerError(
    "derived_twice",
    1,
    `Column \`${name}\` is computed by the sink and comes from the flow too. Rename the flow's, or leave one of the two out.`,
    { subject: name },
  );

/** A list of the sink names a column that there is not. */
export const mergeColumnUnknown = (name: string, known: Iterable<string>): RunnerError =>
  new RunnerError(
    "merge_column_unknown",
    1,
    `The sink names column \`${name}\`, which this flow does not give.${suggestion(name, known)}`,
    { subject: name },
  );

/** No unique index says that a key has one row. */
export const keyNotUnique = (
  table: string,
  key: readonly string[],
  /** Undefined for a view, which can have none. */
  statement: string | undefined,
): RunnerError =>
  new RunnerError(
    "key_not_unique",
    1,
    statement === undefined
      ? `\`${table}\` is a view, which has no unique index on ${listed(key)}, so a key could mean several rows. Name the table behind it.`
      : `Table \`${table}\` has no unique index on ${listed(key)}, so a key could mean several rows. This adds one: ${statement}`,
    { subject: key[0] },
  );

/** Rows that the partial unique index behind the key does not cover. */
export const keyOutsideIndex = (table: string, condition: string): RunnerError =>
  new RunnerError(
    "key_outside_index",
    1,
    `The unique index behind the key of \`${table}\` covers rows with ${condition} only, and the flow has others.`,
    { subject: table },
  );

/** The flow of which `vanished` knows the exports is none of the pipeline. */
export const vanishedFlowUnknown = (name: string, flows: readonly string[]): RunnerError =>
  new RunnerError(
    "vanished_flow_unknown",
    2,
    `\`of\` of \`vanished\` names flow \`${name}\`, which the pipeline does not have, so nothing could ever vanish.${suggestion(name, flows)}`,
    { subject: name },
  );

/** What was seen in earlier runs is in the track table. */
export const vanishedNeedsTrack = (): RunnerError =>
  new RunnerError(
    "vanished_needs_track",
    2,
    "`vanished` needs `track`: a table that knows which rows earlier runs have seen. " +
      "Name one, such as `track: my_schema.track_my_table`; it is made when it is not there.",
    { subject: "vanished" },
  );

/** Rows that are to be adopted are told apart by their primary key. */
export const adoptNeedsPrimaryKey = (table: string): RunnerError =>
  new RunnerError(
    "adopt_needs_primary_key",
    1,
    `\`adopt\` tells the rows of \`${table}\` apart by its primary key, and it has none. Add one, or leave \`adopt\` out.`,
    { subject: "adopt" },
  );

/** Several sessions share what they know of the keys in the track table. */
export const parallelNeedsTrack = (): RunnerError =>
  new RunnerError(
    "parallel_needs_track",
    2,
    "`parallel` needs `track`: a table in which each session sees the keys that the others had. " +
      "Name one, such as `track: my_schema.track_my_table`; it is made when it is not there.",
    { subject: "parallel" },
  );

/** Several sessions are several transactions. */
export const parallelNotWhole = (): RunnerError =>
  new RunnerError(
    "parallel_not_whole",
    2,
    "`commit_rows: all` is one transaction, and `parallel` makes several. Leave one of them out.",
    { subject: "parallel" },
  );

/** Another session changed, at the same time, what the track table has of the same keys. */
export const mergeOvertaken = (table: string): RunnerError =>
  new RunnerError(
    "merge_overtaken",
    1,
    `While rows of \`${table}\` were merged, another session changed what is known of the same keys. ` +
      "The rows of this part were not committed; run again.",
    { subject: table },
  );

/** A part of a merge was undone again and again in favour of another session. */
export const mergeKeepsFailing = (table: string, tries: number, cause: unknown): RunnerError =>
  new RunnerError(
    "merge_keeps_failing",
    1,
    `PostgreSQL undid the same part of \`${table}\` ${tries} times, as other sessions were in its way: ${messageOf(cause)}. ` +
      "What was committed before stays, this part was not written. Run again when nobody else writes to the table; of several sessions, `parallel: 1` makes one.",
    { subject: table, cause },
  );

/** A column of the key has the name of one in which the merge remembers something of the row. */
export const keyReserved = (name: string, reserved: readonly string[]): RunnerError =>
  new RunnerError(
    "key_reserved",
    1,
    `A key column cannot be called \`${name}\`: the table in which the sink remembers rows has ${listed(reserved)} besides the key. ` +
      "Rename it in the table, or name another key that tells the rows apart.",
    { subject: name },
  );

/** The track table is another target's, or another tool's. */
export const trackDiffers = (
  table: string,
  wanted: readonly string[],
  known: readonly string[],
): RunnerError =>
  new RunnerError(
    "track_differs",
    1,
    `Table \`${table}\` cannot be the track of this sink: it has the columns ${listed(known)}, and would need ${listed(wanted)}. ` +
      "Name another one; it is made when it is not there.",
    { subject: table },
  );

/** Rows are to go into a stage, and no stage is named. */
export const stageMissing = (): RunnerError =>
  new RunnerError(
    "stage_missing",
    2,
    "`mode: stage_only` writes rows into the table of `stage`, which is not given.",
    { subject: "mode" },
  );

/** A function that does what the sink does must know what the sink has done. */
export const stageNeedsTrack = (): RunnerError =>
  new RunnerError(
    "stage_needs_track",
    2,
    "`stage` needs `track`: sink and function must know of each other which rows they have merged. Name a table; it is made when it is not there.",
    { subject: "stage" },
  );

/** Repaired records alone would take the place of the stage. */
export const stageReplayed = (table: string): RunnerError =>
  new RunnerError(
    "stage_replayed",
    2,
    `A replay cannot go into the stage \`${table}\`, which would have the repaired records alone. Nothing was changed: replay them with \`mode: merge\`.`,
    { subject: "mode" },
  );

/** The stage would take the place of a table that the runner has not made. */
export const stageOfOthers = (table: string): RunnerError =>
  new RunnerError(
    "stage_of_others",
    1,
    `Table \`${table}\` was not made as a stage, and would be overwritten. Rename or drop it, or name another one; it is made when it is not there.`,
    { subject: table },
  );

/** The function would stand beside one of somebody else, which would be called instead. */
export const functionOfOthers = (name: string, statement: string): RunnerError =>
  new RunnerError(
    "function_of_others",
    1,
    `There is a function \`${name}\` that the runner has not made. If nobody needs it, remove it: ${statement}`,
    { subject: name },
  );

/** The function was called while a pipeline runs. */
export const stageBusy = (lock: string): RunnerError =>
  new RunnerError(
    "stage_busy",
    1,
    `The lock \`${lock}\` is held by a pipeline, or by another call of this function. Nothing was merged: wait for it to end.`,
  );

/** A stage, and how the user has the pipeline fill it: `synthese: stage_only`. */
interface StageNamed {
  readonly table: string;
  readonly how: string;
}

/** The function was called, and no row is staged. */
export const stageEmpty = ({ table, how }: StageNamed): RunnerError =>
  new RunnerError(
    "stage_empty",
    1,
    `The stage ${table} is empty. Nothing was merged, and nothing deleted: run the pipeline with \`${how}\` first.`,
  );

/** The function was called for a part of which no row is staged. */
export const stagePartEmpty = (table: string, parameter: string, value: string): RunnerError =>
  new RunnerError(
    "stage_part_empty",
    1,
    `The stage ${table} has no row of ${parameter} ${value}. Nothing was merged, and nothing deleted.`,
  );

/** The function is of another form than the stage. */
export const stageVersion = ({ table, how }: StageNamed, name: string): RunnerError =>
  new RunnerError(
    "stage_version",
    1,
    `The rows in ${table} are of another version than the function ${name}: the pipeline was changed between. Nothing was merged: run the pipeline with \`${how}\` again, which makes the function anew.`,
  );

/** The pipeline has brought newer records than the stage has. */
export const stageStale = (
  { table, how }: StageNamed,
  staged: string,
  later: string,
): RunnerError =>
  new RunnerError(
    "stage_stale",
    1,
    `The stage ${table} is of run ${staged}, and run ${later} of the same pipeline has brought newer records since. Nothing was merged, and nothing deleted: run the pipeline with \`${how}\` again.`,
  );

/** What is staged was merged by another run in a newer form. */
export const stageOvertaken = (
  { table, how }: StageNamed,
  staged: string,
  later: string,
): RunnerError =>
  new RunnerError(
    "stage_overtaken",
    1,
    `The stage ${table} is of run ${staged}, and run ${later} has merged newer values of its records since. Nothing was merged, and nothing deleted: run the pipeline with \`${how}\` again.`,
  );

/** A trigger or rule of the target swallowed rows without a word. */
export const rowsSuppressed = (table: string, rows: number): RunnerError =>
  new RunnerError(
    "rows_suppressed",
    1,
    `Table \`${table}\` took ${rows} rows and did not store them: a trigger or rule suppresses them. ` +
      "Load another table, or switch the trigger off for the load.",
  );

/** PostgreSQL refused a statement for a reason that is not a record's. */
export const statementFailed = (
  message: string,
  { sqlstate, detail, hint }: { sqlstate: string; detail?: string; hint?: string },
  cause: unknown,
): RunnerError =>
  new RunnerError(
    "statement_failed",
    1,
    [`Postgres says: ${message.replace(/\.?$/, ".")}`, detail, hint, `(SQLSTATE ${sqlstate})`]
      .filter(Boolean)
      .join(" "),
    { cause },
  );

/** The role lacks rights that a run needs, for a table or for what SQL of the pipeline reads. */
export const rightsMissing = (
  role: string,
  wanted: string | { readonly readBy: string },
  statements: readonly string[],
): RunnerError => {
  const [subject, what] =
    typeof wanted === "string"
      ? [wanted, `\`${wanted}\``]
      : [wanted.readBy, `what \`${wanted.readBy}\` reads`];
  return new RunnerError(
    "rights_missing",
    3,
    `Role \`${role}\` lacks rights for ${what}. Who administers the database runs:\n${statements.map((statement) => `  ${statement}`).join("\n")}`,
    { subject },
  );
};

/** Setup alters tables that it has made as another role; no grant allows that. */
export const ownersOther = (
  role: string,
  owner: string,
  statements: readonly string[],
): RunnerError =>
  new RunnerError(
    "owners_other",
    3,
    `Setup alters tables that only their owner may alter, and role \`${role}\` is not their owner (it is \`${owner}\`). ` +
      (statements.length === 0
        ? "They are in schemas of GeoNature, which stay its own: take what alters them out of `setup`."
        : `Load as that owner; or who administers the database runs:\n${statements.map((statement) => `  ${statement}`).join("\n")}`),
  );

/** A setup script makes a GeoNature to try on, and the database has a true one. */
export const sandboxMisplaced = (script: string, database: string): RunnerError =>
  new RunnerError(
    "sandbox_misplaced",
    3,
    `${script} makes a sandbox, and database ${database} has a GeoNature of its own: setup would refuse. ` +
      "Take the line out of `setup` for this database; its tables need no other owner.",
  );

/** A setup script makes a GeoNature to try on, which another role has made here already. */
export const sandboxMade = (script: string, owner: string): RunnerError =>
  new RunnerError(
    "sandbox_made",
    3,
    `The sandbox that ${script} makes is there already, and it is role \`${owner}\`'s: setup would be refused. ` +
      "Run as that role, or take the line out of `setup` for this role; the tables need no other owner.",
  );

/** A column comes with a type of which no value is one of the target's. */
export const typeCannotFit = (
  table: string,
  column: { readonly name: string; readonly declaredType: string },
  type: string,
): RunnerError =>
  new RunnerError(
    "type_cannot_fit",
    1,
    `Column \`${column.name}\` of \`${table}\` is ${column.declaredType}, and gets values of type ${type}: none can fit. ` +
      "Is it the right column?",
    { subject: column.name },
  );

/** Columns that the database fills by itself, and takes no value for. */
export const columnsComputed = (table: string, names: readonly string[]): RunnerError =>
  new RunnerError(
    "columns_computed",
    1,
    `Table \`${table}\` computes ${listed(names)} itself (\`generated always\`) and refuses values for ` +
      `${names.length === 1 ? "it" : "them"}. Leave ${names.length === 1 ? "it" : "them"} out with \`project\`.`,
    { subject: names[0] },
  );

/** A constant of the pipeline is no value of the column that it is for. */
export const valueCannotFit = (
  table: string,
  column: { readonly name: string; readonly declaredType: string },
  { value, reason }: { readonly value: string; readonly reason: string },
): RunnerError =>
  new RunnerError(
    "value_cannot_fit",
    1,
    `Column \`${column.name}\` of \`${table}\` is ${column.declaredType}, and ${JSON.stringify(value)} does not fit: ${reason.replace(/\.?$/, ".")}`,
    { subject: column.name },
  );

/** An SQL expression of a sink that PostgreSQL does not understand. */
export const expressionFailed = (what: string, subject: string, cause: unknown): RunnerError =>
  new RunnerError(
    "expression_failed",
    1,
    `Postgres refuses the SQL of ${what}: ${messageOf(cause).replace(/\.?$/, ".")}`,
    { subject, cause },
  );

/** What runs would write cannot be written: a standby, or a database that is read-only. */
export const databaseReadOnly = (label: string): RunnerError =>
  new RunnerError(
    "database_read_only",
    3,
    `${label} takes no writes: it is a standby, or read-only by \`default_transaction_read_only\`. Name the primary server.`,
  );

/** An older server than the tests run on. */
export const serverOld = (version: string): RunnerError =>
  new RunnerError(
    "server_old",
    3,
    `PostgreSQL ${version} is older than what is tested (15 and 18). Try \`${RUNNER} plan\` before a run.`,
  );

/** A folder that the runner writes into, and may not, or that is not there. */
export const folderForbidden = (folder: string, purpose: string, cause: unknown): RunnerError => {
  const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
  const why = isMissing
    ? "is not there. Make it, or name another."
    : `cannot be written: ${messageOf(cause).replace(/\.?$/, ".")} Give the user that runs this the right to write there.`;
  return new RunnerError("folder_forbidden", 3, `${purpose} go into ${folder}, which ${why}`, {
    cause,
  });
};

/** What the system says of a file or a folder, and what to do about it; other errors of it speak for themselves. */
const REFUSALS: Readonly<
  Record<string, readonly [reason: string, cure: (folder: string) => string]>
> = {
  EACCES: [
    "permission denied",
    (folder) => `Give the user that runs this the rights on ${folder}.`,
  ],
  EPERM: ["permission denied", (folder) => `Give the user that runs this the rights on ${folder}.`],
  EROFS: ["the file system is read-only", (folder) => `Put what is in ${folder} elsewhere.`],
  ENOSPC: ["the disk is full", () => "Make room, and run it again."],
  EDQUOT: ["the user's share of the disk is used up", () => "Make room, and run it again."],
};

/** The disk does not let the runner read or write; undefined when that is not what was thrown. */
export const systemRefused = (error: unknown): RunnerError | undefined => {
  const { code = "", syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (syscall === undefined) return undefined;
  const [reason, cure] = REFUSALS[code] ?? [];
  const where = path === undefined ? "" : ` of ${fileLabel(path)}`;
  const message =
    reason && cure
      ? `The system refuses ${syscall}${where}: ${reason}. ${cure(path === undefined ? "the file" : fileLabel(dirname(path)))}`
      : `${messageOf(error).replace(/\.?$/, ".")}`;
  return new RunnerError("system_refused", 3, message, { cause: error });
};

/** Less free disk than what may be written. */
export const diskSmall = (folder: string, free: string, wanted: string): RunnerError =>
  new RunnerError("disk_small", 3, `${folder} has ${free} free, and ${wanted}`);

/** Checks of the pipeline that give no verdict. */
export const checkFailed = (files: string, reason: string): RunnerError =>
  new RunnerError("check_failed", 3, `No verdict of ${files}: ${reason.replace(/\.?$/, ".")}`);

/** What checks look at is made by a setup that has not run. */
export const notSetUp = (lacking: readonly string[], checks: number): RunnerError =>
  new RunnerError(
    "not_set_up",
    2,
    `Not set up yet: setup makes ${listed(lacking)}, at which ${checks === 1 ? "1 check looks" : `${checks} checks look`}. \`${RUNNER} setup\` makes it now, and the first run does; then look again.`,
  );

/** A check of the pipeline whose rows are no verdicts. */
export const checkShape = (file: string): RunnerError =>
  new RunnerError(
    "check_shape",
    2,
    `The check ${file} is to give rows of \`level\` (\`ok\`, \`warning\`, \`problem\` or \`stop\`) and \`message\`, and gives others.`,
  );

/** Codes of the mapping that the instance keeps only for old observations. */
export const codesFrozen = (codes: readonly string[]): RunnerError =>
  new RunnerError(
    "codes_frozen",
    1,
    `GeoNature has frozen or switched off ${listed(codes)}, which the mapping uses. Rows with them load; better map to a code that is in use.`,
    { subject: "vocabularies" },
  );

/** `validate --connect` of a pipeline whose database is a variable without a value. */
export const nothingToConnect = (file: string, database: string): RunnerError =>
  new RunnerError(
    "nothing_to_connect",
    3,
    `The database of ${file} is not known here: \`${database}\`. Set the variable, or name a database with \`--database\`.`,
  );

/** PostgreSQL refuses a question: rights, or something that is not there. */
export const databaseRefuses = (cause: Error): RunnerError =>
  new RunnerError(
    "database_refuses",
    1,
    `Postgres says: ${messageOf(cause).replace(/\.?$/, ".")} A run would stop here.`,
    { cause },
  );

/** Records that are known before the run, and would be set aside. */
export const knownRejects = (
  code: string,
  messages: readonly string[],
  cure?: string,
): RunnerError => {
  const more = messages.length > 5 ? ` And ${messages.length - 5} more.` : "";
  const records = messages.length === 1 ? "1 record" : `${messages.length} records`;
  return new RunnerError(
    code,
    1,
    `${records} would be rejected as ${code}: ${messages.slice(0, 5).join(" ")}${more}${cure === undefined ? "" : ` ${cure}`}`,
  );
};

/** A table that is read does not have a column. */
export const tableColumnUnknown = (
  table: string,
  name: string,
  known: Iterable<string>,
): RunnerError =>
  new RunnerError(
    "table_column_unknown",
    1,
    `Table \`${table}\` has no column \`${name}\`.${suggestion(name, known)}`,
    { subject: name },
  );

/** `lookup` compares a number of columns with another number. */
export const lookupKeys = (from: number, key: number): RunnerError =>
  new RunnerError(
    "lookup_keys",
    2,
    `\`from\` names ${from} ${from === 1 ? "column" : "columns"} and \`key\` ${key}: they are compared one by one.`,
    { subject: "key" },
  );

/** PostgreSQL does not understand `where` or `order_by` of a lookup. */
export const lookupFailed = (
  { table, where, order_by }: { table: string; where?: string; order_by?: string },
  cause: unknown,
): RunnerError =>
  new RunnerError(
    "lookup_failed",
    1,
    `Table \`${table}\` cannot be read: ${messageOf(cause).replace(/\.?$/, ".")}` +
      (where === undefined && order_by === undefined
        ? ""
        : " Is the SQL of `where` and `order_by` right?"),
    { subject: where ?? order_by ?? table, cause },
  );

/** A `lookup` with `missing: stop` did not find everything; `asWritten` says how a value of that option is written. */
export const lookupMissing = (
  head: string,
  lines: readonly string[],
  asWritten: (value: string) => string,
): RunnerError =>
  new RunnerError(
    "lookup_missing",
    1,
    [
      `${head}:`,
      ...lines,
      `The flow stops for it (\`${asWritten("stop")}\`). Add what is missing, or set such records aside with \`${asWritten("reject")}\`.`,
    ].join("\n"),
    { subject: "missing" },
  );

/** A source that takes `sql` or `query` has both or none. */
export const sqlOrQuery = (given: number): RunnerError =>
  new RunnerError(
    "sql_or_query",
    2,
    `A statement is given either by \`sql\` or by \`query\`, a file; here ${given === 0 ? "is neither" : "are both"}.`,
    given === 0 ? {} : { subject: "sql" },
  );

/** A file with a statement that is not there. */
export const sqlFileMissing = (file: string, cause?: unknown): RunnerError => {
  const { code = "ENOENT", message = "" } = (cause ?? {}) as NodeJS.ErrnoException;
  const said =
    code === "ENOENT"
      ? `There is no SQL file ${file}.`
      : code === "EISDIR"
        ? `${file} is a folder, and this is the place of an SQL file.`
        : `The SQL file ${file} cannot be read: ${message}.`;
  return new RunnerError("sql_file_missing", 2, said, { subject: "query", cause });
};

/** An SQL file in another encoding; `text` is what stands around its first other byte in windows-1252. */
export const sqlNotUtf8 = (file: string, text: string | undefined): RunnerError =>
  new RunnerError(
    "sql_not_utf8",
    2,
    text === undefined
      ? `${file} is in UTF-16, and SQL files are in UTF-8. \`iconv -f UTF-16 -t UTF-8 ${file} > new.sql\` makes one of it.`
      : `${file} is not in UTF-8. In windows-1252 it reads ${JSON.stringify(text)}: if that is right, \`iconv -f WINDOWS-1252 -t UTF-8 ${file} > new.sql\` makes a file in UTF-8 of it.`,
    { subject: "query" },
  );

/** SQL files that name each other by `\\ir`; `files` begin and end with the same one. */
export const sqlCircle = (files: readonly string[]): RunnerError =>
  new RunnerError(
    "sql_circle",
    2,
    `These scripts run each other without an end, by \`\\ir\`: ${files.join(" → ")}. Take one of the lines out.`,
  );

/** Two statements where one is wanted; `position` is where the second begins. */
export const queryHasMany = ({ sql, position }: { sql: string; position: number }): RunnerError =>
  new RunnerError(
    "query_has_many",
    2,
    "One statement is wanted, and after its semicolon another begins. Put it into a file of its own, or make one of the two: `with`, `union all`.",
    { subject: sql, position },
  );

/**
 * PostgreSQL refused a statement that a source was given; `position` is that of the error in it, and `line` the
 * one that it is in, where it has several.
 */
export const queryFailed = (
  label: string,
  {
    sql = "sql",
    line,
    position,
  }: { sql?: string | undefined; line?: number | undefined; position?: number | undefined },
  error: Error & { detail?: string; hint?: string },
): RunnerError =>
  new RunnerError(
    "query_failed",
    1,
    [
      `The statement \`${label}\` failed${line === undefined ? "" : ` at its line ${line}`}: ${error.message.replace(/\.?$/, ".")}`,
      error.detail,
      error.hint,
    ]
      .filter(Boolean)
      .join(" "),
    { subject: sql, position, cause: error },
  );

/** Words that a statement which gives rows begins with. */
export const READING_WORDS = ["select", "with", "values", "table"];

/** A statement that is to give rows begins with another word; `position` is that of the word. */
export const queryGivesNoRows = (
  word: string,
  { sql, position }: { sql: string; position?: number },
): RunnerError => {
  const begins = word === "" ? "is empty" : `begins with \`${word}\``;
  const [meant] = nearest(word, READING_WORDS);
  const advice = meant
    ? `Did you mean \`${meant}\`?`
    : `One that gives rows begins with ${listed(READING_WORDS).replace(" and ", " or ")}.`;
  return new RunnerError("query_gives_no_rows", 2, `The statement ${begins}. ${advice}`, {
    subject: sql,
    position,
  });
};

/** What was asked of `runner sql` is no question: by its first word, or by what the server says. */
export const sqlWrites = (
  why: { readonly word: string } | { readonly cause: Error },
): RunnerError => {
  const only = `\`${RUNNER} sql\` only reads: one \`select\`, \`with\`, \`values\` or \`table\`. Nothing was changed.`;
  if ("cause" in why) {
    const { cause } = why;
    return new RunnerError("sql_writes", 2, `${messageOf(cause).replace(/\.?$/, ".")} ${only}`, {
      cause,
    });
  }
  if (why.word.startsWith("\\")) {
    return new RunnerError(
      "sql_writes",
      2,
      `\`${why.word}\` is a command of psql, and no SQL. Tables are in \`select table_schema, table_name from information_schema.tables\`, columns in \`information_schema.columns\`. ${only}`,
    );
  }
  const begins = why.word === "" ? "is empty" : `begins with \`${why.word}\``;
  return new RunnerError("sql_writes", 2, `The statement ${begins}. ${only}`);
};

/** PostgreSQL does not understand a statement of `runner sql`, or fails to do it; `at` is where. */
export const sqlRefused = (
  at: { readonly line: number; readonly column: number; readonly frame: string } | undefined,
  cause: Error & { detail?: string; hint?: string },
): RunnerError => {
  const where = at === undefined ? "" : ` at ${at.line}:${at.column}`;
  const said = [`${cause.message.replace(/\.?$/, ".")}`, cause.detail, cause.hint];
  const sentence = `Postgres refuses the statement${where}: ${said.filter(Boolean).join(" ")}`;
  return new RunnerError("sql_refused", 2, at ? `${sentence}\n${at.frame}` : sentence, { cause });
};

/** `select from t`: rows of nothing. */
export const queryWithoutColumns = (label: string): RunnerError =>
  new RunnerError("query_without_columns", 1, `The statement \`${label}\` gives no column.`, {
    subject: "sql",
  });

// Runs

/** Another run of the same pipeline is alive. */
export const pipelineBusy = (pipeline: string, holder: string): RunnerError =>
  new RunnerError(
    "pipeline_busy",
    3,
    `Pipeline \`${pipeline}\` is being run already, ${holder}. Two runs at once would undo each other: wait for it to end.`,
  );

/** A pipeline with the same `lock` is alive. */
export const lockBusy = (lock: string, holder: string): RunnerError =>
  new RunnerError(
    "lock_busy",
    3,
    `The lock \`${lock}\` is held ${holder}. Pipelines with the same \`lock\` never run at the same time: wait for it to end.`,
    { subject: lock },
  );

/** A plan waits for nobody for long: others wait for what it holds. */
export const planLocked = (seconds: number, cause: unknown): RunnerError =>
  new RunnerError(
    "plan_locked",
    3,
    `Somebody holds a lock that this needs for more than ${seconds} s, and a plan waits no longer, as others wait for its own locks. ` +
      "Nothing was changed. Try again later, or give `--lock-timeout` more seconds.",
    { cause },
  );

/** A setup script with a `commit` of its own: a plan could not undo it. */
export const scriptCommits = (place: string, command: string): RunnerError =>
  new RunnerError(
    "script_commits",
    1,
    `The setup script ${place} has \`${command}\`: a plan cannot run it, as it could not undo it. Nothing was changed. ` +
      "Without it, the runner makes one transaction of the script.",
  );

/** The lease row is another run's now: this run must not write any more. */
export const leaseLost = (pipeline: string): RunnerError =>
  new RunnerError(
    "lease_lost",
    1,
    `This run of pipeline \`${pipeline}\` lost its lock to another run, so it wrote nothing more.`,
  );

/** What an examination has found before a run stumbles over it, in its own words, and why it has looked. */
export const foundBefore = (
  found: { readonly code: string; readonly message: string; readonly place: Place },
  tables: readonly { readonly name: string }[],
): RunnerError => {
  const error = new RunnerError(
    found.code,
    1,
    `${found.message}\nNo flow was run: this was found before the question whether to write into ${listed(tables.map(({ name }) => name))}, which ${tables.length === 1 ? "holds" : "hold"} rows of others. With \`--yes\`, which answers it, nothing is looked for beforehand.`,
  );
  error.place = found.place;
  return error;
};

/** A pipeline writes where others have written, and nobody has said that it may. */
export const firstWrite = (
  pipeline: string,
  tables: readonly { readonly name: string; readonly isEmptied: boolean }[],
  file: string,
): RunnerError =>
  new RunnerError(
    "first_write",
    2,
    `Pipeline \`${pipeline}\` has never written into ${listed(tables.map(({ name }) => name))}, which ${tables.length === 1 ? "holds" : "hold"} rows already${emptied(tables)}. No flow was run. ` +
      `\`${RUNNER} plan ${file}\` shows what it would change there; \`--yes\` lets it, this time and from then on.`,
  );

/** The same, said by a plan. */
export const firstWriteAhead = (
  pipeline: string,
  tables: readonly { readonly name: string; readonly isEmptied: boolean }[],
): string =>
  `Pipeline \`${pipeline}\` has never written into ${listed(tables.map(({ name }) => name))}, which ${tables.length === 1 ? "holds" : "hold"} rows already${emptied(tables)}. ` +
  "A run asks before it writes there, and needs `--yes` where there is no terminal.";

const emptied = (
  tables: readonly { readonly name: string; readonly isEmptied: boolean }[],
): string => {
  const names = tables.filter(({ isEmptied }) => isEmptied).map(({ name }) => name);
  if (names.length === 0) return "";
  return `; those of ${listed(names)} would be removed (\`mode: replace\`)`;
};

/** The last run of this name came from another file, which is there still and says something else. */
export const nameShared = (pipeline: string, other: string, run: string): RunnerError =>
  new RunnerError(
    "name_shared",
    2,
    `\`name: ${pipeline}\` is also that of ${other}, from which run ${run} came: runs, locks and what is known as loaded go by the name, and both pipelines would take what the other has done for their own. ` +
      "Give this one a name of its own; if it is the same pipeline, run it once with `--yes`.",
    { subject: pipeline },
  );

/** Nobody can tell which database is to be looked into. */
export const databaseUnset = (variables: readonly string[]): RunnerError =>
  new RunnerError(
    "database_unset",
    2,
    `${listed(variables)} of the environment, which ${variables.length === 1 ? "says" : "say"} which database the pipeline has, ${variables.length === 1 ? "has" : "have"} no value. Set it, or name the database with \`--database\`.`,
  );

/** A number that no run of the pipeline has. */
export const unknownRun = (
  run: number | undefined,
  /** `at`: what the user has typed to name the database. */
  { name, file, at = "" }: { readonly name: string; readonly file: string; readonly at?: string },
  label: string,
): RunnerError =>
  new RunnerError(
    "unknown_run",
    2,
    run === undefined
      ? `Pipeline \`${name}\` has not been run in ${label} yet.`
      : `Pipeline \`${name}\` has no run ${run} in ${label}. \`${RUNNER} history ${fileLabel(file)}${at}\` lists its runs.`,
  );

/** A file of repaired records, or one of them, that cannot be loaded again. */
export const repairedInvalid = (place: string, reason: string): RunnerError =>
  new RunnerError(
    "repaired_invalid",
    2,
    `${place} cannot be loaded again: ${reason.replace(/[.?]?$/, (end) => end || ".")} Nothing was loaded; \`${RUNNER} rejects\` exports what can.`,
  );

/** A file of another kind in the place of repaired records. */
export const repairedKind = (name: string, kind: FileKind): RunnerError =>
  repairedInvalid(name, `it is ${KIND_NAMES[kind]}: save the table as CSV in UTF-8`);

/** Repaired records whose columns are not those that they had; `known` are. */
export const repairedColumns = (
  place: string,
  { missing, unknown }: { missing: readonly string[]; unknown: readonly string[] },
  known: readonly string[],
): RunnerError => {
  const likely = unknown.flatMap((name) =>
    nearest(name, missing.length > 0 ? missing : known)
      .slice(0, 1)
      .map((near) => ({ name, near })),
  );
  const strange = likely.length > 0 ? likely.map(({ name }) => name) : unknown;
  const columns = strange.length === 1 ? "unknown column" : "unknown columns";
  const are = missing.length === 1 ? "is" : "are";
  const parts = [
    strange.length > 0 ? `${columns} ${listed(strange)}` : "",
    missing.length > 0 ? `${listed(missing)} ${are} missing` : "",
  ];
  const meant = likely.map(({ near }) => `\`${near}\``).join(" and ");
  const advice = missing.length > 0 ? ". Each column must stay, under its name" : "";
  const hint = meant ? `. Did you mean ${meant}?` : advice;
  return repairedInvalid(place, `${parts.filter(Boolean).join(", and ")}${hint}`);
};

/** A sink that makes its target anew has nothing to add records to. */
export const replayNotAdded = (path: string): RunnerError =>
  new RunnerError(
    "replay_not_added",
    2,
    `The file ${path} is written anew by each run, so a few repaired records would take the place of all others. Nothing was written. Repair the input itself and run the pipeline again.`,
    { subject: "path" },
  );

/** Tables of rejects have the columns of their records: those of several flows fit into none. */
export const severalFlows = (flows: readonly string[]): RunnerError =>
  new RunnerError(
    "several_flows",
    2,
    `The records of ${listed(flows)} have different columns, and a table has one header. Choose one with \`--flow\`, or write \`--ndjson\`.`,
  );

/** `--flow`, or a repaired record at a place, names a flow that the pipeline does not have. */
export const unknownFlow = (name: string, known: Iterable<string>, at?: string): RunnerError =>
  new RunnerError(
    "unknown_flow",
    2,
    `${at === undefined ? "" : `${at}: `}The pipeline has no flow \`${name}\`.${suggestion(name, known)}`,
    { subject: name },
  );

/** More records were set aside than the flow allows. */
export const tooManyRejects = (problem: {
  flow: string;
  /** Of the codes that count, the most frequent first. */
  byCode: readonly (readonly [string, number])[];
  read: number;
  /** Whether the flow stopped on the way: neither count is that of the whole, and reading was ahead. */
  isEarly: boolean;
  /** As the YAML has it: `0`, `1%`; with the code when the limit is that code's own. */
  limit: string;
  /** The parameter of an included file that gives the limit. */
  parameter?: string | undefined;
  /** The first reject that counts. */
  first?: { place: string; code: string; message: string } | undefined;
  examples: readonly { place: string; code: string; message: string }[];
  /** What to do, where mending the data is no use. */
  cure?: string | undefined;
  file: string | undefined;
}): RunnerError => {
  const { flow, byCode, read, isEarly, limit, first, examples, file } = problem;
  const rejected = byCode.reduce((sum, [, rows]) => sum + rows, 0);
  const rejectCodes = byCode.map(([code]) => code);
  const codes = byCode.map(([code, rows]) => `${rows} ${code}`).join(", ");
  const remedy = rejectRemedy(problem);
  if (isEarly && first !== undefined && isZero(limit)) {
    const others = rejected === examples.length ? examples.filter((one) => one !== first) : [];
    const more = rejected === 1 ? "" : ` By then, ${rejected} were set aside: ${codes}.`;
    return new RunnerError(
      "too_many_rejects",
      1,
      [
        `${first.place} was rejected (${first.code}): ${first.message}`,
        ...others.map(({ place, code, message }) => `${place} (${code}): ${message}`),
        `Flow \`${flow}\` stopped there, as its limit is ${limit}; there may be more behind it.${more}`,
        `${file ? `${rejected === 1 ? "It is" : "They are"} in ${file}. ` : ""}${remedy}`,
      ].join("\n"),
      { rejectCodes },
    );
  }
  const records = rejected === 1 ? "1 record was" : `${rejected} records were`;
  const counts = isEarly
    ? `${records} rejected by the time ${read} ${read === 1 ? "was" : "were"} read in flow \`${flow}\`, which stopped there`
    : `${records} rejected of ${read} read in flow \`${flow}\``;
  const where = isEarly ? "Those so far are in" : "All are in";
  return new RunnerError(
    "too_many_rejects",
    1,
    [
      `${counts}; its limit is ${limit}.`,
      byCode.length > 1 ? `  ${codes}; such as` : "",
      ...examples.map(({ place, code, message }) => `  ${place} ${code}: ${message}`),
      rejected > examples.length ? `  and ${rejected - examples.length} more.` : "",
      `${file ? `${where} ${file}. ` : ""}${remedy}`,
    ]
      .filter(Boolean)
      .join("\n"),
    { rejectCodes },
  );
};

/** What became of a flow that an error has ended: so many of its records are loaded, or would be by a run. */
export const flowAftermath = (flow: string, records: number, mode: "run" | "plan"): string => {
  const some = counted(records, "record");
  if (mode === "plan") {
    return records === 0
      ? `A run would commit nothing of flow \`${flow}\`.`
      : `A run would have committed ${some} of flow \`${flow}\` before that, to stay.`;
  }
  return records === 0
    ? `Nothing of flow \`${flow}\` was committed.`
    : `Before that, ${some} of flow \`${flow}\` ${records === 1 ? "was committed and stays" : "were committed and stay"}.`;
};

const isZero = (limit: string): boolean => /^0( |$)/.test(limit);

/** What a person can do about rejects that end a flow: about the data, then about the limit. */
const rejectRemedy = ({
  limit,
  parameter,
  cure,
}: {
  limit: string;
  parameter?: string | undefined;
  cure?: string | undefined;
}): string => {
  const where =
    parameter === undefined
      ? "`rejects` of the flow"
      : `\`${parameter}\`, below \`with\` of its include`;
  if (cure !== undefined) return `${cure} Or allow more of them: ${where}.`;
  if (limit !== "0") return `Mend the data, or raise the limit: ${where}.`;
  const allow = parameter === undefined ? "`rejects: { max: 1% }`" : where;
  return `Mend the data, add a transform, or allow some with ${allow}.`;
};

/** The same error, with what may be changed in the YAML instead of the data. */
export const withAdvice = (
  error: RunnerError,
  {
    isShared,
    type,
  }: {
    /** Whether the limit stands in a file that others may include, too. */
    isShared: boolean;
    /** The type under `create` that values are none of, and others that they would be of. */
    type?:
      | {
          readonly column: string;
          readonly type: string;
          readonly where: string;
          readonly values: readonly string[];
          readonly better: readonly string[];
        }
      | undefined;
  },
): RunnerError => {
  const lines = [error.message];
  if (type) {
    const { column, where, values, better } = type;
    const start = (value: string) => (value.length > 40 ? `${value.slice(0, 40)}…` : value);
    const shown = values.map((value) => JSON.stringify(start(value))).join(" and ");
    const such = shown === "" ? "" : ` (${shown})`;
    const other = better.map((one) => `\`${one}\``).join(" or ");
    if (values.length > 0 && values.every((value) => DECIMAL_COMMA.test(value))) {
      lines.push(
        `Or is it the comma? For PostgreSQL, a number has a point: \`- parse_numbers: { columns: [${column}] }\` as the last of the transforms writes it so${such}.`,
      );
    }
    lines.push(
      `Or is it the type? Column \`${column}\` is \`${type.type}\` under \`create\` (${where}): if its values${such} are right, write ${other} there` +
        "; a table that is there already needs `alter table` as well.",
    );
  }
  if (isShared) {
    lines.push(
      "The limit stands in a file that others may include, too: if it has a parameter, give that beside `include`.",
    );
  }
  const advised = new RunnerError(error.code, error.exitCode, lines.join("\n"), {
    cause: error.cause,
    rejectCodes: error.rejectCodes,
  });
  advised.place = error.place;
  return advised;
};

const DECIMAL_COMMA = /^\s*[+-]?\d[\d\s]*,\d+\s*$/;

/** The counts of a flow contradict each other: a defect of a component, found before anybody relies on it. */
export const doesNotAddUp = (
  flow: string,
  account: Readonly<Record<string, number>>,
): RunnerError =>
  new RunnerError(
    "does_not_add_up",
    1,
    `The account of flow \`${flow}\` does not add up: ${Object.entries(account)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ")}. This is a defect of the runner; please report it.`,
  );

/** The rows that a test gives for a table do not go in. */
export const testTableFailed = (table: string, cause: unknown): RunnerError =>
  new RunnerError(
    "test_table_failed",
    2,
    `PostgreSQL refused the rows that the test gives for \`${table}\`: ${messageOf(cause)}.`,
    { cause },
  );

/** A column of a test's row that no transform of the flow reads, or that one of them makes before any other reads it. */
export const testColumnUnused = (
  name: string,
  { asked, isMade }: { asked: Iterable<string>; isMade: boolean },
): RunnerError =>
  new RunnerError(
    "test_column_unused",
    2,
    isMade
      ? `The flow makes the column \`${name}\` itself, whatever the row says. Leave it out, and give what it is made of.`
      : `Nothing uses the column \`${name}\`.${suggestion(name, asked)}`,
    { subject: name },
  );

/** A column that a test expects and that does not come out. */
export const testColumnMissing = (name: string, known: Iterable<string>): RunnerError =>
  new RunnerError(
    "test_column_missing",
    2,
    `The rows that come out have no column \`${name}\`.${suggestion(name, known)}`,
    { subject: name },
  );

/** A folder without tests. */
export const noTests = (folder: string): RunnerError =>
  new RunnerError(
    "no_tests",
    2,
    `There is no test in ${folder}: no file \`NAME.test.yaml\`, such as \`inat.test.yaml\` for \`inat.yaml\`.`,
  );

/** A pipeline without a file of tests of its name; `near` are files that have tests and seem to be about it. */
export const noTestFile = (
  pipeline: string,
  expected: string,
  near: readonly string[],
): RunnerError => {
  const misnamed = near.filter((file) => !file.includes(".test."));
  const advice =
    near.length === 0
      ? "Write one: a list `tests`, each test with `name`, `flow`, `rows` and `expect`, as docs/tests.md shows."
      : misnamed.length === 0
        ? `Did you mean ${listed(near)}?`
        : `There is ${listed(misnamed)}: rename it \`${expected}\`.`;
  return new RunnerError(
    "no_tests",
    2,
    `${pipeline} has no tests: they stand beside it, in \`${expected}\`. ${advice}`,
  );
};

/** A file that has tests, and not the name of such a file. */
export const testsMisnamed = (file: string): RunnerError =>
  new RunnerError(
    "no_tests",
    2,
    `${file} has tests, and not the name that files of tests have: \`NAME.test.yaml\`, such as \`inat.test.yaml\` for \`inat.yaml\`. Rename it.`,
  );

/** `runner init` without a word on what to begin with, and nobody to ask. */
export const initNothing = (): RunnerError =>
  new RunnerError(
    "init_nothing",
    2,
    `Say what to begin with: \`${RUNNER} init KEY\` (a data set of GBIF), \`${RUNNER} init query.json\` or \`${RUNNER} init archive.zip\`.`,
  );

/** What `runner init` is given is nothing that it knows. */
export const initUnknown = (what: string): RunnerError =>
  new RunnerError(
    "init_unknown",
    2,
    /^\d{7}-\d{15}$/.test(what)
      ? `${what} is the key of a download. Fetch its archive, https://api.gbif.org/v1/occurrence/download/request/${what}.zip, and give the file.`
      : `${JSON.stringify(what)} is no key of a data set (such as 50c9509d-22c7-4a22-a47d-8c48425ef4a7), and there is no such file or folder.`,
  );

/** `runner init` would overwrite a file. */
export const initExists = (file: string): RunnerError =>
  new RunnerError(
    "init_exists",
    2,
    `${file} is there already, and nothing was written. Give the pipeline another name with \`--name\`, or overwrite the file with \`--force\`.`,
  );

/** A pipeline where what pipelines read is wanted. */
export const givenPipeline = (file: string): RunnerError =>
  new RunnerError(
    "given_pipeline",
    2,
    `${file} is a pipeline, and here is the place of what one reads: an archive, a text file. \`${RUNNER} preview ${file}\` shows the first records of a pipeline, \`${RUNNER} validate ${file}\` checks it.`,
  );

/** `--encoding` for what has none. */
export const initEncoding = (): RunnerError =>
  new RunnerError(
    "init_encoding",
    2,
    "`--encoding` says how an archive or a text file is encoded; GBIF's answer to a query is always UTF-8. Leave it out.",
  );

/** An archive from which no pipeline can be made. */
export const initNoTable = (archive: string, problem: string): RunnerError =>
  new RunnerError(
    "init_no_table",
    2,
    `No table of ${archive} has records that can be read, so there is no pipeline for it: ${problem}`,
  );
