/** ajv's findings as sentences with a place. */

import type { ErrorObject } from "ajv";
import { type Complaint, renamed } from "./complaint.ts";
import { cutByComma, listByCommas } from "./cut-values.ts";
import { listed, type Place, suggestion } from "./errors.ts";
import { keyFix, optionSuggestion } from "./meant-option.ts";
import type { Schema } from "./option-schema.ts";
import { typeAdvice, typeFix, typeName, typesIn } from "./type-sentences.ts";
import { entryOf, valueAt, type YamlPath, type YamlScalar, type YamlValue } from "./yaml-value.ts";

/** What options are said to be of that no component or flow has. */
export const WHOLE_PIPELINE = "the pipeline";

/** Where in the options ajv found it. */
export const pathOf = ({ instancePath }: ErrorObject): YamlPath =>
  instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

/** What ajv found, in a sentence; never in its own words. */
export const sentence = (
  error: ErrorObject,
  value: YamlValue,
  whole: { name: string; place: Place },
): Complaint => {
  const path = pathOf(error);
  const at = valueAt(value, path);
  const schema = error.parentSchema as Schema;
  const isSecret = schema.runner === "secret";
  const scalar = isSecret ? "***" : at?.kind === "scalar" ? JSON.stringify(at.value) : undefined;
  const isNothing = at?.kind === "scalar" && at.value === null && at.source === "";
  const finding = {
    error,
    schema,
    path,
    at,
    around: valueAt(value, path.slice(0, -1)),
    place: at?.place ?? whole.place,
    holder: path.length === 0 ? whole.place : (at?.place ?? whole.place),
    label: labelOf(value, path, whole.name),
    given: isNothing ? "empty" : (scalar ?? `a ${at?.kind ?? "value"}`),
    isNothing,
    isSecret,
  };
  return (SENTENCES[error.keyword] ?? otherSentence)(finding);
};

/** What ajv found, and where. */
interface Finding {
  readonly error: ErrorObject;
  readonly schema: Schema;
  readonly path: YamlPath;
  readonly at: YamlValue | undefined;
  /** What it stands in. */
  readonly around: YamlValue | undefined;
  readonly place: Place;
  /** Where an option is missing: of the whole, at its name. */
  readonly holder: Place;
  /** The option that it is about. */
  readonly label: string;
  /** The value as it may be told. */
  readonly given: string;
  readonly isNothing: boolean;
  readonly isSecret: boolean;
}

const unknownOption = ({ error, schema, at, place, label }: Finding): Complaint => {
  const key = String(error.params.additionalProperty);
  const keyPlace = entryOf(at, key)?.keyPlace ?? place;
  return {
    code: "unknown_option",
    place: keyPlace,
    ...keyFix(key, keyPlace, { at, schema }),
    message: /^\w+:./.test(key)
      ? `A space is missing after the colon of \`${key}\`.`
      : `${label} has no option \`${key}\`.${optionSuggestion(key, schema, at)}`,
  };
};

const missingOption = ({ error, schema, holder, label }: Finding): Complaint => {
  const key = String(error.params.missingProperty);
  const { description = "" } = schema.properties?.[key] ?? {};
  const message = `${label} needs the option \`${key}\`: ${firstSentence(description)}`;
  return { code: "missing_option", place: holder, message };
};

const wrongType = (finding: Finding): Complaint => {
  const { error, path, at, around, place, label, given, ...is } = finding;
  // In quotes it would be wrong, too.
  if (isOfAnotherForm(error, at)) {
    return wrongForm({ ...finding, given: at.source });
  }
  const cut = is.isNothing ? cutByComma(around, { path, place }) : undefined;
  if (cut) return cut;
  const message = `${label} must be ${typesIn(error)}, and is ${given}.`;
  if (is.isSecret) return { code: "wrong_type", place, message };
  const listed = error.params.type === "array" ? listByCommas(around, path) : undefined;
  if (listed) {
    return {
      code: "wrong_type",
      place,
      message: `${message} Put brackets around: \`[${listed.join(", ")}]\`.`,
    };
  }
  const advised = `${message}${typeAdvice(error, at, path)}`;
  return { code: "wrong_type", place, message: advised, ...typeFix(error, at) };
};

