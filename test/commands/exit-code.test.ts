import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodeOf } from "../../src/commands/text.ts";
import { expressionFailed, queryFailed, setupFailed } from "../../src/core/errors.ts";

const saying = (code: string) =>
  Object.assign(new Error("permission denied for table t"), { code });

test("a statement that fails for want of rights ends with 3, as no data and no pipeline is wrong; another with 1", () => {
  const endings = ["42501", "22012"].map((code) => [
    exitCodeOf(saying(code)),
    exitCodeOf(queryFailed("staged.sql", {}, saying(code))),
    exitCodeOf(expressionFailed("`where`", "where", saying(code))),
    exitCodeOf(setupFailed("sql/a.sql:1:1", saying(code))),
  ]);
  assert.deepEqual(endings, [
    [3, 3, 3, 3],
    [1, 1, 1, 1],
  ]);
});
