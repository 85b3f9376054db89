import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { codeFrame, withoutPassword, withoutPasswords } from "../../src/core/place.ts";

describe("a code frame", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  const frameOf = async (text: string, line: number, column: number): Promise<string> => {
    const file = join(folder, "p.yaml");
    await writeFile(file, text);
    return codeFrame({ file, line, column });
  };

  test("has the line above and a caret", async () => {
    assert.equal(await frameOf("a: 1\nbc: 2", 2, 5), "  1 | a: 1\n  2 | bc: 2\n    |     ^");
  });

  test("of a long line is cut so that the caret stays in sight", async () => {
    const frame = await frameOf(`${"x".repeat(300)}HERE${"y".repeat(300)}`, 1, 301);
    const [line = "", caret = ""] = frame.split("\n");
    assert.ok(line.length < 140);
    assert.equal(line[caret.indexOf("^")], "H");
  });

  test("shows no password, and keeps its caret under the same word", async () => {
    for (const secret of [
      "postgresql://anne:s3cret@host/x",
      "postgresql://anne:s3cr/et@host/x",
      "https://anne:s3cret@host/x",
    ]) {
      const frame = await frameOf(`a: { url: "${secret}", HERE: 1 }`, 1, 15 + secret.length);
      const [line = "", caret = ""] = frame.split("\n");
      assert.doesNotMatch(frame, /s3cr/);
      assert.equal(line.slice(caret.indexOf("^")), "HERE: 1 }");
    }
    assert.match(await frameOf("password: s3cret", 1, 1), /password: \*\*\*\n/);
    assert.match(await frameOf("password: ${SECRET}", 1, 1), /password: \$\{SECRET\}\n/);
    const long = `${" ".repeat(200)}a: postgresql://anne:s3cret@host/x, b: ${"y".repeat(90)}`;
    assert.doesNotMatch(await frameOf(long, 1, 300), /s3cret/);
  });
});

test("passwords in URLs are masked, variables and URLs without one are not", () => {
  const masked = (text: string) => withoutPasswords(text);
  assert.equal(masked("postgresql://u:p@h/d"), "postgresql://u:***@h/d");
  assert.equal(masked('"postgres://u:p/@q@h/d"'), '"postgres://u:***@h/d"');
  assert.equal(
    masked("postgresql:///d?user=u&password=p&x=1"),
    "postgresql:///d?user=u&password=***&x=1",
  );
  for (const text of ["postgresql://u:${P}@h/d", "https://h:80/a", "postgresql://u@h/d"]) {
    assert.equal(masked(text), text);
  }
});

test("what should be the URL of a database and is none shows no password either", () => {
  for (const [given, shown] of [
    ["postgresql:/u:p@h/d", "postgresql:/u:***@h/d"],
    ["postgres:u:p/@:@h/d", "postgres:u:***@h/d"],
    ["u:p@h/d", "u:***@h/d"],
    ["mysql://u:p@h/d", "mysql://u:***@h/d"],
    ["host=h password='p q' dbname=d", "host=h password=*** dbname=d"],
    ["postgresql://u@h:5432/d", "postgresql://u@h:5432/d"],
    ["embeded", "embeded"],
  ] as const) {
    assert.equal(withoutPassword(given), shown);
  }
});
