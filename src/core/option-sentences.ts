/** ajv's findings as sentences with a place. */

import type { ErrorObject } from "ajv";
import { type ComplaintDetails, renamed } from "./complaint.ts";
import { listed, type Place, suggestion } from "./errors.ts";
import { nearest } from "./nearest.ts";
import type { Schema } from "./options-check.ts";
import {
  entryOf,
  valueAt,
  type YamlEntry,
  type YamlList,
  type YamlPath,
  type YamlValue,
} from "./yaml-value.ts";

/** What options are said to be of that no component or flow has. */
export const WHOLE_PIPELINE = "the pipeline";

/** Where in the options ajv found it. */
export const pathOf = ({ instancePath }: ErrorObject): YamlPath =>
  instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

interface Found extends ComplaintDetails {
  readonly code: string;
  readonly place: Place;
  readonly message: string;
}

/** What ajv found, in a sentence; never in its own words. */
export const sentence = (
  error: ErrorObject,
  value: YamlValue,
  whole: { name: string; place: Place },
): Found => {
  const path = pathOf(error);
  const at = valueAt(value, path);
  const here = at?.place ?? whole.place;
  const label = labelOf(value, path, whole.name);
  const isSecret = (error.parentSchema as Schema).runner === "secret";
  const scalar = isSecret ? "***" : at?.kind === "scalar" ? JSON.stringify(at.value) : undefined;
  const isNothing = at?.kind === "scalar" && at.value === null && at.source === "";
  const given = isNothing ? "empty" : (scalar ?? `a ${at?.kind ?? "value"}`);
  const { params } = error;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params.additionalProperty);
      const known = Object.keys((error.parentSchema as Schema).properties ?? {});
      const keyPlace = entryOf(at, key)?.keyPlace ?? here;
      return {
        code: "unknown_option",
        place: keyPlace,
        ...keyFix(key, keyPlace, { at, known }),
        message: /^\w+:./.test(key)
          ? `A space is missing after the colon of \`${key}\`.`
          : `${label} has no option \`${key}\`.${optionSuggestion(key, error.parentSchema as Schema, at)}`,
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
      if (isNothing && /^\d+%?$/.test(String(path.at(-1)))) return halfNumber(path, here);
      return {
        code: "wrong_type",
        place: here,
        message: `${label} must be ${typesIn(error)}, and is ${given}.${isSecret ? "" : typeAdvice(error, at)}`,
        ...(isSecret ? {} : typeFix(error, at)),
      };
    case "anyOf":
    case "const":
    case "enum": {
      const choices = choicesOf(error.parentSchema as Schema);
      if (choices === undefined) {
        const types = (error.parentSchema as Schema).anyOf?.flatMap(({ type = [] }) => type);
        const wanted = [...new Set(types)].map(typeName).join(" or ");
        return {
          code: "wrong_type",
          place: here,
          message: `${label} must be ${wanted}, and is ${given}.`,
        };
      }
      const allowed = choices.map(String);
      const isWritten = at?.kind === "scalar" && !at.isReplaced && typeof at.value === "string";
      return {
        code: "unknown_value",
        place: here,
        ...(isWritten ? renamed(here, at.source, allowed) : {}),
        message: `${label} is ${given}.${suggestion(at?.kind === "scalar" ? String(at.value) : "", allowed) || ` It can be ${listed(allowed)}.`}`,
      };
    }
    case "pattern": {
      const { form = `a text that matches ${params.pattern}` } = error.parentSchema as Schema;
      return {
        code: "wrong_form",
        place: here,
        message: `${label} must be ${form}, and is ${given}.${capitalsAdvice(at, params.pattern)}`,
      };
    }
    default:
      return { code: "wrong_value", place: here, message: `${label} ${limitSentence(error)}.` };
  }
};

/** `{ max: 1,5% }` is two entries. */
const halfNumber = (path: YamlPath, place: Place): Found => ({
  code: "wrong_value",
  place,
  message: `Inside \`{ }\` a comma ends the value: \`${path.at(-1)}\` stands alone. A decimal number has a point, \`1.5\`.`,
});

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

