/** The database as components see it; `src/postgres/` implements it on a server and embedded. */

/** The rows and the command's own count of an SQL statement. */
export interface Result<Row> {
  readonly rows: readonly Row[];
  /** Rows inserted, updated, deleted or selected, as PostgreSQL counts them. */
  readonly count: number;
}

/** The values of a row, in order. */
export type Cells = readonly unknown[];

/**
 * One connection. On the embedded database, and while planning, every session is the same one: so no
 * statement stays open across batches, and `begin` inside a transaction is a savepoint. Inside a savepoint,
 * only the session that set it is served: it must not wait for another.
 */
export interface Session extends AsyncDisposable {
  /** One statement with `$1` parameters. */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<Result<Row>>;
  /** Any number of statements without parameters, such as a setup script; answers with the cells of the last. */
  script(sql: string): Promise<readonly Cells[]>;
  /** Sends `data` to a `copy … from stdin` statement; answers with the number of rows loaded. */
  copyIn(sql: string, data: Uint8Array): Promise<number>;
  /** What a `copy … to stdout` statement gives, whole: so it must be one that gives little. */
  copyOut(sql: string): Promise<Buffer>;
  /** Begins a transaction, or sets a savepoint inside one. */
  begin(): Promise<void>;
  /** Commits the transaction, or releases the savepoint, of the last `begin`. */
  commit(): Promise<void>;
  /** Undoes everything since the last `begin` of this session; does nothing when there is none. */
  rollback(): Promise<void>;
  /** Rolls back what is open and gives the connection back. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where a pipeline's data goes and where the runner keeps its state. */
export interface Database extends AsyncDisposable {
  /** For people: the URL without its password, or the embedded folder. */
  readonly label: string;
  readonly isEmbedded: boolean;
  session(): Promise<Session>;
}

/** Whether each session is a connection of its own, and what two of them do can be done at the same time. */
export const haveConnections = (given: {
  readonly mode: "run" | "plan" | "preview" | "validate";
  readonly database: Database;
}): boolean => given.mode === "run" && !given.database.isEmbedded;

/** Runs `work` in a transaction (a savepoint inside one): commits when it returns, undoes it when it throws. */
export const inTransaction = async <T>(session: Session, work: () => Promise<T>): Promise<T> => {
  await session.begin();
  try {
    const result = await work();
    await session.commit();
    return result;
  } catch (error) {
    await session.rollback();
    throw error;
  }
};

/** What PostgreSQL says of a statement that it refused; the same from a server and embedded. */
export interface DatabaseError extends Error {
  /** SQLSTATE, five characters. */
  readonly code: string;
  readonly detail?: string;
  readonly hint?: string;
  /** For COPY: `COPY table, line 2, column a: "zz"`. */
  readonly where?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** Character in the statement, from 1. */
  readonly position?: string;
}

/** Whether an error is PostgreSQL's own word, with an SQLSTATE. */
export const isDatabaseError = (error: unknown): error is DatabaseError =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "string" &&
  /^[0-9A-Z]{5}$/.test(error.code);
