/** Checks a part of the YAML against a schema and turns ajv's findings into sentences with a place. */

import { dirname, resolve } from "node:path";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { TSchema } from "typebox";
import { meant, memberSchema, relevant } from "./alternatives.ts";
import type { Complain } from "./complaint.ts";
import { type Document, fileDocument, inlineDocument } from "./document.ts";
import type { Place } from "./errors.ts";
import { withFix } from "./mended-value.ts";
import { isMeantBy, pathOf, sentence } from "./option-sentences.ts";
import type { OptionKind } from "./options.ts";
import { Secret } from "./secret.ts";
import { isPartial, plain, valueAt, type YamlScalar, type YamlValue } from "./yaml-value.ts";

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
  /** What a `pattern` asks for, in words: "must be …". */
  readonly form?: string;
  /** What to say of words that others have for it, or that belong elsewhere: a sentence each. */
  readonly hints?: Readonly<Record<string, string>>;
  /** Whether it only says how fast, or with how much memory: the rows are the same, see `basisOf`. */
  readonly isPace?: boolean;
  readonly required?: readonly string[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
}

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

const ajv = new Ajv({
  allErrors: true,
  strict: false,
  useDefaults: true,
  validateFormats: false,
  verbose: true,
  // The schemas are the project's own, and checked by a test: to check them here takes longer than the options.
  meta: false,
  validateSchema: false,
  // Each schema sees a few hundred values at most: shorter code costs more than it saves.
  code: { optimize: false },
});

const validators = new WeakMap<TSchema, ValidateFunction>();

const validatorOf = (schema: TSchema): ValidateFunction => {
  const known = validators.get(schema);
  if (known) return known;
  const made = ajv.compile(closed(schema as Schema));
  validators.set(schema, made);
  return made;
};

/** What a part of the YAML says, as far as it is right. */
export interface Checked {
  /** With the mistakes mended that are beyond doubt. */
  readonly value: YamlValue;
  /** Defaults filled in; what is wrong is left out. */
  readonly options: Record<string, unknown>;
  /** Whether nothing was left out, and nothing of it could not be read. */
  readonly isWhole: boolean;
}

interface Checking {
  readonly name: string;
  readonly place: Place;
  readonly complain: Complain;
}

/** More misspelt names than one component has options. */
const MOST_MENDED = 20;

/**
 * The options of something called `name`, texts turned into what the schema's `runner` keyword says. Where a
 * variable has no value, its text stays, whatever the schema wants. What is beyond doubt is complained of
 * and taken as it is meant, so that the rest is looked at as it will be once that is mended.
 */
export const partsOf = (given: YamlValue, schema: TSchema, checking: Checking): Checked => {
  let value = given;
  let { data, errors } = validated(value, schema);
  const told = new Set<Place>();
  for (let round = 0; round < MOST_MENDED; round++) {
    const mendable = errors
      .map((error) => sentence(error, value, checking))
      .filter(({ fix }) => fix !== undefined);
    if (mendable.length === 0) break;
    for (const { code, place, message, fix } of mendable) {
      if (!told.has(place)) checking.complain(code, place, message, fix ? { fix } : {});
      told.add(place);
      if (fix) value = withFix(value, fix);
    }
    ({ data, errors } = validated(value, schema));
  }
  for (const error of errors) {
    const { code, place, message } = sentence(error, value, checking);
    // One at a time of the same value.
    if (!told.has(place)) checking.complain(code, place, message);
    const [wrong = error.params.additionalProperty] = pathOf(error);
    if (wrong !== undefined) delete data[wrong];
  }
  let isWhole = errors.length === 0 && !isPartial(value);
  const options = converted(data, validatorOf(schema).schema as Schema, {
    value,
    complain: (code, at, message) => {
      isWhole = false;
      checking.complain(code, at, message);
    },
    label: checking.name,
  });
  return { value, options: options as Record<string, unknown>, isWhole };
};

/** The same, for who can do nothing with a part: undefined when something is wrong that is not beyond doubt. */
export const checkedOptions = (
  value: YamlValue,
  schema: TSchema,
  checking: Checking,
): Record<string, unknown> | undefined => {
  const { options, isWhole } = partsOf(value, schema, checking);
  return isWhole ? options : undefined;
};

/** The value as plain data with defaults, and what ajv finds wrong with it. */
const validated = (value: YamlValue, schema: TSchema) => {
  const data = plain(value) as Record<string, unknown>;
  const validate = validatorOf(schema);
  let errors = validate(data) ? [] : (validate.errors ?? []);
  const conversions = errors.filter((error) => convert(error, value, data));
  if (conversions.length > 0) errors = validate(data) ? [] : (validate.errors ?? []);
  const own = relevant(errors, validate.schema as Schema, data);
  return {
    data,
    errors: withoutEchoes(
      own.filter((error) => isKnownAt(value, error)),
      value,
    ),
  };
};

/** An option that is missing because it is misspelt, or because what belongs under it is not, is told once. */
const withoutEchoes = (errors: readonly ErrorObject[], value: YamlValue): ErrorObject[] => {
  const isTold = ({ instancePath, params, parentSchema }: ErrorObject) =>
    errors.some((other) => {
      if (other.keyword !== "additionalProperties" || other.instancePath !== instancePath)
        return false;
      const around = { schema: parentSchema as Schema, at: valueAt(value, pathOf(other)) };
      return isMeantBy(params.missingProperty, String(other.params.additionalProperty), around);
    });
  return errors.filter((error) => error.keyword !== "required" || !isTold(error));
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

/** Not where a variable has no value; nor is missing what may stand where the file could not be read. */
const isKnownAt = (value: YamlValue, error: ErrorObject): boolean => {
  const at = valueAt(value, pathOf(error));
  if (at?.kind === "scalar") return (at.unset ?? []).length === 0;
  return error.keyword !== "required" || at?.kind !== "map" || at.isPartial !== true;
};

/** Follows schema and value together, and makes of each text what its kind says. */
const converted = (
  data: unknown,
  anySchema: Schema,
  context: { value: YamlValue | undefined; complain: Complain; label: string },
): unknown => {
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
  // Where a text may stand for a number, `1.50` stays as it is written.
  const isAnyPlain = Array.isArray(schema.type) && schema.type.includes("string");
  if (isAnyPlain && typeof data === "number" && scalar) return scalar.source;
  return schema.runner && scalar ? ofKind(schema.runner, String(data), scalar, context) : data;
};

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

/**
 * A path is relative to the file that names it; one that begins with a variable of the shell to the
 * working folder, as everything else in a shell. `-` is no file, nothing is none.
 */
export const absolutePath = (text: string, scalar: YamlScalar): string => {
  if (text === "-" || text === "") return text;
  return resolve(scalar.isFromShell ? process.cwd() : dirname(scalar.place.file), text);
};
