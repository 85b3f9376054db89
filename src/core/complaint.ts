import type { Place } from "./errors.ts";
import { meantName } from "./nearest.ts";
import { codeFrame, fallbacks, formatPlace, inclusions } from "./place.ts";

/** Something that is wrong with a pipeline file, and where. */
export interface Complaint extends ComplaintDetails {
  /** Stable, for tests and tools. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
  readonly place: Place;
}

export interface ComplaintDetails {
  /** Whether it is odd and may still be meant: it is told, and hinders nothing. */
  readonly isWarning?: boolean;
  /** Whether it is the data that is no good: a run says the same once it gets there. */
  readonly isOfData?: boolean;
  /** What mends it, where that is beyond doubt. */
  readonly fix?: Fix;
}

/** A change inside one line of a file. */
export interface Fix {
  readonly place: Place;
  /** What stands there, bare or in quotes; the fix is void where something else does. */
  readonly was: string;
  readonly becomes: string;
}

/** The fix of a misspelt name, when only one known name is near. */
export const renamed = (place: Place, was: string, known: Iterable<string>): ComplaintDetails => {
  const becomes = meantName(was, known);
  return becomes === undefined ? {} : { fix: { place, was, becomes } };
};

/** Gathers complaints: a file's problems are told all in one go. */
export type Complain = (
  code: string,
  place: Place,
  message: string,
  details?: ComplaintDetails,
) => void;

/** A complaint as people read it: place and sentence, the line with a caret, where it was included. */
export const formatComplaint = ({ message, place, isWarning }: Complaint): string =>
  [
    `${formatPlace(place)} ${isWarning ? "Warning: " : ""}${message}`,
    ...[...fallbacks(place), ...inclusions(place)].map((line) => `  (${line})`),
    "",
    codeFrame(place),
  ]
    .join("\n")
    .trimEnd();

/** In the order of the files. */
export const inOrder = (complaints: readonly Complaint[]): Complaint[] =>
  complaints.toSorted(
    ({ place: a }, { place: b }) =>
      Number(a.file > b.file) - Number(a.file < b.file) || a.line - b.line || a.column - b.column,
  );

/** Without those that are told already: a problem of an included file is one, however often it is included. */
export const distinct = (complaints: readonly Complaint[]): Complaint[] => {
  const seen = new Set<string>();
  return complaints.filter(({ code, message, place }) => {
    const key = [code, message, place.file, place.line, place.column].join("\0");
    return !seen.has(key) && seen.add(key);
  });
};

/** Without those of a line of which a part was not understood: they may follow from that. */
export const credible = (complaints: readonly Complaint[]): Complaint[] => {
  const lineOf = ({ place: { file, line } }: Complaint) => `${file}:${line}`;
  const isGuess = ({ code, fix }: Complaint) => code === "yaml_syntax" && fix === undefined;
  const guessed = new Set(complaints.filter(isGuess).map(lineOf));
  return complaints.filter((one) => isGuess(one) || !guessed.has(lineOf(one)));
};

/**
 * Without what is said of a text that is `$NAME` or in typographic quotes besides that it is written otherwise; that
 * is a mistake where the text was one, and else a warning.
 */
export const causesAlone = (complaints: readonly Complaint[]): Complaint[] => {
  const placeOf = ({ place: { file, line, column } }: Complaint) => `${file}:${line}:${column}`;
  const isCause = ({ code }: Complaint) => code === "unbraced_variable" || code === "odd_character";
  const causes = new Set(complaints.filter(isCause).map(placeOf));
  const told = complaints.filter((one) => !isCause(one) && causes.has(placeOf(one)));
  const isMistake = (one: Complaint) =>
    told.some((other) => !other.isWarning && placeOf(other) === placeOf(one));
  return complaints
    .filter((one) => !told.includes(one))
    .map((one) => (isCause(one) && isMistake(one) ? { ...one, isWarning: false } : one));
};
