/** Checks a part of the YAML against a schema and turns ajv's findings into sentences with a place. */

import { dirname, resolve } from "node:path";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { TSchema } from "typebox";
import type { Complain } from "./complaint.ts";
import { listed, type Place, suggestion } from "./errors.ts";
import type { OptionKind } from "./options.ts";
import { Secret } from "./secret.ts";
import {
  entryOf,
  plain,
  valueAt,
  type YamlPath,
  type YamlScalar,
  type YamlValue,
} from "./yaml-value.ts";

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
  readonly runner?: OptionKind;
  readonly required?: readonly string[];
}

/** An option that is not in the schema is an error, at every level. */
export const closed = (schema: Schema): Schema => {
  const { properties, items } = schema;
  return {
    ...schema,
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

const ajv = new Ajv({
  allErrors: true,
  strict: false,
  useDefaults: true,
  validateFormats: false,
  verbose: true,
});

const validators = new WeakMap<TSchema, ValidateFunction>();

const validatorOf = (schema: TSchema): ValidateFunction => {
  const known = validators.get(schema);
  if (known) return known;
  const made = ajv.compile(closed(schema as Schema));
  validators.set(schema, made);
  return made;
};

/**
 * The options of something called `name`, defaults filled in and texts turned into what the schema's
 * `runner` keyword says; undefined when there are complaints. Where a variable has no value, its text
 * stays, whatever the schema wants.
 */
export const checkedOptions = (
  value: YamlValue,
  schema: TSchema,
  { name, place, complain }: { name: string; place: Place; complain: Complain },
): Record<string, unknown> | undefined => {
  const data = plain(value) as Record<string, unknown>;
  const validate = validatorOf(schema);
  let errors = validate(data) ? [] : (validate.errors ?? []);
  const conversions = errors.filter((error) => convert(error, value, data));
  if (conversions.length > 0) errors = validate(data) ? [] : (validate.errors ?? []);
  const own = errors.filter((error) => unsetAt(value, error) === 0);
  for (const error of own) {
    const found = sentence(error, value, { name, place });
    complain(found.code, found.place, found.message);
  }
  if (own.length > 0) return undefined;
  let isGood = true;
  const made = converted(data, closed(schema as Schema), {
    value,
    complain: (code, at, message) => {
      isGood = false;
      complain(code, at, message);
    },
    label: name,
  });
  return isGood ? (made as Record<string, unknown>) : undefined;
};

/** A text that came from a variable may be a number or a boolean where one is wanted. */
const convert = (error: ErrorObject, value: YamlValue, data: Record<string, unknown>): boolean => {
  const path = pathOf(error);
  const scalar = valueAt(value, path);
  if (error.keyword !== "type" || scalar?.kind !== "scalar" || !scalar.isReplaced) return false;
  const text = String(scalar.value);
  const types: readonly string[] = [error.params.type].flat();
  const isNumber =
    types.some((type) => /number|integer/.test(type)) && /^-?\d+(\.\d+)?$/.test(text);
  const isBoolean = types.includes("boolean") && /^(true|false)$/.test(text);
  if (!isNumber && !isBoolean) return false;
  const last = path.at(-1);
  const holder = path
    .slice(0, -1)
    .reduce<Record<string, unknown>>((inner, key) => inner[key] as Record<string, unknown>, data);
  if (last !== undefined) holder[last] = isNumber ? Number(text) : text === "true";
  return true;
};

const unsetAt = (value: YamlValue, error: ErrorObject): number => {
  const at = valueAt(value, pathOf(error));
  return at?.kind === "scalar" ? (at.unset?.length ?? 0) : 0;
};

const pathOf = ({ instancePath }: ErrorObject): YamlPath =>
  instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

interface Found {
  readonly code: string;
  readonly place: Place;
  readonly message: string;
}

const sentence = (
  error: ErrorObject,
  value: YamlValue,
  whole: { name: string; place: Place },
): Found => {
  const path = pathOf(error);
  const at = valueAt(value, path);
  const here = at?.place ?? whole.place;
  const label = path.length === 0 ? `\`${whole.name}\`` : `\`${path.at(-1)}\` of \`${whole.name}\``;
  const given = at?.kind === "scalar" ? JSON.stringify(at.value) : `a ${at?.kind ?? "value"}`;
  const { params } = error;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params.additionalProperty);
      const known = Object.keys((error.parentSchema as Schema).properties ?? {});
      return {
        code: "unknown_option",
        place: entryOf(at, key)?.keyPlace ?? here,
        message: `${label} has no option \`${key}\`.${suggestion(key, known)}`,
      };
    }
    case "required": {
      const key = String(params.missingProperty);
      const { description = "" } = (error.parentSchema as Schema).properties?.[key] ?? {};
      return {
        code: "missing_option",
        place: path.length === 0 ? whole.place : here,
        message: `${label} needs the option \`${key}\`: ${firstSentence(description)}`,
      };
    }
    case "type":
      return {
        code: "wrong_type",
        place: here,
        message: `${label} must be ${[params.type].flat().map(typeName).join(" or ")}, and is ${given}.`,
      };
    case "enum": {
      const allowed = (params.allowedValues as unknown[]).map(String);
      return {
        code: "unknown_value",
        place: here,
        message: `${label} is ${given}.${suggestion(at?.kind === "scalar" ? String(at.value) : "", allowed) || ` It can be ${listed(allowed)}.`}`,
      };
    }
    case "pattern": {
      const { description = "" } = error.parentSchema as Schema;
      return {
        code: "wrong_form",
        place: here,
        message: `${label} is ${given}, which has not the right form: ${firstSentence(description) || `it must match ${params.pattern}.`}`,
      };
    }
    default:
      return { code: "wrong_value", place: here, message: `${label} ${limitSentence(error)}.` };
  }
};

