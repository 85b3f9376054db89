import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import { postgis } from "@electric-sql/pglite-postgis";
import { databaseInUse, embeddedBroken } from "../core/errors.ts";
import { lockFile } from "../core/file-lock.ts";
import { fileLabel } from "../core/place.ts";
import type { Cells, Database } from "../core/session.ts";
import { type Connection, sessionOn } from "./connection.ts";
import { forwardNotice, type OpenOptions } from "./open.ts";
import { sharedSessions } from "./shared.ts";

/**
 * The embedded database: a PostgreSQL with PostGIS in this process, its files in a folder.
 *
 * There is one connection, so every session is the same one. PGlite's own `transaction()` is never
 * used: a query beside it would wait for ever.
 */
export const openEmbedded = async ({
  embeddedFolder,
  onNotice,
}: OpenOptions): Promise<Database> => {
  await mkdir(embeddedFolder, { recursive: true });
  // Two processes on one embedded database lose committed rows, so the second stops.
  const unlock = await lockFile(`${embeddedFolder}/lock`, (holder) =>
    databaseInUse(fileLabel(embeddedFolder), holder),
  );
  if (!existsSync(`${embeddedFolder}/data`)) {
    onNotice(
      `Making the embedded database in ${fileLabel(embeddedFolder)}: once, for some seconds.`,
    );
  }
  let database: PGlite;
  try {
    database = await PGlite.create(`${embeddedFolder}/data`, { extensions: { postgis } });
  } catch (error) {
    await unlock();
    throw embeddedBroken(embeddedFolder, error);
  }
  const close = async () => {
    await database.close();
    await unlock();
  };
  return embeddedDatabase(database, {
    label: `embedded database ${fileLabel(embeddedFolder)}`,
    onNotice,
    close,
  });
};

/** An embedded database in memory, that can be copied. */
export interface InMemory extends Database {
  /** All that it holds, for `openInMemory` to begin with. */
  copy(): Promise<Uint8Array>;
}

/** An embedded database in memory for tests of pipelines: empty, or a copy of another, which is much quicker. */
export const openInMemory = async (copied?: Uint8Array<ArrayBuffer>): Promise<InMemory> => {
  const loadDataDir = copied && new Blob([copied]);
  const database = await PGlite.create({
    extensions: { postgis },
    ...(loadDataDir ? { loadDataDir } : {}),
  });
  const opened = embeddedDatabase(database, {
    label: "embedded database in memory",
    onNotice: () => undefined,
    close: () => database.close(),
  });
  return { ...opened, copy: async () => (await database.dumpDataDir("none")).bytes() };
};

/** The same interface over a PGlite that is open already; tests share one. */
export const embeddedDatabase = (
  database: PGlite,
  options: {
    label: string;
    onNotice: (sentence: string) => void;
    close: () => Promise<void>;
  },
): Database => {
  const onNotice = (notice: { message?: string; code?: string; severity?: string }) =>
    forwardNotice(notice, options.onNotice);
  const connection: Connection = {
    async query<Row>(sql: string, parameters: readonly unknown[]) {
      const answer = await database.query<Row>(sql, [...parameters], { onNotice });
      return { rows: answer.rows, count: answer.rowCount ?? 0, command: answer.command ?? "" };
    },
    async script(sql) {
      const answers = await database.exec(sql, { onNotice, rowMode: "array" });
      return (answers.at(-1)?.rows ?? []) as unknown as readonly Cells[];
    },
    async copyIn(sql, data, before) {
      if (before !== "") await database.exec(before, { onNotice });
      // A Blob copies what it is given, so the writer's memory can be used again at once.
      const blob = new Blob([data as Uint8Array<ArrayBuffer>]);
      const source = sql.replace(/\bfrom stdin\b/i, "from '/dev/blob'");
      const answer = await database.query(source, [], { blob, onNotice });
      return answer.rowCount ?? 0;
    },
    async copyOut(sql) {
      const target = sql.replace(/\bto stdout\b/i, "to '/dev/blob'");
      const { blob } = await database.query(target, [], { onNotice });
      return Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer(0));
    },
    isLost: () => database.closed,
    close: async () => undefined,
  };
  return {
    label: options.label,
    isEmbedded: true,
    session: sharedSessions(sessionOn(connection)),
    [Symbol.asyncDispose]: options.close,
  };
};
