import assert from "node:assert/strict";
import { test } from "node:test";
import { bareType, isUnknownType, meantTypes, strayBehind } from "../../src/postgres/type-names.ts";
import { onEachDatabase, rowsOf } from "../support/database.ts";

test("a misspelt type, and another program's word for one, has what was meant", () => {
  const meant = (type: string) => meantTypes(type)?.[0];
  assert.deepEqual(
    [
      "bigintt",
      "Texte",
      "timestmp with time zone",
      "numric(10,2)",
      "varchr(20) not null",
      "uuidd[]",
    ].map(meant),
    ["bigint", "text", "timestamp with time zone", "numeric", "varchar", "uuid"],
  );
  assert.deepEqual(["string", "DATETIME", "double", "tinyint(1)"].map(meant), [
    "text",
    "timestamp",
    "double precision",
    "smallint",
  ]);
});

test("what may be a domain, an enum or an extension's type is let pass", () => {
  const fine = [
    "statut_donnee",
    "public.bigintt",
    "geometry(Point, 2154)",
    "text[][3]",
    "interval",
  ];
  for (const type of fine) assert.equal(meantTypes(type), undefined, type);
  // Only the one that has neither a schema nor PostgreSQL's name is worth a warning.
  assert.deepEqual(fine.filter(isUnknownType), ["statut_donnee"]);
});

test("behind a type may stand what a table is made with, and nothing else", () => {
  const fine = [
    "text",
    "varchar (20) not null",
    "timestamp(3) with time zone default now()",
    "bigint generated always as identity",
    "numeric(10, 2)[] null",
    "interval day to second",
    "public.statut not null",
  ];
  for (const type of fine) assert.equal(strayBehind(type), undefined, type);
  assert.equal(strayBehind("text not nul"), "not nul");
  assert.equal(strayBehind("double precision obligatoire"), "obligatoire");
});

test("a bare type is what the catalog knows, also of serial numbers", () => {
  assert.deepEqual(
    ["varchar(20) not null", "timestamp default now()", "bigserial", "serial not null"].map(
      bareType,
    ),
    ["varchar", "timestamp", "bigint", "integer"],
  );
});

onEachDatabase((database) => {
  test("no type that the database has by a plain name is taken for a mistake", async () => {
    const rows = await rowsOf(
      database(),
      "select format_type(oid, null) as name from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typelem = 0 and typname !~ '^(_|pg_|reg|xid|cid$|tid$|oid|int2vector|gtsvector|txid|\"char\")'",
    );
    const names = rows.map(({ name }) => String(name)).filter((name) => /^[a-z]/.test(name));
    assert.ok(names.length > 40);
    assert.deepEqual(
      names.filter((name) => meantTypes(name) ?? isUnknownType(name)),
      [],
    );
  });
});