const limitSentence = ({ keyword, params, message }: ErrorObject): string => {
  switch (keyword) {
    case "minLength":
    case "minItems":
    case "minProperties":
      return params.limit === 1
        ? "must not be empty"
        : `must have at least ${params.limit} entries`;
    case "maxProperties":
    case "maxItems":
      return `must have at most ${params.limit} entries`;
    case "minimum":
      return `must be ${params.limit} or more`;
    case "exclusiveMinimum":
      return `must be more than ${params.limit}`;
    case "maximum":
      return `must be ${params.limit} or less`;
    case "uniqueItems":
      return "has the same entry twice";
    default:
      return message ?? "is not right";
  }
};

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "`true` or `false`",
  array: "a list, `[a, b]`",
  object: "a map, `{ name: value }`",
  null: "`null`",
};

const typeName = (type: string): string => TYPE_NAMES[type] ?? type;

const firstSentence = (description: string): string =>
  (/^.*?[.:](?=\s|$)/.exec(description)?.[0] ?? description).replace(/:$/, ".");

/** Follows schema and value together, and makes of each text what its kind says. */
const converted = (
  data: unknown,
  schema: Schema,
  context: { value: YamlValue | undefined; complain: Complain; label: string },
): unknown => {
  const { value } = context;
  if (Array.isArray(data)) {
    const items = schema.items ?? {};
    return data.map((item, index) =>
      converted(item, items, { ...context, value: value && valueAt(value, [index]) }),
    );
  }
  if (typeof data === "object" && data !== null) {
    const members = Object.entries(data).map(([key, member]) => {
      const inner =
        schema.properties?.[key] ?? Object.values(schema.patternProperties ?? {})[0] ?? {};
      const made = converted(member, inner, { ...context, value: value && valueAt(value, [key]) });
      return [key, made];
    });
    return Object.fromEntries(members);
  }
  const scalar = value?.kind === "scalar" ? value : undefined;
  // Where a text may stand for a number, `1.50` stays as it is written.
  const isAnyPlain = Array.isArray(schema.type) && schema.type.includes("string");
  if (isAnyPlain && typeof data === "number" && scalar) return scalar.source;
  return schema.runner && scalar ? ofKind(schema.runner, String(data), scalar, context) : data;
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

/**
 * A path is relative to the file that names it; one that begins with a variable of the shell to the
 * working folder, as everything else in a shell. `-` is no file.
 */
export const absolutePath = (text: string, scalar: YamlScalar): string => {
  if (text === "-") return text;
  return resolve(scalar.isFromShell ? process.cwd() : dirname(scalar.place.file), text);
};
