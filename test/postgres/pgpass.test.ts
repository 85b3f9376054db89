import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openDatabase } from "../../src/postgres/open.ts";
import { passwordIn } from "../../src/postgres/pgpass.ts";

const account = { host: "db.example.org", port: 5432, database: "gn2", user: "loader" };

describe("a pgpass file", () => {
  const FILES = [
    {
      name: "a line that names all",
      text: "db.example.org:5432:gn2:loader:s3cret",
      password: "s3cret",
    },
    { name: "`*` for anything", text: "*:*:*:*:s3cret", password: "s3cret" },
    {
      name: "the first that fits",
      text: "other:5432:gn2:loader:a\n#db.example.org:5432:gn2:loader:b\ndb.example.org:*:gn2:loader:c\n*:*:*:*:d",
      password: "c",
    },
    {
      name: "a colon and a backslash behind backslashes",
      text: "*:*:*:*:a\\:b\\\\c",
      password: "a:b\\c",
    },
    { name: "a colon in a password that needs none", text: "*:*:*:*:a:b", password: "a:b" },
    { name: "lines that end as on Windows", text: "*:*:*:*:s3cret\r\n", password: "s3cret" },
    {
      name: "another port, database or user",
      text: "*:5433:*:*:a\n*:*:gn3:*:b\n*:*:*:other:c",
      password: undefined,
    },
    {
      name: "lines that are cut short",
      text: "db.example.org:5432\n\n*:*:*:*:",
      password: undefined,
    },
  ];
  for (const { name, text, password } of FILES) {
    test(`with ${name} gives ${password ?? "no password"}`, () => {
      assert.equal(passwordIn(text, account), password);
    });
  }

  test("names the Unix socket as localhost, or by its folder", () => {
    const socket = { ...account, host: "/var/run/postgresql" };
    assert.equal(passwordIn("localhost:*:*:*:a", socket), "a");
    assert.equal(passwordIn("/var/run/postgresql:*:*:*:b", socket), "b");
  });
});

describe("a URL with a password that is not percent-encoded", () => {
  for (const password of ["a/zz9", "a@b/zz9%", "a#zz9", "a?zz9"]) {
    test(`is refused, and nothing of ${password} is shown`, async () => {
      const opened = openDatabase(`postgresql://loader:${password}@db.invalid:5432/gn2`, {
        signal: new AbortController().signal,
        embeddedFolder: "",
        onNotice: () => undefined,
      });
      await assert.rejects(opened, ({ message }: Error) => {
        assert.match(message, /must be percent-encoded\.$/);
        assert.ok(!message.includes("zz9"), message);
        return true;
      });
    });
  }
});
