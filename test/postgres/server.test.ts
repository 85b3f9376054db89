import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
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
});
