/**
 * Builds the schemas of options: plain JSON Schema at run time, typebox's types at compile time.
 *
 * typebox itself is 300 modules, which every command would load for the nine functions that are used
 * here: a third of the time that the program takes to start. What they give is the same, letter for letter.
 */

import type * as typebox from "typebox";

export type { Static, TObject, TSchema, TUnsafe } from "typebox";

/** typebox's own mark, so that schemas of both can be mixed; not part of the JSON. */
const OPTIONAL = "~optional";

const ofType =
  (type: string) =>
  (options: object = {}) => ({ type, ...options });

const objectOf = (properties: Readonly<Record<string, object>>, options: object = {}) => {
  const required = Object.keys(properties).filter(
    (name) => !(OPTIONAL in (properties[name] ?? {})),
  );
  return {
    type: "object",
    ...(required.length > 0 ? { required } : {}),
    properties,
    ...options,
  };
};

const recordOf = (key: { pattern?: string }, value: object, options: object = {}) => ({
  type: "object",
  patternProperties: { [key.pattern ?? "^.*$"]: value },
  ...options,
});

const optional = (schema: object) =>
  Object.defineProperty({ ...schema }, OPTIONAL, { value: true, enumerable: false });

/** The parts of typebox's `Type` that options are made of. */
export const Type = {
  String: ofType("string"),
  Number: ofType("number"),
  Integer: ofType("integer"),
  Boolean: ofType("boolean"),
  Array: (items: object, options: object = {}) => ({ type: "array", items, ...options }),
  Object: objectOf,
  Record: recordOf,
  Optional: optional,
  Unsafe: (schema: object) => schema,
} as unknown as Pick<
  typeof typebox.Type,
  | "String"
  | "Number"
  | "Integer"
  | "Boolean"
  | "Array"
  | "Object"
  | "Record"
  | "Optional"
  | "Unsafe"
>;