/**
 * What the schema has to say of the word; else what is close by its letters; else what is missing and begins
 * alike: `nom` for `name`; else where it belongs.
 */
const optionSuggestion = (key: string, schema: Schema, at: YamlValue | undefined): string => {
  const known = Object.keys(schema.properties ?? {});
  const hint = hintOf(key, schema);
  if (hint !== undefined) return ` ${hint}`;
  const alike = begunAlike(key, schema, at);
  if (nearest(key, known).length > 0 || known.length === 0) return suggestion(key, known);
  if (alike !== undefined) return ` Did you mean \`${alike}\`?`;
  const holder = holderOf(key, schema, at);
  const other = SAME_IDEA[key];
  if (other !== undefined && known.includes(other)) return ` Did you mean \`${other}\`?`;
  return holder === undefined
    ? ` ${hintOf(ANY_WORD, schema) ?? suggestion(key, known).trimStart()}`
    : ` Does it belong under \`${holder}\`: \`${holder}: { ${key}: … }\`?`;
};

/** Columns that are looked at have one name where there is one of them, and another where there may be more. */
const SAME_IDEA: Readonly<Record<string, string>> = { column: "from", from: "column" };

/** What is to be said of any word that is not known. */
export const ANY_WORD = "*";

const hintOf = (key: string, { properties = {} }: Schema): string | undefined =>
  Object.values(properties)
    .map(({ hints = {} }) => (Object.hasOwn(hints, key) ? hints[key] : undefined))
    .find((hint) => hint !== undefined);

/** The one option that is missing and begins with the same letter. */
const begunAlike = (key: string, schema: Schema, at: YamlValue | undefined): string | undefined => {
  const [alike, other] = missingIn(schema, at).filter((name) => name[0] === key[0]?.toLowerCase());
  return other === undefined ? alike : undefined;
};

const missingIn = ({ required = [], properties }: Schema, at: YamlValue | undefined): string[] =>
  required.filter(
    (name) => entryOf(at, name) === undefined && properties?.[name]?.default === undefined,
  );

/**
 * The option inside which a key has a meaning: one that knows it, else, where no other option is given, the map
 * of any names that is missing, as `columns` of `project`.
 */
const holderOf = (key: string, schema: Schema, at: YamlValue | undefined): string | undefined => {
  const { properties = {} } = schema;
  const holder = Object.keys(properties).find(
    (name) => key in (properties[name]?.properties ?? {}),
  );
  const isAlone = !Object.keys(properties).some((name) => entryOf(at, name) !== undefined);
  return (
    holder ??
    (isAlone ? missingIn(schema, at).find((name) => isAnyMap(properties[name])) : undefined)
  );
};

const isAnyMap = (schema: Schema = {}): boolean =>
  schema.type === "object" && schema.properties === undefined;

/** Whether an option that is missing is the one that a key was meant to be, or the one that it belongs under. */
export const isMeantBy = (
  missing: string,
  key: string,
  { schema, at }: { schema: Schema; at: YamlValue | undefined },
): boolean => {
  const name = key.replace(/:.*/, "");
  const isNear = nearest(name, [missing]).length > 0;
  return isNear || [begunAlike(name, schema, at), holderOf(name, schema, at)].includes(missing);
};

/** A name that is there already is not written a second time. */
const keyFix = (
  key: string,
  place: Place,
  { at, known }: { at: YamlValue | undefined; known: readonly string[] },
): ComplaintDetails => {
  const free = known.filter((name) => entryOf(at, name) === undefined);
  if (!/^\w+:./.test(key)) return renamed(place, key, free);
  return { fix: { place, was: key, becomes: key.replace(":", ": ") } };
};

