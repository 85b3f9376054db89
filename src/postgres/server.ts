import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { parse } from "pg-connection-string";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { badDatabaseUrl, databaseUnreachable } from "../core/errors.ts";
import type { Cells, Database } from "../core/session.ts";
import { type Connection, lostConnection, sessionOn } from "./connection.ts";
import { isRefusedWay, sslAttempts, sslModeOf } from "./encryption.ts";
import { forwardNotice, type OpenOptions } from "./open.ts";
import { pgpassPassword } from "./pgpass.ts";

/** COPY data goes out in pieces, so that the server works on the first while the rest is sent. */
const PIECE_BYTES = 128 * 1024;

/** Where Debian's and the others' servers have their Unix socket. */
const SOCKET_FOLDERS = ["/var/run/postgresql", "/tmp"];

/**
 * A PostgreSQL server by URL: `postgresql://user@host/database`, or with a Unix socket as host.
 *
 * What the URL leaves out comes from where `psql` takes it: `PGHOST` and the other variables,
 * `~/.pgpass`, and the local socket when no host is named at all.
 */
export const openServer = async (url: string, options: OpenOptions): Promise<Database> => {
  const config = configOf(url);
  const label = labelOf(config);
  const ways = sslAttempts(sslModeOf(url, process.env), {
    host: config.host,
    given: config.ssl,
  }).map((ssl) => ({ ...config, ssl }));
  const connections = new Set<ServerConnection>();
  const spare = spareConnection();

  const session = async () => {
    const connection = (await spare.take()) ?? (await connect(ways, label, options));
    connections.add(connection);
    const close = async () => {
      connections.delete(connection);
      if (options.signal.aborted) await connection.close();
      else await spare.giveBack(connection);
    };
    return sessionOn({ ...connection, close });
  };

  const cancelAll = () => {
    for (const { cancel } of connections) void cancel();
  };
  options.signal.addEventListener("abort", cancelAll, { once: true });
  return {
    label,
    isEmbedded: false,
    session,
    async [Symbol.asyncDispose]() {
      options.signal.removeEventListener("abort", cancelAll);
      await Promise.all([spare.close(), ...[...connections].map(({ close }) => close())]);
    },
  };
};

/**
 * Keeps a connection whose session has ended for the next: a lookup is one statement, and to connect for it
 * takes ten times as long. Not for long, since a connection that nobody uses may be cut and nobody told.
 */
const spareConnection = () => {
  let kept: { connection: ServerConnection; sinceMs: number } | undefined;
  let isOver = false;
  const take = async (): Promise<ServerConnection | undefined> => {
    const found = kept;
    kept = undefined;
    if (found === undefined) return undefined;
    const isFresh = performance.now() - found.sinceMs < SPARE_MS;
    // Asked once more: the server may have ended it, and the word of that not have come yet.
    if (isFresh && (await found.connection.reset())) return found.connection;
    await found.connection.close();
    return undefined;
  };
  return {
    take,
    async giveBack(connection: ServerConnection) {
      const isLikeNew = kept === undefined && !isOver && (await connection.reset());
      if (isLikeNew && kept === undefined && !isOver) {
        kept = { connection, sinceMs: performance.now() };
      } else await connection.close();
    },
    async close() {
      isOver = true;
      await kept?.connection.close();
    },
  };
};

const SPARE_MS = 20_000;

interface ServerConnection extends Connection {
  /** Asks the server, on another connection, to stop the statement that is running. */
  readonly cancel: () => Promise<void>;
  /** Forgets all that was set, made and locked in the session; answers whether it is as good as a new one. */
  readonly reset: () => Promise<boolean>;
}

/** A client that is connected, by the first of these ways that the server accepts. */
const reach = async (
  [config, ...others]: readonly pg.ClientConfig[],
  label: string,
): Promise<{ client: pg.Client; config: pg.ClientConfig | undefined }> => {
  const client = new pg.Client(config);
  // Without a listener, a server that goes away between two statements ends the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return { client, config };
  } catch (error) {
    // A server without TLS leaves its socket open.
    void client.end().catch(() => undefined);
    if (others.length === 0 || !isRefusedWay(error)) throw databaseUnreachable(label, error);
    return await reach(others, label).catch((second: unknown) => {
      // That there is no TLS either says less than why the server refuses to go without.
      throw isRefusedWay((second as Error).cause) ? databaseUnreachable(label, error) : second;
    });
  }
};

