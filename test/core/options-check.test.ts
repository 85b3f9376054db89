import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type TObject, Type } from "typebox";
import { path, pattern, secret } from "../../src/core/options.ts";
import { checkedOptions } from "../../src/core/options-check.ts";
import { withVariables } from "../../src/core/variables.ts";
import { parseYaml } from "../../src/core/yaml-parse.ts";

const place = { file: "/folder/p.yaml", line: 1, column: 1 };

const check = (schema: TObject, yaml: string, environment: Record<string, string> = {}) => {
  const said: string[] = [];
  const complain = (_code: string, _place: unknown, message: string) => said.push(message);
  const raw = parseYaml(yaml, place, complain);
  assert.ok(raw);
  const variables = { environment, parameters: undefined };
  const value = withVariables(raw, variables, complain);
  return { said, options: checkedOptions(value, schema, { name: "it", place, complain }) };
};

describe("an option that may have one of several shapes", () => {
  const schema = Type.Object({
    ids: Type.Union([
      Type.Object({ sql: Type.String({ minLength: 1 }) }),
      Type.Object({ table: Type.String(), column: Type.String(), file: Type.Optional(path("A.")) }),
      Type.Array(Type.Integer()),
      Type.Null(),
    ]),
    mode: Type.Optional(Type.Union([Type.Literal("replace"), Type.Literal("append")])),
    pattern: Type.Optional(Type.Union([Type.Null(), pattern("A pattern.")])),
  });

  test("is complained of as the shape that is meant", () => {
    const cases: [string, string[]][] = [
      ["ids: { sql: 5 }", ['`sql` of `it` must be a text, and is 5. Put quotes around it: "5".']],
      ["ids: { table: a }", ["`ids` of `it` needs the option `column`: "]],
      [
        "ids: { tabel: a, column: b }",
        ["`ids` of `it` has no option `tabel`. Did you mean `table`?"],
      ],
      ["ids: [1, x]", ['Item 2 of `ids` must be a whole number, and is "x".']],
      [
        "ids: true",
        [
          "`ids` of `it` must be a map, `{ name: value }` or a list, `[a, b]` or `null`, and is true.",
        ],
      ],
      ["{ ids: null, mode: replce }", ['`mode` of `it` is "replce". Did you mean `replace`?']],
    ];
    for (const [yaml, expected] of cases)
      assert.deepEqual(check(schema, yaml).said, expected, yaml);
  });

  test("is turned into what that shape says", () => {
    const { options, said } = check(
      schema,
      'ids: { table: a, column: b, file: c.sql }\npattern: "^a"\nmode: append',
    );
    assert.deepEqual(said, []);
    assert.deepEqual(options, {
      ids: { table: "a", column: "b", file: "/folder/c.sql" },
      pattern: /^a/u,
      mode: "append",
    });
  });
});

test("nothing is ever said in ajv's own words", () => {
  const schema = Type.Object({
    a: Type.Optional(Type.Number({ multipleOf: 5 })),
    b: Type.Optional(Type.String({ maxLength: 2 })),
    c: Type.Optional(Type.Record(Type.String({ pattern: "^x" }), Type.String())),
    d: Type.Optional(Type.Unsafe<string>({ not: { type: "string" } })),
    e: Type.Optional(Type.Array(Type.String(), { uniqueItems: true })),
    f: Type.Optional(Type.Number({ exclusiveMaximum: 5 })),
  });
  const yaml = "{ a: 3, b: abc, c: { y: z }, d: t, e: [a, a], f: 6 }";
  assert.deepEqual(check(schema, yaml).said, [
    "`a` of `it` must be a multiple of 5.",
    "`b` of `it` must have at most 2 characters.",
    "`d` of `it` is not right.",
    "`e` of `it` has the same entry twice.",
    "`f` of `it` must be less than 5.",
  ]);
});

test("a text from a variable is a number where one is wanted, and a text where that is", () => {
  const schema = Type.Object({ n: Type.Integer(), s: Type.String(), b: Type.Boolean() });
  const { options, said } = check(schema, '{ n: "${N}", s: "${N}", b: "${B}" }', {
    N: "12",
    B: "true",
  });
  assert.deepEqual(said, []);
  assert.deepEqual(options, { n: 12, s: "12", b: true });
});

test("a secret is not in a complaint of it", () => {
  const schema = Type.Object({ key: secret("The key.") });
  assert.doesNotMatch(check(schema, "key: 73516").said.join(), /73516/);
});
