import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Session } from "../../src/core/session.ts";
import { openDatabase } from "../../src/postgres/open.ts";

const server = process.env.TEST_DATABASE_URL;

/** Who the session is, by which way, for a URL and some variables of the environment. */
const connect = async (url: string, environment: Record<string, string> = {}) => {
  const saved = { ...process.env };
  Object.assign(process.env, environment);
  try {
    await using database = await openDatabase(url, {
      signal: new AbortController().signal,
      embeddedFolder: "",
      onNotice: () => undefined,
    });
    await using session = await database.session();
    const { rows } = await session.query<{ who: string; way: string }>(
      "select current_user as who, case when inet_server_addr() is null then 'socket' else 'tcp' end as way",
    );
    return { ...rows[0], label: database.label };
  } finally {
    for (const name of Object.keys(environment)) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
  }
};

describe("a server's URL", { skip: server ? false : "TEST_DATABASE_URL names no server" }, () => {
  const url = new URL(server ?? "postgresql://none");
  const user = decodeURIComponent(url.username);
  const name = url.pathname.slice(1);
  let socket = "";

  before(async () => {
    await using database = await openDatabase(server ?? "", {
      signal: new AbortController().signal,
      embeddedFolder: "",
      onNotice: () => undefined,
    });
    await using session = await database.session();
    const { rows } = await session.query<{ folder: string }>(
      "select split_part(setting, ',', 1) as folder from pg_settings where name = 'unix_socket_directories'",
    );
    socket = rows[0]?.folder.trim() ?? "";
  });

  test("names everything; the label has no password", async () => {
    const found = await connect(url.href);
    assert.equal(found.way, "tcp");
    assert.equal(found.label, `postgresql://${user}@${url.hostname}:${url.port}/${name}`);
  });

  test("may leave out all that PGHOST and the other variables say, as with psql", async () => {
    const found = await connect("postgresql://", {
      PGHOST: url.hostname,
      PGPORT: url.port,
      PGUSER: user,
      PGPASSWORD: decodeURIComponent(url.password),
      PGDATABASE: name,
    });
    assert.deepEqual([found.who, found.way], [user, "tcp"]);
  });

  test("may prefer TLS of a server that has none, as with psql; one that requires it is refused", async () => {
    for (const mode of ["prefer", "allow"]) {
      const found = await connect(`${url.href}?sslmode=${mode}`);
      assert.equal(found.way, "tcp");
    }
    await assert.rejects(connect(`${url.href}?sslmode=require`), {
      code: "database_unreachable",
      message: /: The server does not support SSL connections\.$/,
    });
    // No mode says anything of a socket.
    const socketUrl = new URL(url);
    socketUrl.searchParams.set("host", socket);
    socketUrl.searchParams.set("sslmode", "require");
    assert.equal((await connect(socketUrl.href)).way, "socket");
  });

  test("may leave the password to a pgpass file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    const file = join(folder, "pgpass");
    await writeFile(
      file,
      `${url.hostname}:${url.port}:*:${user}:${decodeURIComponent(url.password)}\n`,
    );
    await chmod(file, 0o600);
    const bare = new URL(url);
    bare.password = "";
    const found = await connect(bare.href, { PGPASSFILE: file });
    assert.equal(found.way, "tcp");
    await rm(folder, { recursive: true });
  });

  test("without a password anywhere, or in a file that others may read, says what is missing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    const file = join(folder, "pgpass");
    await writeFile(file, `*:*:*:*:${decodeURIComponent(url.password)}\n`);
    await chmod(file, 0o644);
    const bare = new URL(url);
    bare.password = "";
    const told = (PGPASSFILE: string) =>
      connect(bare.href, { PGPASSFILE }).then(String, ({ message }: Error) => message);
    assert.match(
      await told(join(folder, "none")),
      /: the server asks for a password, and there is none\. Set the password in the URL/,
    );
    assert.match(
      await told(file),
      /, and \S+pgpass is not taken, as others may read it, too \(`chmod 600` mends that\)\. Set/,
    );
    await rm(folder, { recursive: true });
  });

  test("may name a Unix socket as host, encoded in its place or as a parameter", async () => {
    const encoded = `postgresql://${user}@${encodeURIComponent(socket)}:${url.port}/${name}`;
    const parameter = `postgresql:///${name}?host=${socket}&port=${url.port}&user=${user}`;
    assert.equal((await connect(encoded)).way, "socket");
    assert.equal((await connect(parameter)).way, "socket");
    assert.equal(
      (await connect(`postgresql:///${name}`, { PGHOST: socket, PGPORT: url.port, PGUSER: user }))
        .way,
      "socket",
    );
  });

  test("with a wrong password says where to set it, and does not print it", async () => {
    const wrong = new URL(url);
    wrong.password = "s3cret";
    await assert.rejects(connect(wrong.href), (error: Error) => {
      assert.match(
        error.message,
        /password authentication failed for user "\w+"\. Set the password in the URL, in `PGPASSWORD` or in `~\/\.pgpass` \(readable by you alone\)\.$/,
      );
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  });

  describe("sessions, one after the other,", () => {
    const open = () =>
      openDatabase(url.href, {
        signal: new AbortController().signal,
        embeddedFolder: "",
        onNotice: () => undefined,
      });
    const pidOf = async (session: Session) =>
      (await session.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;

    test("share a connection, and find nothing that the one before set, made or locked", async () => {
      await using database = await open();
      let first: number | undefined;
      {
        await using session = await database.session();
        first = await pidOf(session);
        await session.script(
          "set work_mem = '7MB'; set search_path = nowhere; create temporary table left_behind (n int); select pg_advisory_lock(4711)",
        );
        await session.begin();
        await session.script("create table pg_temp.undone (n int)");
      }
      await using session = await database.session();
      assert.equal(await pidOf(session), first);
      const { rows } = await session.query(
        `select current_setting('work_mem') <> '7MB' as memory, current_setting('search_path') <> 'nowhere' as path,
                to_regclass('pg_temp.left_behind') is null and to_regclass('pg_temp.undone') is null as tables,
                not exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
                current_setting('jit') as jit`,
      );
      assert.deepEqual(rows, [{ memory: true, path: true, tables: true, locks: true, jit: "off" }]);
    });

    test("never share it at the same time, nor after a statement that failed", async () => {
      await using database = await open();
      let first: number | undefined;
      {
        await using session = await database.session();
        await using other = await database.session();
        first = await pidOf(session);
        assert.notEqual(await pidOf(other), first);
        await assert.rejects(session.query("select 1 / 0"), /division by zero/);
        await assert.rejects(other.query("select 1 / 0"), /division by zero/);
      }
      await using session = await database.session();
      assert.notEqual(await pidOf(session), first);
    });

    test("get another one where the server has ended it meanwhile", async () => {
      await using database = await open();
      let first: number | undefined;
      {
        await using session = await database.session();
        first = await pidOf(session);
      }
      await using other = await open();
      await using killer = await other.session();
      await killer.query("select pg_terminate_backend($1)", [first]);
      while ((await isThere(killer, first)) === true) await setImmediate();
      await using session = await database.session();
      assert.notEqual(await pidOf(session), first);
    });

    const isThere = async (session: Session, pid: number | undefined) =>
      (
        await session.query<{ is_there: boolean }>(
          "select exists (select from pg_stat_activity where pid = $1) as is_there",
          [pid],
        )
      ).rows[0]?.is_there;
  });
});