/** Quotes where a text is wanted, brackets around the only entry of a list, `true` for `yes`. */
const typeFix = ({ params }: ErrorObject, at: YamlValue | undefined): ComplaintDetails => {
  if (at?.kind !== "scalar" || at.isReplaced || at.unset?.length || at.source === "") return {};
  const { place, source, value } = at;
  const types: readonly string[] = [params.type].flat();
  const isText = typeof value === "string";
  if (types.includes("string")) {
    return /number|boolean/.test(typeof value)
      ? { fix: { place, was: source, becomes: JSON.stringify(source) } }
      : {};
  }
  if (types.includes("boolean") && isText && /^(yes|no|on|off|oui|non|vrai|faux)$/i.test(source)) {
    return { fix: { place, was: source, becomes: String(/^(yes|on|oui|vrai)$/i.test(source)) } };
  }
  const isWord = (isText || typeof value === "number") && /^[\w./-]+$/.test(source);
  return types.includes("array") && isWord
    ? { fix: { place, was: source, becomes: `[${source}]` } }
    : {};
};

/** "`table` of `csv`", "Item 2 of `columns`". */
const labelOf = (value: YamlValue, path: YamlPath, name: string): string => {
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

/** YAML takes `2021` and `true` for more than text, unless they are quoted; a list in lines has dashes. */
const typeAdvice = (error: ErrorObject, at: YamlValue | undefined): string => {
  const { params, parentSchema } = error;
  if (params.type === "array" && at?.kind === "map") return " Begin each entry with `- `.";
  if (params.type === "object" && at?.kind === "list" && pathOf(error).at(-1) === "columns") {
    return mapAdvice(at, parentSchema as Schema);
  }
  const types: readonly string[] = [params.type].flat();
  if (types.includes("string") && at?.kind === "map") return dollarAdvice(at.entries);
  if (at?.kind === "scalar" && typeof at.value === "string" && isQuotedPlain(at.value, types)) {
    return " Leave the quotes out.";
  }
  const isPlain = at?.kind === "scalar" && /number|boolean/.test(typeof at.value);
  return isPlain && [params.type].flat().includes("string")
    ? ` Put quotes around it: ${JSON.stringify(at.source)}.`
    : "";
};

/** `{NAME}` is a map with a key without a value. */
const dollarAdvice = ([first, other]: readonly YamlEntry[]): string => {
  if (other !== undefined || first?.value.kind !== "scalar" || first.value.source !== "") return "";
  return /^[A-Za-z_]\w*$/.test(first.key)
    ? ` A variable begins with a dollar sign: \`\${${first.key}}\`.`
    : "";
};

/** Columns that are to keep their names. */
const mapAdvice = ({ items }: YamlList, schema: Schema): string => {
  const names = items.map((item) => (item.kind === "scalar" ? String(item.value) : ""));
  if (!isAnyMap(schema) || names.length === 0 || !names.every((name) => /^\w+$/.test(name)))
    return "";
  const entries = names.slice(0, 3).map((name) => `${name}: ${name}`);
  return ` To keep the names: \`{ ${[...entries, ...(names.length > 3 ? ["…"] : [])].join(", ")} }\`.`;
};

const isQuotedPlain = (text: string, types: readonly string[]): boolean =>
  (types.some((type) => /number|integer/.test(type)) && /^-?\d+(\.\d+)?$/.test(text)) ||
  (types.includes("boolean") && /^(true|false)$/.test(text));

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

/** A map is shown as its schema says, or with the first of the names that it knows. */
const typesIn = ({ params, parentSchema }: ErrorObject): string => {
  const { form, properties = {} } = parentSchema as Schema;
  const [first] = Object.keys(properties);
  const map = form ?? (first ? `a map, \`{ ${first}: … }\`` : typeName("object"));
  const types: readonly string[] = [params.type].flat();
  return types.map((type) => (type === "object" ? map : typeName(type))).join(" or ");
};

const firstSentence = (description: string): string =>
  (/^.*?[.:](?=\s|$)/.exec(description)?.[0] ?? description).replace(/:$/, ".");
