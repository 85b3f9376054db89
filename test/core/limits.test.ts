import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exceededLimit, limitText, parseLimit, STRICT } from "../../src/core/limits.ts";

const judge = (
  max: string | number,
  rejected: Record<string, number>,
  read: number,
  { isComplete = true, codes = {} }: { isComplete?: boolean; codes?: Record<string, string> } = {},
) =>
  exceededLimit(
    {
      max: parseLimit(max) ?? "any",
      byCode: new Map(
        Object.entries(codes).map(([code, limit]) => [code, parseLimit(limit) ?? "any"]),
      ),
    },
    { read, rejected: new Map(Object.entries(rejected)), isComplete },
  )?.text;

describe("reject limits", () => {
  test("are read out of YAML, and nothing else is taken for one", () => {
    assert.deepEqual(
      ["any", 1000, "1000", "1%", "0.5 %", "101%", "some", -1, 1.5, null].map(parseLimit),
      [
        "any",
        { rows: 1000 },
        { rows: 1000 },
        { share: 0.01 },
        { share: 0.005 },
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
      ],
    );
    assert.deepEqual([{ share: 0.07 }, { rows: 3 }, "any" as const].map(limitText), [
      "7%",
      "3",
      "any",
    ]);
  });

  test("of a flow that says nothing are 0", () => {
    const counts = { read: 10, rejected: new Map([["a", 1]]), isComplete: false };
    assert.deepEqual(exceededLimit(STRICT, counts), { text: "0", code: undefined });
  });

  test("by number hold at once, by share only from 10,000 records on, and exactly at the end", () => {
    assert.equal(judge(5, { a: 3, b: 3 }, 100, { isComplete: false }), "5");
    assert.equal(judge("1%", { a: 50 }, 100, { isComplete: false }), undefined);
    assert.equal(judge("1%", { a: 101 }, 100, { isComplete: false }), "1%");
    assert.equal(judge("1%", { a: 2 }, 100), "1%");
    assert.equal(judge("1%", { a: 1 }, 100), undefined);
  });

  test("of a code count apart from the others", () => {
    const codes = { taxon_unknown: "any", bad_date: "2" };
    assert.equal(judge(0, { taxon_unknown: 999, bad_date: 2 }, 1000, { codes }), undefined);
    assert.equal(judge(0, { bad_date: 3 }, 1000, { codes }), "2 for `bad_date`");
    assert.equal(judge(0, { other: 1 }, 1000, { codes }), "0");
  });
});
