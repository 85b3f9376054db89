import { badDatabaseUrl } from "../core/errors.ts";
import type { Database } from "../core/session.ts";

/** What opening a database needs of the run. */
export interface OpenOptions {
  /** On abort, the running statement is cancelled. */
  readonly signal: AbortSignal;
  /** Where the embedded database keeps its files. */
  readonly embeddedFolder: string;
  /** A `raise notice` of a script or trigger. */
  readonly onNotice: (sentence: string) => void;
}

/** Opens `embedded`, or the server of a `postgresql://` URL; each loads its driver only when it is asked for. */
export const openDatabase = async (database: string, options: OpenOptions): Promise<Database> => {
  if (database === "embedded") {
    const { openEmbedded } = await import("./embedded.ts");
    return openEmbedded(options);
  }
  if (!/^(postgres(ql)?:\/\/|socket:)/.test(database)) throw badDatabaseUrl(database);
  const { openServer } = await import("./server.ts");
  return openServer(database, options);
};

/** Codes of notices that say only that an idempotent script found its work done. */
const EXPECTED = new Set(["42P06", "42P07", "42701", "42710"]);

/** Passes a notice on when a person should read it. */
export const forwardNotice = (
  notice: { message?: string; code?: string; severity?: string },
  onNotice: (sentence: string) => void,
): void => {
  if (EXPECTED.has(notice.code ?? "") || notice.severity === "DEBUG") return;
  // `drop … if exists` has no code of its own.
  if (/does not exist, skipping$/.test(notice.message ?? "")) return;
  onNotice(notice.message ?? "");
};
