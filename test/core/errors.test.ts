import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as errors from "../../src/core/errors.ts";

describe("suggestions", () => {
  test("name what is close by letters, by letters that changed places, or inside", () => {
    assert.deepEqual(errors.nearest("form", ["from", "to", "pattern"]), ["from"]);
    assert.deepEqual(errors.nearest("eventdate", ["eventDate", "eventTime"])[0], "eventDate");
    assert.deepEqual(errors.nearest("postgres", ["postgres_copy", "file"]), ["postgres_copy"]);
    assert.deepEqual(errors.nearest("xyz", ["from", "to"]), []);
  });

  test("list what is possible when nothing is close, and not hundreds of names", () => {
    assert.equal(errors.suggestion("xyz", ["from", "to"]), " There is `from` and `to`.");
    assert.equal(errors.suggestion("xyz", []), "");
    const many = Array.from({ length: 230 }, (_, index) => `column${index}`);
    assert.match(errors.suggestion("xyz", many), /`column10` and 219 more\.$/);
  });
});

/** Messages that no other test pins whole. */
const MESSAGES: [errors.RunnerError, string][] = [
  [
    errors.transactionAborted(),
    "PostgreSQL rolled the transaction back instead of committing it, because a statement in it failed.",
  ],
  [
    errors.embeddedBroken("p/.runner/db", new Error("no space left")),
    "The embedded database in p/.runner/db does not open: no space left. If nothing in it is needed, remove the folder and run again; or name a server with `--database`.",
  ],
  [
    errors.databaseInUse("p/.runner/db", undefined),
    "The embedded database in p/.runner/db is in use by another process. Wait until it ends. If that is no runner, remove p/.runner/db/lock.",
  ],
  [
    errors.stateForbidden("postgresql://me@host/x", new Error("permission denied for database x")),
    "The runner keeps its state in schema `runner` of postgresql://me@host/x, and may not: permission denied for database x. Ask an administrator for `create schema runner authorization <your role>;`.",
  ],
  [
    errors.statementFailed(
      "permission denied for table t",
      { sqlstate: "42501", hint: "Ask." },
      undefined,
    ),
    "Postgres says: permission denied for table t. Ask. (SQLSTATE 42501) Nothing was committed.",
  ],
  [
    errors.doesNotAddUp("f", { read: 3, inserted: 2 }),
    "The account of flow `f` does not add up: read 3, inserted 2. This is a defect of the runner; please report it.",
  ],
  [
    errors.rowsSuppressed("t", 2),
    "Table `t` took 2 rows and did not store them: a trigger or rule suppresses them. Nothing was committed; load another table, or switch the trigger off for the load.",
  ],
  [
    errors.unknownType("born", "datetime2"),
    'The database has no type "datetime2" (column `born`). There is `bigint`, `boolean`, `date`, `double precision`, `integer`, `jsonb`, `numeric`, `smallint`, `text`, `timestamp`, `timestamptz` and 2 more. Nothing was created.',
  ],
  [
    errors.encodingUnknown("a.csv", "klingon", undefined),
    'a.csv is said to be in the encoding "klingon", which is not known. UTF-8, UTF-16 and windows-1252 are, among others.',
  ],
  [
    errors.csvInvalid("a.csv", "Quote Not Closed.", undefined),
    "a.csv cannot be read as CSV: Quote Not Closed. Are delimiter and quote right?",
  ],
  [
    errors.jsonInvalid("a.json:2", "Unexpected end", undefined),
    "a.json:2 is not JSON: Unexpected end. Nothing of the file was kept.",
  ],
  [
    errors.jsonNoArray("a.json", ""),
    "a.json is not an array. Say with `at` where in it the array is, or with `format: lines` that each line is a record.",
  ],
  [
    errors.noTable("a.zip", ["rights.txt"], []),
    "a.zip has no `meta.xml` and no data file; it has `rights.txt`.",
  ],
  [
    errors.metaTooLarge("meta.xml", 64 * 1024 * 1024),
    "meta.xml has more than 64 MB, which no description has.",
  ],
  [
    errors.downloadFailed("http://host/x.zip", new Error("socket hang up")),
    "http://host/x.zip could not be fetched: socket hang up. Nothing was loaded; try again later.",
  ],
  [
    errors.downloadCut("http://host/x.zip", 5, 9),
    "http://host/x.zip gave 5 bytes of the 9 it announced. Nothing was loaded; try again.",
  ],
];

describe("errors", () => {
  for (const [error, message] of MESSAGES) {
    test(`${error.code} says what, where and what to do`, () => {
      assert.equal(error.message, message);
    });
  }
});
