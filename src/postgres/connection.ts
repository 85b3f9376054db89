import { connectionLost, transactionAborted } from "../core/errors.ts";
import { type Cells, isDatabaseError, type Result, type Session } from "../core/session.ts";

/** What a server and the embedded database do each in their own way. */
export interface Connection {
  query<Row>(
    sql: string,
    parameters: readonly unknown[],
  ): Promise<Result<Row> & { command: string }>;
  script(sql: string): Promise<readonly Cells[]>;
  copyIn(sql: string, data: Uint8Array): Promise<number>;
  /** Whether the other end is known to be gone. */
  readonly isLost: () => boolean;
  close(): Promise<void>;
}

/** How deep in transactions a connection is: 0 is none, 1 a transaction, more are savepoints. */
export interface Depth {
  value: number;
}

/**
 * A session on a connection that may be shared with others: it gives back the depth at which it found it.
 *
 * `close` tells whether the connection ends with the session.
 */
export const sessionOn = (
  connection: Connection,
  { depth, isShared }: { depth: Depth; isShared: boolean },
): Session => {
  const base = depth.value;
  const run = async (sql: string) => connection.query(sql, []);

  const session: Session = {
    query: (sql, parameters = []) => connection.query(sql, parameters),
    script: (sql) => connection.script(sql),
    copyIn: (sql, data) => connection.copyIn(sql, data),

    async begin() {
      await run(depth.value === 0 ? "begin" : `savepoint ${savepoint(depth.value)}`);
      depth.value++;
    },

    async commit() {
      if (depth.value <= base) throw new Error("commit without begin");
      if (depth.value > 1) {
        await run(`release savepoint ${savepoint(depth.value - 1)}`);
        depth.value--;
        return;
      }
      // A transaction in which a statement failed answers `commit` with ROLLBACK, and no error.
      const { command } = await run("commit");
      depth.value--;
      if (command === "ROLLBACK") throw transactionAborted();
    },

    async rollback() {
      if (depth.value <= base) return;
      depth.value--;
      if (connection.isLost()) return;
      if (depth.value === 0) await run("rollback");
      else {
        await run(`rollback to savepoint ${savepoint(depth.value)}`);
        await run(`release savepoint ${savepoint(depth.value)}`);
      }
    },

    async [Symbol.asyncDispose]() {
      try {
        while (depth.value > base) await session.rollback();
      } catch (error) {
        // Whoever was using the session has the error that matters; a dead connection rolls back by itself.
        if (!connection.isLost()) throw error;
      } finally {
        depth.value = base;
        if (!isShared) await connection.close();
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
