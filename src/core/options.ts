/**
 * The kinds of option that components share: the same idea has the same schema everywhere.
 *
 * ajv validates the text in the YAML; the loader then turns it into what `create` gets, by the
 * keyword `runner` (a RegExp, a Secret, a path). The schemas are TypeBox and so plain JSON Schema.
 */

import type { Document } from "./document.ts";
import { meaning } from "./option-schema.ts";
import type { Secret } from "./secret.ts";
import { type TUnsafe, Type } from "./type.ts";

/** How the loader turns the text of an option into what `create` gets. */
export type OptionKind = "pattern" | "secret" | "path" | "location" | "document";

/** The name of a column of the batch, as `from`, `to` and the like. */
export const columnName = (description: string) => Type.String({ description, minLength: 1 });

/** Columns of the batch or of a table: one, or a list of several. */
export const oneOrMore = (description: string): TUnsafe<string | string[]> =>
  Type.Unsafe<string | string[]>({
    anyOf: [
      { type: "string", minLength: 1 },
      { type: "array", minItems: 1, items: { type: "string", minLength: 1 } },
    ],
    description,
  });

/** A table of the target database, `schema.table` or `table`; quote as SQL does to keep upper case. */
export const tableName = (description: string) =>
  Type.String({
    description,
    form: "a table's name, `schema.table` or `table`, in double quotes where SQL needs them",
    pattern: '^([a-z_][a-z0-9_$]*|"([^"]|"")+")(\\.([a-z_][a-z0-9_$]*|"([^"]|"")+"))?$',
  });

/** A regular expression; `create` gets a `RegExp` with the `u` flag. */
export const pattern = (description: string): TUnsafe<RegExp> =>
  Type.Unsafe<RegExp>({ type: "string", format: "regex", runner: "pattern", description });

/** A text that is never printed; `create` gets a `Secret`. */
export const secret = (description: string): TUnsafe<Secret> =>
  Type.Unsafe<Secret>({ type: "string", minLength: 1, runner: "secret", description });

const WORDS_FOR_A_PATH = ["file", "filename", "file_name", "zip", "fichier", "chemin"];

/** A file or folder, relative to the YAML file that names it; `create` gets it absolute. */
export const path = (description: string): TUnsafe<string> =>
  Type.Unsafe<string>({
    type: "string",
    minLength: 1,
    runner: "path",
    description,
    hints: meaning("path", WORDS_FOR_A_PATH),
  });

/** A path, or an http(s) URL that stays as it is. */
export const location = (description: string): TUnsafe<string> =>
  Type.Unsafe<string>({
    type: "string",
    minLength: 1,
    runner: "location",
    description,
    hints: meaning("path", [...WORDS_FOR_A_PATH, "archive", "url"]),
  });

/** A map with a form of its own, written in place or in a JSON or YAML file; `create` gets a `Document`. */
export const document = (description: string): TUnsafe<Document> =>
  Type.Unsafe<Document>({ type: ["string", "object"], runner: "document", description });

/** One of a few words; null is written `null` in YAML. */
export const oneOf = <const Choice extends string | null>(
  choices: readonly Choice[],
  options: { description: string; default?: NoInfer<Choice> },
): TUnsafe<Choice> => Type.Unsafe<Choice>({ enum: choices, ...options });

/** A plain value in YAML; numbers and booleans are taken as they are written. */
export const plainValue = (description?: string): TUnsafe<string | number | boolean | null> =>
  Type.Unsafe<string | number | boolean | null>({
    type: ["string", "number", "boolean", "null"],
    ...(description === undefined ? {} : { description }),
  });

/** What becomes of a record without the value that a transform needs; `which` says when that is so. */
export const missing = <const Choice extends string | null>(
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
  which: string,
): TUnsafe<Choice> =>
  oneOf(choices, {
    description: `What becomes of a record ${which}: ${choices.map((choice) => MISSING[String(choice)]).join("; ")}.`,
    default: fallback,
  });

const MISSING: Readonly<Record<string, string>> = {
  reject: "`reject` sets it aside",
  null: "`null` leaves the result empty",
  stop: "`stop` ends the flow, with all that is missing",
  keep: "`keep` leaves the value as it is",
};
