import assert from "node:assert/strict";
import { test } from "node:test";
import * as typebox from "typebox";
import { type Static, Type } from "../../src/core/type.ts";

test("a schema is the one that typebox makes, letter for letter", () => {
  const made = ({ Type: T }: { Type: typeof Type }) =>
    T.Object(
      {
        text: T.String({ minLength: 1, description: "A text." }),
        number: T.Number({ default: 1 }),
        integer: T.Optional(T.Integer({ minimum: 0 })),
        yes: T.Boolean({ default: false }),
        list: T.Optional(T.Array(T.String(), { minItems: 1 })),
        map: T.Record(T.String({ minLength: 1 }), T.Number(), { default: {} }),
        named: T.Record(T.String({ pattern: "^a" }), T.Optional(T.Unsafe({ enum: [1, null] }))),
        inner: T.Optional(T.Object({ a: T.Optional(T.String()) })),
        empty: T.Object({}),
      },
      { description: "All of it.", additionalProperties: false },
    );
  assert.deepEqual(
    JSON.parse(JSON.stringify(made({ Type }))),
    JSON.parse(JSON.stringify(made(typebox as unknown as { Type: typeof Type }))),
  );
});

test("an option that typebox made optional is optional here, and the other way round", () => {
  assert.equal(
    Type.Object({ a: typebox.Type.Optional(typebox.Type.String()) }).required,
    undefined,
  );
  assert.equal(typebox.Type.Object({ a: Type.Optional(Type.String()) }).required, undefined);
});

test("a schema gives its options their types", () => {
  const schema = Type.Object({ a: Type.String(), b: Type.Optional(Type.Integer()) });
  const options: Static<typeof schema> = { a: "x" };
  assert.equal(options.b, undefined);
});
