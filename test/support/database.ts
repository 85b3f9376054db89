/** Real databases for tests: the embedded one always, a server when `TEST_DATABASE_URL` names one. */

import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import pg from "pg";
import type { Database, Session } from "../../src/core/session.ts";
import { openDatabase } from "../../src/postgres/open.ts";
import { version } from "../../src/version.ts";

/** A fresh, empty database of one kind, for one test file. */
export interface TestDatabase {
  readonly kind: "server" | "embedded";
  /** What `database:` would say in YAML. */
  readonly url: string;
  /** Open while the file's tests run: opening the embedded one takes a second. */
  readonly opened: Database;
  /** A folder of its own; the embedded database is in its `.runner/db`. */
  readonly folder: string;
  /** What scripts and triggers told so far. */
  readonly notices: readonly string[];
}

/** Defines the same tests for each kind of database; `database()` is valid inside them. */
export const onEachDatabase = (define: (database: () => TestDatabase) => void): void => {
  describe("on the embedded database", () => defineOn("embedded", define));
  const server = process.env.TEST_DATABASE_URL;
  if (server) describe("on a server", () => defineOn("server", define));
  else test("on a server", { skip: "TEST_DATABASE_URL names no server: embedded only" }, () => {});
};

const defineOn = (
  kind: TestDatabase["kind"],
  define: (database: () => TestDatabase) => void,
): void => {
  let made: { database: TestDatabase; remove: () => Promise<void> } | undefined;
  before(async () => {
    made = await (kind === "server" ? makeServer() : makeEmbedded());
  });
  after(() => made?.remove());
  define(() => {
    if (made === undefined) throw new Error("the database is made before the first test");
    return made.database;
  });
};

const makeServer = async () => {
  const url = new URL(process.env.TEST_DATABASE_URL ?? "");
  const name = `runner_test_${randomBytes(6).toString("hex")}`;
  await onServer(`create database ${name}`);
  url.pathname = `/${name}`;
  return opened("server", url.href, () => onServer(`drop database ${name} with (force)`));
};

/** One statement on the server's own database. */
export const onServer = async (sql: string): Promise<void> => {
  const client = new pg.Client(process.env.TEST_DATABASE_URL);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

const makeEmbedded = () => opened("embedded", "embedded", async () => undefined);

const opened = async (kind: TestDatabase["kind"], url: string, drop: () => Promise<void>) => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  if (kind === "embedded") await copyTemplate(join(folder, ".runner", "db"));
  const notices: string[] = [];
  const database = await openDatabase(url, {
    signal: new AbortController().signal,
    embeddedFolder: join(folder, ".runner", "db"),
    onNotice: (text) => notices.push(text),
  });
  const remove = async () => {
    await database[Symbol.asyncDispose]();
    await drop();
    await rm(folder, { recursive: true });
  };
  return { database: { kind, url, opened: database, folder, notices }, remove };
};

/** Making a database takes 5 s, copying one a fraction: the first test that needs one makes it. */
export const copyTemplate = async (to: string): Promise<void> => {
  const template = join(tmpdir(), `runner-test-template-${version}`);
  await mkdir(to, { recursive: true });
  try {
    await cp(template, to, { recursive: true });
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const making = await mkdtemp(join(tmpdir(), "runner-test-making-"));
  const database = await openDatabase("embedded", {
    signal: new AbortController().signal,
    embeddedFolder: making,
    onNotice: () => undefined,
  });
  await database[Symbol.asyncDispose]();
  // Whoever is second to finish throws its own away.
  await rename(making, template).catch(() => rm(making, { recursive: true }));
  await cp(template, to, { recursive: true });
};

/** The rows of a query, for assertions. */
export const rowsOf = async (
  { opened: database }: TestDatabase,
  sql: string,
): Promise<readonly Record<string, unknown>[]> => {
  await using session: Session = await database.session();
  const { rows } = await session.query(sql);
  return rows;
};

/** The same database, in which every session has only the rights of a role. */
export const asRole = ({ opened: database }: TestDatabase, role: string): Database => ({
  ...database,
  session: async () => {
    const session = await database.session();
    await session.query(`set role ${role}`);
    return {
      ...session,
      async [Symbol.asyncDispose]() {
        await session.rollback();
        await session.query("reset role");
        await session[Symbol.asyncDispose]();
      },
    };
  },
});

/** A new role without rights, which goes with the test; what it has come to own by then is the administrator's. */
export const newRole = async (database: TestDatabase, context: TestContext): Promise<string> => {
  const role = `weak_${randomBytes(4).toString("hex")}`;
  await execute(database, `create role ${role}`);
  context.after(() =>
    execute(
      database,
      `reassign owned by ${role} to current_user; drop owned by ${role} cascade; drop role ${role}`,
    ),
  );
  return role;
};

/** Statements that prepare a test. */
export const execute = async ({ opened: database }: TestDatabase, sql: string): Promise<void> => {
  await using session: Session = await database.session();
  await session.script(sql);
};
