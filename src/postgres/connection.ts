import { connectionLost, transactionAborted } from "../core/errors.ts";
import { type Cells, isDatabaseError, type Result, type Session } from "../core/session.ts";

/** What a server and the embedded database do each in their own way. */
export interface Connection {
  query<Row>(
    sql: string,
    parameters: readonly unknown[],
  ): Promise<Result<Row> & { command: string }>;
  script(sql: string): Promise<readonly Cells[]>;
  /** `before` are statements to be done first; where that is possible, they go on the same way. */
  copyIn(sql: string, data: Uint8Array, before: string): Promise<number>;
  copyOut(sql: string): Promise<Buffer>;
  /** Whether the other end is known to be gone. */
  readonly isLost: () => boolean;
  close(): Promise<void>;
}

/**
 * The session that has a connection for itself; with it, the connection ends.
 *
 * Savepoints are set and released together with the next statement: a load does both for each chunk, and the
 * server would wait for every one of them.
 */
export const sessionOn = (connection: Connection): Session => {
  /** How deep in transactions it is: 0 is none, 1 a transaction, more are savepoints. */
  let depth = 0;
  /** Statements about savepoints that are not sent yet. */
  let unsent = "";
  const takeUnsent = () => {
    const statements = unsent;
    unsent = "";
    return statements;
  };
  const sent = async (): Promise<Connection> => {
    if (unsent !== "") await connection.script(takeUnsent());
    return connection;
  };
  const run = async (sql: string) => (await sent()).query(sql, []);

  const session: Session = {
    query: async <Row>(sql: string, parameters: readonly unknown[] = []) =>
      (await sent()).query<Row>(sql, parameters),
    script: async (sql) => (await sent()).script(sql),
    copyIn: (sql, data) => connection.copyIn(sql, data, takeUnsent()),
    copyOut: async (sql) => (await sent()).copyOut(sql),

    async begin() {
      if (depth === 0) await run("begin");
      else unsent += `savepoint ${savepoint(depth)}; `;
      depth++;
    },

    async commit() {
      if (depth === 0) throw new Error("commit without begin");
      if (depth > 1) {
        depth--;
        unsent += `release savepoint ${savepoint(depth)}; `;
        return;
      }
      // A transaction in which a statement failed answers `commit` with ROLLBACK, and no error.
      const { command } = await run("commit");
      depth--;
      if (command === "ROLLBACK") throw transactionAborted();
    },

    async rollback() {
      if (depth === 0) return;
      depth--;
      if (connection.isLost()) return;
      if (depth === 0) {
        // What was not sent is undone, too.
        takeUnsent();
        await connection.query("rollback", []);
      } else {
        await run(`rollback to savepoint ${savepoint(depth)}`);
        unsent += `release savepoint ${savepoint(depth)}; `;
      }
    },

    async [Symbol.asyncDispose]() {
      try {
        while (depth > 0) await session.rollback();
      } catch (error) {
        // Whoever was using the session has the error that matters; a dead connection rolls back by itself.
        if (!connection.isLost()) throw error;
      } finally {
        depth = 0;
        await connection.close();
      }
    },
  };
  return session;
};

const savepoint = (depth: number): string => `runner_${depth}`;

/** Turns the many ways in which a connection ends into one error; others stay as they are. */
export const lostConnection = (error: unknown, label: string): unknown => {
  if (!(error instanceof Error)) return error;
  const isShutdown = isDatabaseError(error) && /^(57P0[123]|08...)$/.test(error.code);
  const isBroken = /Connection terminated|ECONNRESET|EPIPE|not queryable|write after end/.test(
    error.message,
  );
  return isShutdown || isBroken ? connectionLost(label, error.message, error) : error;
};
