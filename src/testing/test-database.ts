/** The database of tests: an embedded one in memory, made when the first test asks for it. */

import { RunnerError, testTableFailed } from "../core/errors.ts";
import { type Database, isDatabaseError, type Session } from "../core/session.ts";
import { typeOf } from "../guess/column-guess.ts";
import { giveTable } from "../postgres/given-table.ts";
import { sharedSessions } from "../postgres/shared.ts";
import { databaseWith } from "./remembered-database.ts";
import type { TestCase, TestFile } from "./test-file.ts";
import type { GivenTables } from "./test-schema.ts";

/** Databases for the tests of several files; those of files with the same scripts are one. */
export class TestDatabases implements AsyncDisposable {
  #open: { readonly scripts: string; readonly database: Promise<Database> } | undefined;

  /**
   * A database for one test, with its tables. Nothing is opened before the first session is asked for;
   * what the test does is undone when it is given back.
   */
  lend({ setup, file }: Pick<TestFile, "setup" | "file">, test: TestCase): Database {
    let session: Promise<() => Promise<Session>> | undefined;
    let end = async (): Promise<void> => undefined;
    const begin = async () => {
      const whole = await (await this.#made(setup, file)).session();
      await whole.begin();
      end = () => whole[Symbol.asyncDispose]();
      await fill(whole, test);
      return sharedSessions(whole);
    };
    return {
      label: "the tests' database",
      isEmbedded: true,
      session: async () => {
        session ??= begin();
        return (await session)();
      },
      [Symbol.asyncDispose]: () => end(),
    };
  }

  async #made(setup: readonly string[], file: string): Promise<Database> {
    const scripts = JSON.stringify(setup);
    if (this.#open?.scripts !== scripts) {
      await this[Symbol.asyncDispose]();
      this.#open = { scripts, database: databaseWith(setup, file) };
    }
    return this.#open.database;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const database = await this.#open?.database.catch(() => undefined);
    this.#open = undefined;
    await database?.[Symbol.asyncDispose]();
  }
}

const fill = async (session: Session, { tables, placeOfTable }: TestCase): Promise<void> => {
  for (const [table, rows] of Object.entries(tables)) {
    try {
      await giveTable(session, { table, rows, types: typesOf(rows) });
    } catch (thrown) {
      const error = isDatabaseError(thrown) ? testTableFailed(table, thrown) : thrown;
      if (error instanceof RunnerError) error.place ??= placeOfTable(table);
      throw error;
    }
  }
};

const typesOf = (rows: GivenTables[string]): Map<string, string> => {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  const texts = (name: string) =>
    rows.map((row) => (row[name] === null || row[name] === undefined ? null : String(row[name])));
  return new Map([...names].map((name) => [name, typeOf(texts(name))]));
};
