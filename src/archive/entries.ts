import { unsafeName } from "../core/errors.ts";

/** A file in an archive. */
export interface Entry {
  /** With forward slashes, without the folder that all entries may be in. */
  readonly name: string;
  /** Uncompressed. */
  readonly sizeBytes: number;
  /** The content in pieces of up to about 1 MB; throws when it is damaged or too large. */
  read(signal: AbortSignal): AsyncIterable<Buffer>;
}

/** A zip, a tar, a folder or a single file. */
export interface Archive extends AsyncDisposable {
  /** As people know it: `inat.zip`. */
  readonly name: string;
  readonly entries: ReadonlyMap<string, Entry>;
  /** Whether entries have checksums, so that reading one to its end tells whether it is damaged. */
  readonly hasChecksums?: boolean;
  /** A text that is the same exactly when the content is. */
  identity(): Promise<string>;
}

/** What an entry may grow to when it is uncompressed: a few kB can be made into petabytes. */
export interface Limits {
  readonly maxBytes: number;
  /** Uncompressed ÷ compressed; judged from 100 MB on, as small tables of one value shrink by far more. */
  readonly maxRatio: number;
}

export interface ArchiveOptions {
  readonly signal: AbortSignal;
  readonly limits: Limits;
}

/**
 * The entries by name: without what a Mac adds, and without the folder that all of them are in.
 *
 * Nothing is ever written where a name says, but a name that leads out of its archive is a sign that
 * somebody means harm, so it is refused.
 */
export const entriesByName = (archive: string, entries: readonly Entry[]): Map<string, Entry> => {
  for (const { name } of entries) {
    if (/^([A-Za-z]:|\/)|(^|\/)\.\.(\/|$)|\0/.test(name)) throw unsafeName(archive, name);
  }
  const own = entries.filter(({ name }) => !/(^|\/)(__MACOSX\/|\._|\.DS_Store$)/.test(name));
  const prefix = commonFolder(own.map(({ name }) => name));
  const named = own.map((entry) => ({ ...entry, name: entry.name.slice(prefix.length) }));
  return new Map(named.map((entry) => [entry.name, entry]));
};

const commonFolder = (names: readonly string[]): string => {
  const meta = names.filter((name) => /(^|\/)meta\.xml$/.test(name));
  if (meta.length === 1) return meta[0]?.slice(0, -"meta.xml".length) ?? "";
  const first = names[0]?.slice(0, names[0].lastIndexOf("/") + 1) ?? "";
  return names.every((name) => name.startsWith(first)) ? first : "";
};
