import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionControl } from "../../src/postgres/transaction-control.ts";

test("finds what begins or ends a transaction, and where", () => {
  assert.deepEqual(transactionControl("BEGIN;\nselect 1;\nCOMMIT;"), {
    command: "begin",
    offset: 0,
  });
  assert.deepEqual(transactionControl("select 1;\n -- then\n commit and chain;"), {
    command: "commit",
    offset: 20,
  });
  assert.equal(
    transactionControl("select 1; start   transaction read only")?.command,
    "start   transaction",
  );
});

test("takes none for one inside a body, a text, a name or a comment", () => {
  for (const sql of [
    "do $$ begin perform 1; commit; end $$;",
    "create function f() returns void language plpgsql as $f$ declare x int; begin null; end; $f$;",
    "select ';commit', E'\\';commit', \"a;commit\" from t; -- ;commit\n/* ; commit */ select 1",
    "create function g() returns int begin atomic select 1; select 2; end;",
    "create table t (a int) on commit drop",
    "select 1; committed()",
  ]) {
    assert.equal(transactionControl(sql), undefined, sql);
  }
});