const noChoice = ({ schema, at, place, label, given }: Finding): Complaint => {
  const choices = choicesOf(schema);
  if (choices === undefined) {
    const types = schema.anyOf?.flatMap(({ type = [] }) => type);
    const wanted = [...new Set(types)].map(typeName).join(" or ");
    return { code: "wrong_type", place, message: `${label} must be ${wanted}, and is ${given}.` };
  }
  const allowed = choices.map(String);
  const isWritten = at?.kind === "scalar" && !at.isReplaced && typeof at.value === "string";
  const hint = at?.kind === "scalar" ? schema.hints?.[String(at.value)] : undefined;
  const meant = suggestion(at?.kind === "scalar" ? String(at.value) : "", allowed);
  return {
    code: "unknown_value",
    place,
    ...(isWritten ? renamed(place, at.source, allowed) : {}),
    message: `${label} is ${given}.${meant || ` It can be ${listed(allowed)}.`}${hint === undefined ? "" : ` ${hint}`}`,
  };
};

const wrongForm = ({ schema, at, place, label, given }: Finding): Complaint => {
  const { pattern = "" } = schema;
  const { form = `a text that matches ${pattern}` } = schema;
  const message = `${label} must be ${form}, and is ${given}.${capitalsAdvice(at, pattern)}`;
  return { code: "wrong_form", place, message };
};

/** Whether a number or a boolean stands where a text is wanted that it would not be in quotes either. */
const isOfAnotherForm = (
  { params, parentSchema }: ErrorObject,
  at: YamlValue | undefined,
): at is YamlScalar => {
  const { pattern } = parentSchema as Schema;
  return (
    pattern !== undefined &&
    [params.type].flat().includes("string") &&
    at?.kind === "scalar" &&
    /number|boolean/.test(typeof at.value) &&
    !new RegExp(pattern, "u").test(at.source)
  );
};

const otherSentence = ({ error, place, label }: Finding): Complaint => ({
  code: "wrong_value",
  place,
  message: `${label} ${limitSentence(error)}.`,
});

/** By ajv's keyword. */
const SENTENCES: Readonly<Record<string, (finding: Finding) => Complaint>> = {
  additionalProperties: unknownOption,
  required: missingOption,
  type: wrongType,
  anyOf: noChoice,
  const: noChoice,
  enum: noChoice,
  pattern: wrongForm,
};

/** Names with capitals where SQL has none. */
const capitalsAdvice = (at: YamlValue | undefined, pattern: string): string => {
  const name = at?.kind === "scalar" ? String(at.value) : "";
  const small = name.toLowerCase();
  const isOfTable = pattern.includes('""');
  if (!isOfTable || small === name || !new RegExp(pattern).test(small)) return "";
  const quoted = name
    .split(".")
    .map((part) => `"${part}"`)
    .join(".");
  return ` SQL takes it for \`${small}\`; if the name has capitals, write \`'${quoted}'\`.`;
};

/** "`table` of `csv`", "Item 2 of `columns`"; a parameter's name is what whoever gives it knows. */
const labelOf = (value: YamlValue, path: YamlPath, name: string): string => {
  const parameter = valueAt(value, path)?.parameter;
  if (parameter !== undefined) return `\`${parameter}\``;
  if (path.length === 0) return name === WHOLE_PIPELINE ? "The pipeline" : `\`${name}\``;
  const holder = path.slice(0, -1);
  return valueAt(value, holder)?.kind === "list"
    ? `Item ${Number(path.at(-1)) + 1} of \`${holder.at(-1) ?? name}\``
    : `\`${path.at(-1)}\` of ${name === WHOLE_PIPELINE ? name : `\`${name}\``}`;
};

/** The values that a schema allows, when it is a choice. */
const choicesOf = (schema: Schema): readonly unknown[] | undefined => {
  if (schema.enum) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  const choices = schema.anyOf?.map(choicesOf) ?? [undefined];
  return choices.every((choice) => choice !== undefined) ? choices.flat() : undefined;
};

const limitSentence = ({ keyword, params }: ErrorObject): string => {
  switch (keyword) {
    case "minLength":
    case "minItems":
    case "minProperties":
      return params.limit === 1
        ? "must not be empty"
        : `must have at least ${params.limit} ${keyword === "minLength" ? "characters" : "entries"}`;
    case "maxLength":
    case "maxProperties":
    case "maxItems":
      return `must have at most ${params.limit} ${keyword === "maxLength" ? "characters" : "entries"}`;
    case "minimum":
      return `must be ${params.limit} or more`;
    case "exclusiveMinimum":
      return `must be more than ${params.limit}`;
    case "exclusiveMaximum":
      return `must be less than ${params.limit}`;
    case "multipleOf":
      return `must be a multiple of ${params.multipleOf}`;
    case "maximum":
      return `must be ${params.limit} or less`;
    case "uniqueItems":
      return "has the same entry twice";
    default:
      return "is not right";
  }
};

const firstSentence = (description: string): string =>
  (/^.*?[.:](?=\s|$)/.exec(description)?.[0] ?? description).replace(/:$/, ".");
