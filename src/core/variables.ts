import type { Complain } from "./complaint.ts";
import { type Place, suggestion } from "./errors.ts";
import { scalarsOf, type YamlEntry, type YamlScalar, type YamlValue } from "./yaml-value.ts";

/** What `${…}` can stand for. */
export interface Variables {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Arguments of an included file by name; undefined in a pipeline. */
  readonly parameters: ReadonlyMap<string, YamlValue> | undefined;
}

/** A variable without a value, where something needs it. */
export interface Lacking {
  readonly name: string;
  readonly place: Place;
  readonly message: string;
}

/** The variables that a value needs and that have none; parameters, and what could not be read, are told elsewhere. */
export const lackingIn = (value: YamlValue): Lacking[] =>
  scalarsOf(value).flatMap(({ unset = [], value: text, place }) =>
    unset
      .filter((name) => /^\w+$/.test(name))
      .map((name) => ({ name, place, message: lackingSentence(name, String(text)) })),
  );

const lackingSentence = (name: string, text: string): string => {
  const [, said] = text.split(`\${${name}:?`, 2).map((part) => part.split("}", 1)[0]);
  const advice = said || `Set it, or give a default: \`\${${name}:-…}\``;
  return `The variable \`${name}\` has no value. ${advice.replace(/\.?$/, ".")}`;
};

/** `$${` is a literal `${`. */
const VARIABLE = /\$\$\{|\$\{([^}:]*)(?::([-?])([^}]*))?\}/g;

/**
 * Replaces `${…}` in the texts of a value, after YAML was parsed: a variable never changes the structure. The
 * text of one without a value stays, and is noted.
 */
export const withVariables = (
  value: YamlValue,
  variables: Variables,
  complain: Complain,
): YamlValue => {
  // What has none stays what it is: most of a file has none.
  if (value.kind === "list") {
    const items = value.items.map((item) => withVariables(item, variables, complain));
    return items.every((item, at) => item === value.items[at]) ? value : { ...value, items };
  }
  if (value.kind === "map") {
    const entries = value.entries.map((entry): YamlEntry => {
      const own = withVariables(entry.value, variables, complain);
      return own === entry.value ? entry : { ...entry, value: own };
    });
    return entries.every((entry, at) => entry === value.entries[at])
      ? value
      : { ...value, entries };
  }
  // What could not be read stays so.
  if (value.unset !== undefined) return value;
  if (typeof value.value !== "string") return value;
  complainOfShell(value, value.value, complain);
  if (!value.value.includes("${")) return value;
  return replaced(value, value.value, variables, complain);
};

/** A whole text that is `$NAME`, or a path that begins with `~`, as the shell would have it; `{{ NAME }}` or `%NAME%`. */
const complainOfShell = ({ place }: YamlScalar, text: string, complain: Complain): void => {
  if (!"$%{~".includes(text.charAt(0))) return;
  const [name] =
    /(?<=^\$)[A-Za-z_]\w*$|(?<=^\{\{\s*)[A-Za-z_]\w*(?=\s*\}\}$)|(?<=^%)[A-Z_]+(?=%$)/.exec(text) ??
    [];
  const isOfHome = text.startsWith("~/");
  if (name === undefined && !isOfHome) return;
  const becomes = isOfHome ? `\${HOME}${text.slice(1)}` : `\${${name}}`;
  complain(
    "unbraced_variable",
    place,
    isOfHome
      ? `\`~\` is the shell's word for your home, and no more than a letter here. Write \`${becomes}\`.`
      : `This is the text \`${text}\`: a variable is written \`${becomes}\`, with braces.`,
    { isWarning: true, fix: { place, was: text, becomes } },
  );
};

const replaced = (
  scalar: YamlScalar,
  text: string,
  variables: Variables,
  complain: Complain,
): YamlValue => {
  const whole = /^\$\{with\.([^}]*)\}$/.exec(text);
  if (whole) {
    const value = parameter(whole[1] ?? "", scalar, variables, complain);
    if (value === undefined) return scalar;
    // Of includes inside each other, the outermost is the user's.
    const name = value.parameter ?? whole[1] ?? "";
    return { ...value, parameter: name };
  }
  const unset: string[] = [];
  let isFromShell = false;
  const open = /\$\{[^}]*$/.exec(text.replaceAll("$${", ""))?.[0];
  if (open !== undefined) {
    complain("bad_variable", scalar.place, `\`${open}\` is never closed: a \`}\` is missing.`);
    return { ...scalar, unset: [open] };
  }
  const result = text.replace(VARIABLE, (match, name: string | undefined, kind, rest, offset) => {
    if (name === undefined) return "${";
    if (name.startsWith("with.")) {
      const value = parameter(name.slice("with.".length), scalar, variables, complain);
      if (value === undefined) return match;
      if (value.kind === "scalar") {
        unset.push(...(value.unset ?? []));
        return String(value.value ?? "");
      }
      complain(
        "not_text",
        scalar.place,
        `\`${name}\` is no single value and cannot stand inside a text.`,
      );
      return match;
    }
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      complain(
        "bad_variable",
        scalar.place,
        `\`${match}\` is no variable. \`$\${\` is a literal \`\${\`.`,
      );
      unset.push(match);
      return match;
    }
    const value = variables.environment[name];
    if (value !== undefined && value !== "") {
      isFromShell ||= offset === 0;
      return value;
    }
    if (kind === "-") return rest;
    unset.push(name);
    return match;
  });
  return { ...scalar, value: result, isReplaced: true, isFromShell, unset };
};

const parameter = (
  name: string,
  { place }: YamlScalar,
  { parameters }: Variables,
  complain: Complain,
): YamlValue | undefined => {
  const value = parameters?.get(name);
  if (value === undefined) {
    const message = parameters
      ? `This file has no parameter \`${name}\`.${suggestion(name, parameters.keys())}`
      : `\`\${with.${name}}\` works only in an included file, which declares \`params\`.`;
    complain("unknown_parameter", place, message);
  }
  return value;
};
