/** Checks a part of the YAML against a schema and turns ajv's findings into sentences with a place. */

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { TSchema } from "typebox";
import { memberSchema, relevant } from "./alternatives.ts";
import type { Complain } from "./complaint.ts";
import { converted } from "./converted-options.ts";
import type { Place } from "./errors.ts";
import { isMeantBy } from "./meant-option.ts";
import { withFix } from "./mended-value.ts";
import { closed, type Schema } from "./option-schema.ts";
import { pathOf, sentence } from "./option-sentences.ts";
import { isPartial, valueAt, type YamlValue } from "./yaml-value.ts";

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
  const data = dataOf(value, schema as Schema) as Record<string, unknown>;
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

/** As plain data, but for what somebody else looks at: a flow would be made so three times, the last as its stages. */
const dataOf = (value: YamlValue, schema: Schema): unknown => {
  if (schema.isElsewhere) return null;
  if (value.kind === "scalar") return value.value;
  if (value.kind === "list") return value.items.map((item) => dataOf(item, schema.items ?? {}));
  return Object.fromEntries(
    value.entries.map(({ key, value: one }) => [key, dataOf(one, memberSchema(schema, key))]),
  );
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
