import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rejected } from "../../src/core/batch.ts";
import type { RunnerError } from "../../src/core/errors.ts";
import type { Limit } from "../../src/core/limits.ts";
import { SetAside } from "../../src/core/set-aside.ts";

const place = { file: "p.yaml", line: 3, column: 1 };
const STANDING = { read: 100, isComplete: true, isLast: true, file: "rejects.ndjson" };

const rejects = (code: string, count: number): Rejected[] =>
  Array.from({ length: count }, (_, index) => ({
    code,
    message: `${code} ${index}.`,
    place: `in.csv:${index}`,
    raw: "",
    id: `${code}${index}`,
  }));

const setAside = (max: Limit, byCode: Readonly<Record<string, Limit>> = {}) =>
  new SetAside({
    flow: "f",
    limits: { max, byCode: new Map(Object.entries(byCode)) },
    limitFor: (code) => ({ place: { ...place, column: code === undefined ? 1 : 9 } }),
  });

/** What it throws. */
const judgement = (aside: SetAside): RunnerError => {
  try {
    aside.judge(STANDING);
  } catch (error) {
    return error as RunnerError;
  }
  throw new Error("It found nothing wrong.");
};

test("a code that keeps to a limit of its own is not told as a reason", () => {
  const aside = setAside({ rows: 2 }, { odd: "any" });
  aside.add([...rejects("odd", 30), ...rejects("bad", 2)]);
  aside.judge(STANDING);
  aside.add(rejects("worse", 1));
  const { message, place: at } = judgement(aside);
  assert.match(message, /^3 records were rejected of 100 read/);
  assert.doesNotMatch(message, /odd/);
  assert.equal(at?.column, 1);
});

test("a limit that is exceeded is told where that code's own stands", () => {
  const aside = setAside("any", { bad: { rows: 1 } });
  aside.add([...rejects("odd", 3), ...rejects("bad", 2)]);
  const { message, place: at } = judgement(aside);
  assert.match(message, /its limit is 1 for `bad`/);
  assert.equal(at?.column, 9);
  assert.equal(aside.isJudgedWhole, true);
});

test("of each code three are examples, all are counted, and repaired ones are known by their names", () => {
  const aside = setAside("any");
  aside.add(rejects("bad", 2));
  aside.add([...rejects("worse", 30), ...rejects("bad", 2)]);
  assert.deepEqual(aside.byCode, [
    ["worse", 30],
    ["bad", 4],
  ]);
  assert.deepEqual(
    [aside.examples.get("worse")?.length, aside.examples.get("bad")?.length],
    [3, 3],
  );
  assert.deepEqual([aside.total, aside.isAgain("bad1"), aside.isAgain("bad7")], [34, true, false]);
});
