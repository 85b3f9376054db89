import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DatabaseError } from "../../src/core/session.ts";
import type { TargetColumn, TargetTable } from "../../src/postgres/catalog.ts";
import { type Guard, guardFor, newPartition } from "../../src/postgres/suspects.ts";
import { randomFrom, randomText } from "../support/random.ts";

const column = (name: string, type: string, more: Partial<TargetColumn> = {}): TargetColumn => ({
  name,
  type,
  declaredType: type,
  maxLength: undefined,
  hasModifier: false,
  isNotNull: false,
  isRequired: false,
  ...more,
});

const table = (...columns: TargetColumn[]): TargetTable => ({ name: "t", sql: '"t"', columns });

const refusal = (where: string, more: object = {}): DatabaseError =>
  Object.assign(new Error("refused"), { code: "22P02", where, ...more });

const guardOf = (target: TargetColumn): Guard => {
  const found = guardFor(refusal(`COPY t, line 2, column ${target.name}: "x"`), table(target), [
    target.name,
  ]);
  assert.ok(found);
  return found.guard;
};

describe("suspects", () => {
  test("rows are parted as by splitting lines and fields, on random COPY text", () => {
    const random = randomFrom(11);
    const letters = [..."ab1\\é", "\\\\", "\\t"];
    const guards = new Map<number, Guard>([
      [0, (value) => !value.includes("1")],
      [2, (value) => value.length < 4],
    ]);
    const partition = newPartition(3, guards);
    for (let round = 0; round < 500; round++) {
      const rows = Array.from({ length: 1 + random(8) }, () =>
        Array.from({ length: 3 }, () => randomText(random, random(5), letters)),
      );
      const lines = rows.map((row) => `${row.join("\t")}\n`);
      const isPlain = rows.map(([a = "", , c = ""]) => !a.includes("1") && c.length < 4);
      const found = partition(Buffer.from(lines.join("")));
      assert.equal(found.plain.toString(), lines.filter((_, row) => isPlain[row]).join(""));
      assert.equal(found.suspect.toString(), lines.filter((_, row) => !isPlain[row]).join(""));
      assert.deepEqual(
        found.suspectRows,
        isPlain.flatMap((good, row) => (good ? [] : [row])),
      );
      assert.equal(found.plainRows, isPlain.filter(Boolean).length);
    }
  });

  test("the plain form of a type lets nothing pass that the type would refuse", () => {
    const forms: [string, string[], string[]][] = [
      ["integer", ["0", "-12", "999999999"], ["99999999999", "1.5", "", "1e3", "٣"]],
      ["smallint", ["9999"], ["99999"]],
      ["numeric", ["45.7", "-3"], ["45,7", "1.", "NaN", "45.7°"]],
      ["boolean", ["true", "f"], ["yes", "vrai"]],
      [
        "date",
        ["2024-01-31".replace("31", "30"), "2023-02-28"],
        ["2023-02-29", "2021-13-05", "30/01/2024"],
      ],
      [
        "timestamp without time zone",
        ["2024-10-30 11:56:00", "2024-10-30"],
        ["2024-10-30 25:00:00", "hier"],
      ],
      ["uuid", ["50c9509d-22c7-4a22-a47d-8c48425ef4a7"], ["50c9509d"]],
    ];
    for (const [type, plain, others] of forms) {
      const guard = guardOf(column("c", type));
      for (const value of plain) assert.ok(guard(value), `${type} ${value}`);
      for (const value of others) assert.ok(!guard(value), `${type} ${value}`);
      assert.ok(guard("\\N"));
    }
    const short = guardOf(
      column("c", "character varying", { maxLength: 3, hasModifier: true, isNotNull: true }),
    );
    assert.deepEqual(["abc", "abcd", "\\N"].map(short), [true, false, false]);
  });

  test("nothing is learned from a refusal without a column, or of a type without a plain form", () => {
    assert.equal(
      guardFor(refusal("COPY t, line 2"), table(column("c", "integer")), ["c"]),
      undefined,
    );
    assert.equal(
      guardFor(refusal('COPY t, line 2, column c: "x"'), table(column("c", "jsonb")), ["c"]),
      undefined,
    );
  });
});
