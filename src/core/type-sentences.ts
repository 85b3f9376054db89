/** What is said of a value that is not of its option's type. */

import type { ErrorObject } from "ajv";
import type { ComplaintDetails } from "./complaint.ts";
import { isAnyMap, type Schema } from "./option-schema.ts";
import type { YamlEntry, YamlList, YamlPath, YamlValue } from "./yaml-value.ts";

/**
 * The types that a value may have, in words. A map is shown as its schema says, or with the names that it needs, or
 * with the first that it knows.
 */
export const typesIn = ({ params, parentSchema }: ErrorObject): string => {
  const { form, properties = {}, required = [] } = parentSchema as Schema;
  const needed = required.filter((name) => properties[name]?.default === undefined);
  const names = needed.length > 0 ? needed : Object.keys(properties).slice(0, 1);
  const shown = names.map((name) => `${name}: …`).join(", ");
  const types: readonly string[] = [params.type].flat();
  const inWords = (type: string) => {
    if (form !== undefined && (type === "object" || types.length === 1)) return form;
    return type === "object" && shown !== "" ? `a map, \`{ ${shown} }\`` : typeName(type);
  };
  return types.map(inWords).join(" or ");
};

/** A type of JSON Schema in words. */
export const typeName = (type: string): string => TYPE_NAMES[type] ?? type;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "`true` or `false`",
  array: "a list, `[a, b]`",
  object: "a map, `{ name: value }`",
  null: "`null`",
};

/** YAML takes `2021` and `true` for more than text, unless they are quoted; a list in lines has dashes. */
export const typeAdvice = (
  { params, parentSchema }: ErrorObject,
  at: YamlValue | undefined,
  path: YamlPath,
): string => {
  if (params.type === "array" && at?.kind === "map") return " Begin each entry with `- `.";
  if (params.type === "object" && at?.kind === "list" && path.at(-1) === "columns") {
    return mapAdvice(at, parentSchema as Schema);
  }
  const types: readonly string[] = [params.type].flat();
  if (types.includes("string") && at?.kind === "map") return dollarAdvice(at.entries);
  if (at?.kind === "scalar" && typeof at.value === "string" && isQuotedPlain(at.value, types)) {
    return " Leave the quotes out.";
  }
  const isPlain = at?.kind === "scalar" && /number|boolean/.test(typeof at.value);
  return isPlain && types.includes("string")
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

/** Quotes where a text is wanted, brackets around the only entry of a list, `true` for `yes`. */
export const typeFix = ({ params }: ErrorObject, at: YamlValue | undefined): ComplaintDetails => {
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
