/** The schema of options, as far as this project uses JSON Schema. */

import type { OptionKind } from "./options.ts";

/** The parts of JSON Schema that are used here. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  /** Values that make sense, for editors and the reference. */
  readonly examples?: readonly unknown[];
  readonly runner?: OptionKind;
  readonly pattern?: string;
  /** What a `pattern` asks for, in words: "must be …". */
  readonly form?: string;
  /** What to say of words that others have for it, or that belong elsewhere: a sentence each. */
  readonly hints?: Readonly<Record<string, string>>;
  /** Whether no row depends on it: it says how fast, or what is told of them, or what becomes of others. See `basisOf`. */
  readonly makesNoRow?: boolean;
  /** Whether its value is looked at by somebody else, and is nothing but there for who checks what is around it. */
  readonly isElsewhere?: boolean;
  readonly required?: readonly string[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
}

/** Words that others have for an option, as `hints` of it. */
export const meaning = (
  option: string,
  words: readonly string[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(words.map((word) => [word, `Did you mean \`${option}\`?`]));

/** An option that is not in the schema is an error, at every level. */
export const closed = (schema: Schema): Schema => {
  const { properties, items, anyOf } = schema;
  return {
    ...schema,
    ...(anyOf ? { anyOf: anyOf.map(closed) } : {}),
    ...(items ? { items: closed(items) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, inner]) => [name, closed(inner)]),
          ),
          additionalProperties: schema.additionalProperties ?? false,
        }
      : {}),
  };
};

/** Whether it is a map of any names, as `columns` of `project`. */
export const isAnyMap = (schema: Schema = {}): boolean =>
  schema.type === "object" && schema.properties === undefined;
