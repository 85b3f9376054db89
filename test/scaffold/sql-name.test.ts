import assert from "node:assert/strict";
import { test } from "node:test";
import { RESERVED, sqlName } from "../../src/scaffold/sql-name.ts";
import { onEachDatabase } from "../support/database.ts";

test("a name is small letters and underscores, and no reserved word", () => {
  assert.equal(sqlName("decimalLatitude"), "decimal_latitude");
  assert.equal(sqlName("gbifID"), "gbif_id");
  assert.equal(sqlName("order"), "order_");
  assert.equal(sqlName("http://purl.org/dc/terms/references"), "references_");
});

onEachDatabase((database) => {
  test("every word that PostgreSQL reserves gets another name", async () => {
    const session = await database().opened.session();
    const { rows } = await session.query<{ word: string }>(
      "select word from pg_get_keywords() where catcode in ('R', 'T')",
    );
    assert.ok(rows.length > 50);
    assert.deepEqual(
      rows.filter(({ word }) => !RESERVED.has(word)),
      [],
    );
  });
});