const connect = async (
  ways: readonly pg.ClientConfig[],
  label: string,
  { onNotice }: OpenOptions,
): Promise<ServerConnection> => {
  const { client, config } = await reach(ways, label);
  let isLost = false;
  client.on("error", () => {
    isLost = true;
  });
  client.on("notice", (notice) => forwardNotice(notice, onNotice));
  const backend = await client.query<{ pid: number }>(FIRST);

  /** Every statement goes through here, so that a broken connection has one name. */
  let running = 0;
  let isSound = true;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    running++;
    try {
      return await work();
    } catch (error) {
      isSound = false;
      const meaning = lostConnection(error, label);
      if (meaning !== error) isLost = true;
      throw meaning;
    } finally {
      running--;
    }
  };
  return {
    query: (sql, parameters) =>
      guarded(async () => {
        const { rows, rowCount, command } = await client.query(sql, [...parameters]);
        return { rows, count: rowCount ?? 0, command };
      }),
    script: (sql) =>
      guarded(async () => {
        // Of several statements the driver answers with a list, whatever its type says.
        const answers: unknown = await client.query({ text: sql, rowMode: "array" });
        const last = Array.isArray(answers) ? answers.at(-1) : answers;
        return (last as pg.QueryArrayResult).rows as Cells[];
      }),
    copyIn: (sql, data, before) =>
      guarded(async () => {
        const copy = client.query(copyFrom(before + sql));
        await pipeline(Readable.from(pieces(data)), copy);
        return copy.rowCount;
      }),
    copyOut: (sql) =>
      guarded(async () => {
        const parts: Buffer[] = [];
        for await (const part of client.query(copyTo(sql))) parts.push(part as Buffer);
        return Buffer.concat(parts);
      }),
    isLost: () => isLost,
    reset: async () => {
      // What failed may have left a COPY half done.
      if (isLost || !isSound || running > 0) return false;
      try {
        await client.query("discard all");
        await client.query(FIRST);
        return true;
      } catch {
        return false;
      }
    },
    close: () => client.end().catch(() => undefined),
    cancel: async () => {
      if (running === 0) return;
      const other = new pg.Client(config);
      other.on("error", () => undefined);
      try {
        await other.connect();
        await other.query("select pg_cancel_backend($1)", [backend.rows[0]?.pid]);
      } catch {
        // The run is ending anyway; what cannot be cancelled ends by itself.
      } finally {
        await other.end().catch(() => undefined);
      }
    },
  };
};

function* pieces(data: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < data.length; start += PIECE_BYTES) {
    yield data.subarray(start, start + PIECE_BYTES);
  }
}

/** Statements here are wide and run once: to compile them, where the server can, takes longer than it spares. */
const FIRST = `select pg_backend_pid() as pid,
  case when current_setting('jit', true) is not null then set_config('jit', 'off', false) end as jit`;

/** A password with `/`, `?` or `#` in it: the URL ends there for whoever reads it, and the rest would be shown. */
const HAS_BARE_PASSWORD = /^\w+:\/\/[^/?#]*[/?#][^=]*@/;

type Config = pg.ClientConfig & {
  readonly host: string;
  readonly ssl?: Exclude<pg.ClientConfig["ssl"], undefined> | undefined;
};

const configOf = (url: string): Config => {
  if (HAS_BARE_PASSWORD.test(url)) throw badDatabaseUrl(url);
  try {
    // libpq's meaning of `sslmode`, as psql has it: `require` encrypts without checking the certificate.
    const { ssl, ...parsed } = parse(
      /[?&]sslmode=/.test(url) ? `${url}&uselibpqcompat=true` : url,
    ) as ReturnType<typeof parse> & { ssl?: Config["ssl"] };
    const host = parsed.host || process.env.PGHOST || localSocket();
    const user = parsed.user || process.env.PGUSER || userInfo().username;
    const port = Number(parsed.port || process.env.PGPORT || 5432);
    const database = parsed.database || process.env.PGDATABASE || user;
    return {
      ...(parsed as pg.ClientConfig),
      ...(ssl === undefined ? {} : { ssl }),
      host,
      user,
      port,
      database,
      // Asked for only when the server wants a password.
      password:
        parsed.password ||
        process.env.PGPASSWORD ||
        (() => pgpassPassword({ host, port, database, user })),
      application_name: process.env.PGAPPNAME ?? "runner",
      connectionTimeoutMillis: 1000 * Number(process.env.PGCONNECT_TIMEOUT ?? 15),
      keepAlive: true,
    };
  } catch (error) {
    throw badDatabaseUrl(url, error);
  }
};

const localSocket = (): string => {
  const port = process.env.PGPORT ?? "5432";
  const folder = SOCKET_FOLDERS.find((name) => existsSync(`${name}/.s.PGSQL.${port}`));
  return folder ?? "localhost";
};

const labelOf = ({ user, host, port, database }: pg.ClientConfig): string => {
  const where = host?.startsWith("/") ? `(${host})` : host;
  return `postgresql://${user}@${where}${port ? `:${port}` : ""}/${database}`;
};
