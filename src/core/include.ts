/** Included files: lists of flows with parameters. */

import { absolutePath } from "./absolute-path.ts";
import { type Complain, renamed } from "./complaint.ts";
import { type Place, suggestion } from "./errors.ts";
import { withFix } from "./mended-value.ts";
import { checkedOptions } from "./options-check.ts";
import { type PARAMETER_TYPES, parameterOptions } from "./pipeline-schema.ts";
import { entryOf, moved, type YamlEntry, type YamlValue } from "./yaml-value.ts";

type ParameterType = (typeof PARAMETER_TYPES)[number];

interface Binding {
  /** Of the include. */
  readonly place: Place;
  readonly complain: Complain;
  /** A default with its variables replaced; asked only for those that are used. */
  readonly resolved: (fallback: YamlValue) => YamlValue;
}

/**
 * The values of a file's parameters: what `with` gives, else the default. Complains of unknown and missing
 * ones and of wrong types, at the place of the include.
 */
export const boundParameters = (
  declared: YamlValue | undefined,
  given: YamlValue | undefined,
  binding: Binding,
): ReadonlyMap<string, YamlValue> => {
  const { place, complain } = binding;
  const bound = new Map<string, YamlValue>();
  const parameters = declared?.kind === "map" ? declared.entries : [];
  const names = parameters.map(({ key }) => key);
  // What is misspelt beyond doubt counts as what it is meant to be.
  let meant = given;
  for (const { key, keyPlace } of given?.kind === "map" ? given.entries : []) {
    if (names.includes(key)) continue;
    const free = names.filter((name) => entryOf(meant, name) === undefined);
    const details = renamed(keyPlace, key, free);
    const message = `The included file has no parameter \`${key}\`.${suggestion(key, names)}`;
    complain("unknown_parameter", keyPlace, message, details);
    if (meant && details.fix) meant = withFix(meant, details.fix);
  }
  for (const parameter of parameters) {
    const own = entryOf(meant, parameter.key)?.value;
    const value = boundValue(parameter, own, binding);
    // What was complained of here is not complained of again wherever it is used.
    const known = value ?? unknownValue(parameter.key, place);
    const isDefault = own === undefined && value !== undefined;
    bound.set(parameter.key, isDefault ? asDefault(known, parameter.key, place) : known);
  }
  return bound;
};

/**
 * A default as if it stood where the file is included: whoever has to change it does so there, and not in a file that
 * others share.
 */
const asDefault = (value: YamlValue, parameter: string, place: Place): YamlValue =>
  moved(value, (at) => ({ ...place, fallback: { parameter, place: at } }));

const unknownValue = (name: string, place: Place): YamlValue => ({
  kind: "scalar",
  place,
  value: "",
  source: "",
  unset: [`with.${name}`],
});

const boundValue = (
  { key, keyPlace, value: declaration }: YamlEntry,
  given: YamlValue | undefined,
  { place, complain, resolved }: Binding,
): YamlValue | undefined => {
  if (declaration.kind !== "map") {
    complain(
      "wrong_type",
      keyPlace,
      `The parameter \`${key}\` needs a type: \`{ type: string }\`.`,
    );
    return undefined;
  }
  const options = checkedOptions(declaration, parameterOptions, {
    name: key,
    place: keyPlace,
    complain,
  });
  if (options === undefined) return given;
  const type = options.type as ParameterType;
  const fallback = entryOf(declaration, "default")?.value;
  const value = given ?? (fallback && resolved(fallback));
  if (value === undefined) {
    const { description } = options;
    complain(
      "missing_parameter",
      place,
      `The included file needs the parameter \`${key}\`${description ? `: ${description}` : "."}`,
    );
    return undefined;
  }
  if (!isOfType(value, type)) {
    complain("wrong_type", value.place, `The parameter \`${key}\` must be ${TYPE_NAMES[type]}.`);
    return undefined;
  }
  if (value.kind !== "scalar") return value;
  const allowed = (options.one_of as readonly string[] | undefined) ?? [String(value.value)];
  if (!isOneOf(value, allowed)) {
    complain(
      "unknown_value",
      value.place,
      `The parameter \`${key}\` is ${JSON.stringify(value.value)}.${suggestion(String(value.value), allowed)}`,
      value.isReplaced ? {} : renamed(value.place, value.source, allowed),
    );
    return undefined;
  }
  return type === "path" ? located(value) : value;
};

/** A value that is not known yet may be any of them. */
const isOneOf = (value: YamlValue & { kind: "scalar" }, allowed: readonly string[]): boolean =>
  (value.unset?.length ?? 0) > 0 || allowed.includes(String(value.value));

/** A path is relative to the file that gives it, wherever it is used. */
const located = (value: YamlValue & { kind: "scalar" }): YamlValue => {
  const text = String(value.value);
  const isUrl = /^https?:/i.test(text);
  return isUrl || value.unset?.length ? value : { ...value, value: absolutePath(text, value) };
};

const TYPE_NAMES: Readonly<Record<ParameterType, string>> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "`true` or `false`",
  list: "a list",
  path: "a path",
};

const isOfType = (value: YamlValue, type: ParameterType): boolean => {
  // A parameter that was complained of where it is declared.
  if (value.kind === "scalar" && value.unset?.some((name) => name.startsWith("with."))) return true;
  if (type === "list") return value.kind === "list";
  if (value.kind !== "scalar") return false;
  if (value.unset?.length) return true;
  const text = String(value.value);
  const isText = typeof value.value === "string";
  switch (type) {
    case "string":
      return value.value !== null;
    case "path":
      return isText;
    case "boolean":
      return (
        typeof value.value === "boolean" ||
        (value.isReplaced === true && /^(true|false)$/.test(text))
      );
    case "integer":
      return (!isText || value.isReplaced === true) && /^-?\d+$/.test(text);
    default:
      return (!isText || value.isReplaced === true) && /^-?\d+(\.\d+)?$/.test(text);
  }
};
