/** Makes of options that fit their schema what a component's `create` takes. */

import { absolutePath } from "./absolute-path.ts";
import { meant, memberSchema } from "./alternatives.ts";
import type { Complain } from "./complaint.ts";
import { type Document, fileDocument, inlineDocument } from "./document.ts";
import type { Schema } from "./option-schema.ts";
import type { OptionKind } from "./options.ts";
import { Secret } from "./secret.ts";
import { valueAt, type YamlScalar, type YamlValue } from "./yaml-value.ts";

/** Follows schema and value together, and makes of each text what its kind says. */
export const converted = (
  data: unknown,
  anySchema: Schema,
  context: { value: YamlValue | undefined; complain: Complain; label: string },
): unknown => {
  if (isPlain(anySchema)) return data;
  const { value } = context;
  const schema = meant(anySchema, data);
  if (schema.runner === "document" && value) return documentOf(value);
  if (Array.isArray(data)) {
    const items = schema.items ?? {};
    return data.map((item, index) =>
      converted(item, items, { ...context, value: value && valueAt(value, [index]) }),
    );
  }
  if (typeof data === "object" && data !== null) {
    const members = Object.entries(data).map(([key, member]) => {
      const inner = memberSchema(schema, key);
      const made = converted(member, inner, { ...context, value: value && valueAt(value, [key]) });
      return [key, made];
    });
    return Object.fromEntries(members);
  }
  const scalar = value?.kind === "scalar" ? value : undefined;
  if (isAnyPlain(schema) && typeof data === "number" && scalar) return scalar.source;
  return schema.runner && scalar ? ofKind(schema.runner, String(data), scalar, context) : data;
};

/** Whether nothing below a schema is turned into anything else, which most of them are. */
const isPlain = (schema: Schema): boolean => {
  const known = plainSchemas.get(schema);
  if (known !== undefined) return known;
  const { properties, patternProperties, additionalProperties, items, anyOf = [] } = schema;
  const inner = [
    ...Object.values(properties ?? {}),
    ...Object.values(patternProperties ?? {}),
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
    ...(items ? [items] : []),
    ...anyOf,
  ];
  const isOwn = schema.runner === undefined && !isAnyPlain(schema);
  const found = isOwn && inner.every(isPlain);
  plainSchemas.set(schema, found);
  return found;
};

const plainSchemas = new WeakMap<Schema, boolean>();

/** Where a text may stand for a number, `1.50` stays as it is written. */
const isAnyPlain = ({ type }: Schema): boolean => Array.isArray(type) && type.includes("string");

/** One whose name has a variable without a value stays a text; nothing is said of it. */
const documentOf = (value: YamlValue): Document | string => {
  if (value.kind !== "scalar") return inlineDocument(value);
  const text = String(value.value);
  return value.unset?.length ? text : fileDocument(absolutePath(text, value), value);
};

const ofKind = (
  kind: OptionKind,
  text: string,
  scalar: YamlScalar,
  { complain, label }: { complain: Complain; label: string },
): unknown => {
  if (kind === "secret") return new Secret(text);
  if (scalar.unset?.length) return text;
  if (kind === "pattern") {
    try {
      return new RegExp(text, "u");
    } catch (error) {
      const reason = (error as Error).message.replace(/^Invalid regular expression: /, "");
      complain(
        "bad_pattern",
        scalar.place,
        `This is no regular expression (\`${label}\`): ${reason}.`,
      );
      return undefined;
    }
  }
  return kind === "location" && /^https?:/i.test(text) ? text : absolutePath(text, scalar);
};
