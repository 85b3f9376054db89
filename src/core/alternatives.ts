/** Options that may have one of several shapes: which of them is meant decides what is complained of. */

import type { ErrorObject } from "ajv";
import type { Schema } from "./option-schema.ts";

/** The alternative that a value is meant to be, by its type and its keys; the schema itself when none fits. */
export const meant = (schema: Schema, data: unknown): Schema => {
  if (schema.anyOf === undefined) return schema;
  const fitting = schema.anyOf
    .filter((branch) => isOfType(meant(branch, data), data))
    .map((branch) => ({ branch, distance: distanceTo(branch, data) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = fitting;
  return best === undefined ? schema : meant(best.branch, data);
};

/** The schema of a member of a map. */
export const memberSchema = (schema: Schema, key: string): Schema =>
  schema.properties?.[key] ??
  Object.values(schema.patternProperties ?? {})[0] ??
  (typeof schema.additionalProperties === "object" ? schema.additionalProperties : {});

/** Those of ajv's errors that are about the alternatives that are meant: it tells of all others too. */
export const relevant = (
  errors: readonly ErrorObject[],
  schema: Schema,
  data: unknown,
): ErrorObject[] => {
  if (errors.length === 0) return [];
  const schemas = new Map<string, Schema>();
  const walk = (inner: Schema, value: unknown, path: string) => {
    const chosen = meant(inner, value);
    schemas.set(path, chosen);
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        walk(chosen.items ?? {}, item, `${path}/${index}`);
      });
    } else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        walk(memberSchema(chosen, key), member, `${path}/${escaped(key)}`);
      }
    }
  };
  walk(schema, data, "");
  return errors.filter(
    ({ instancePath, parentSchema }) => schemas.get(instancePath) === parentSchema,
  );
};

const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

const isOfType = ({ type, enum: choices, const: only }: Schema, data: unknown): boolean => {
  if (only !== undefined) return only === data;
  if (choices) return choices.includes(data);
  const types = [type ?? []].flat();
  return types.length === 0 || types.some((name) => JSON_TYPES[name]?.(data));
};

const JSON_TYPES: Readonly<Record<string, (data: unknown) => boolean>> = {
  string: (data) => typeof data === "string",
  number: (data) => typeof data === "number",
  integer: (data) => typeof data === "number",
  boolean: (data) => typeof data === "boolean",
  null: (data) => data === null,
  array: (data) => Array.isArray(data),
  object: (data) => typeof data === "object" && data !== null && !Array.isArray(data),
};

/** Keys that are missing or too many, where two shapes are maps. */
const distanceTo = ({ properties = {}, required = [] }: Schema, data: unknown): number => {
  if (!JSON_TYPES.object?.(data)) return 0;
  const keys = Object.keys(data as object);
  const missing = required.filter((key) => !keys.includes(key)).length;
  return missing + 2 * keys.filter((key) => !(key in properties)).length;
};
