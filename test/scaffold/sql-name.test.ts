import assert from "node:assert/strict";
import { test } from "node:test";
import { namesFor, RESERVED, schemaName, sqlName } from "../../src/scaffold/sql-name.ts";
import { onEachDatabase } from "../support/database.ts";

test("a name is small letters and underscores, and no reserved word", () => {
  assert.equal(sqlName("decimalLatitude"), "decimal_latitude");
  assert.equal(sqlName("gbifID"), "gbif_id");
  assert.equal(sqlName("order"), "order_");
  assert.equal(sqlName("http://purl.org/dc/terms/references"), "references_");
});

test("whatever columns are called, each gets a name of its own that PostgreSQL takes whole, and a word on why", () => {
  const long = "Quel est le nom complet de la personne qui a fait cette observation ce";
  const terms = [
    "Order",
    "order",
    `${long} matin ?`,
    `${long} soir ?`,
    "xmin",
    "%",
    "Lat/Lon",
    "a",
  ];
  const names = namesFor(
    terms.map((name) => ({ name })),
    ["a"],
  );
  const cut = "quel_est_le_nom_complet_de_la_personne_qui_a_fait_cette_observa";
  assert.deepEqual(
    names.map(({ to, why }) => [to, why]),
    [
      ["order_", "`order` is a word of SQL"],
      ["order__2", "`order_` is the name of another column"],
      [cut, "cut: 63 characters at most"],
      [`${cut.slice(0, 61)}_2`, `\`${cut}\` is the name of another column`],
      ["xmin_", "`xmin` is a word of SQL"],
      ["data", "letters of a to z, digits and _ only"],
      ["lat_lon", undefined],
      ["a_2", "`a` is the name of another column"],
    ],
  );
});

test("a schema is never one of PostgreSQL's or of the runner's state", () => {
  assert.deepEqual(["moths", "runner", "pg_data", "user"].map(schemaName), [
    "moths",
    "data_runner",
    "data_pg_data",
    "user_",
  ]);
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
