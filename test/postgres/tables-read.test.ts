import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tablesRead } from "../../src/postgres/tables-read.ts";

describe("the tables that a statement reads", () => {
  const CASES: readonly [what: string, sql: string, tables: string[]][] = [
    [
      "stand behind from and join",
      "select 1 from a join s.b on true left join c x using (id)",
      ["a", "s.b", "c"],
    ],
    [
      "stand in a list, with aliases or without",
      "select 1 from a, s.b as x, only c y where a.id = d.id",
      ["a", "s.b", "c"],
    ],
    ["stand in subselects", "select (select max(id) from a) from (select * from b) x", ["a", "b"]],
    [
      "may be quoted, or written over lines",
      'select 1\nfrom "A b" . c\njoin\n  S.D on true',
      ['"A b".c', "S.D"],
    ],
    ["are told once", "select 1 from a union select 2 from a", ["a"]],
    [
      "are none in comments and texts",
      "select ' from a', $x$ from b $x$ -- from c\n/* from d */ from e",
      ["e"],
    ],
    [
      "are no parts of the statement itself",
      "with a as (select 1), b (x) as materialized (select 2 from t) select * from a join b on true",
      ["t"],
    ],
    [
      "are no functions, nor what is compared or taken apart",
      "select extract(year from day) from unnest('{}'::int[]) where a is distinct from b",
      ["day"],
    ],
  ];
  for (const [what, sql, tables] of CASES) {
    test(what, () => assert.deepEqual(tablesRead(sql), tables));
  }
});
