/** One component of a flow: `{ dwca: { … } }`. The name is the key, so its schema is known before its options are looked at. */

import { isAbsolute } from "node:path";
import { absolutePath } from "./absolute-path.ts";
import { noteOrigin } from "./as-written.ts";
import { type Complain, renamed } from "./complaint.ts";
import type { Component } from "./component.ts";
import { type Place, suggestion } from "./errors.ts";
import { meantName } from "./nearest.ts";
import { partsOf } from "./options-check.ts";
import { flowOptions } from "./pipeline-schema.ts";
import { placeInScalar } from "./place.ts";
import type { StagePlan } from "./plan.ts";
import {
  isUnknown,
  placeOf,
  plain,
  scalarsOf,
  timesOf,
  unsetIn,
  type YamlEntry,
  type YamlMap,
  type YamlValue,
} from "./yaml-value.ts";

/** What can stand at a place: the components of its kind. */
interface Choice {
  readonly kind: Component["kind"];
  readonly components: readonly Component[];
  readonly complain: Complain;
}

/** The component that a value names, with its options; undefined when nobody can tell which. */
export const stageOf = (value: YamlValue | undefined, choice: Choice): StagePlan | undefined => {
  if (value === undefined || isUnknown(value)) return undefined;
  const { kind, complain } = choice;
  if (value.kind === "list") {
    const message = `A ${kind} is one map with its name as the key, no list: leave out the \`-\` or the \`[ ]\`.`;
    complain("wrong_type", value.place, message);
    return undefined;
  }
  if (value.kind === "scalar" && value.value !== null) {
    const names = namesOf(choice);
    const example = names.includes(String(value.value)) ? value.value : names[0];
    const message = `A ${kind} is a map with its name as the key: \`${example}: { … }\`.`;
    complain("wrong_type", value.place, message);
    return undefined;
  }
  if (value.kind === "scalar" || (value.entries.length === 0 && !value.isPartial)) {
    complain("no_component", value.place, `Name a ${kind} here.${suggestion("", namesOf(choice))}`);
    return undefined;
  }
  const entry = onlyEntry(value, choice);
  const component = entry && componentOf(entry, choice);
  return entry && component && optionsOf(entry, component, complain);
};

const namesOf = ({ components, kind }: Choice): string[] =>
  components.filter((component) => component.kind === kind).map(({ name }) => name);

/** The one entry of the map, with the name of the component as its key. */
const onlyEntry = (value: YamlMap, choice: Choice): YamlEntry | undefined => {
  const [entry, second] = value.entries;
  const { kind, components, complain } = choice;
  if (entry?.key === "type" && !namesOf(choice).includes("type")) {
    const names = namesOf(choice);
    const word = String(plain(entry.value));
    complain(
      "component_as_type",
      entry.keyPlace,
      `The component's name is the key: \`${names.includes(word) ? word : (names[0] ?? "")}: { … }\` instead of \`type: …\`.`,
    );
    return undefined;
  }
  if (entry === undefined || second === undefined) return entry;
  const first = components.find((one) => one.kind === kind && one.name === entry.key);
  const isOption = second.key in (first?.options.properties ?? {});
  const { key } = second;
  let message = `There is one ${kind} here already, \`${entry.key}\`. Its options belong inside: \`${entry.key}: { … }\`.`;
  if (isOption)
    message = `\`${key}\` is an option of \`${entry.key}\`: indent it further than \`${entry.key}\`.`;
  else if (key in flowOptions.properties)
    message = `\`${key}\` is the flow's, and stands inside its ${kind} here: indent it as far as the flow's \`name\`.`;
  complain("two_components", second.keyPlace, message);
  return undefined;
};

/** The component of that name, or the one that is meant by it beyond doubt. */
const componentOf = ({ key, keyPlace }: YamlEntry, choice: Choice): Component | undefined => {
  const { kind, components, complain } = choice;
  const find = (word: string | undefined) =>
    components.find((component) => component.kind === kind && component.name === word);
  const known = find(key);
  if (known) return known;
  const names = namesOf(choice);
  const other = components.find(({ name }) => name === key);
  const hint = other
    ? `\`${key}\` is a ${other.kind}, and this is the place of a ${kind}.${suggestion("", names)}`
    : `There is no ${kind} \`${key}\`.${suggestion(key, names)}`;
  complain("unknown_component", keyPlace, hint, renamed(keyPlace, key, names));
  return find(meantName(key, names));
};

const optionsOf = (
  { key, keyPlace, value }: YamlEntry,
  component: Component,
  complain: Complain,
): StagePlan | undefined => {
  const isNothing = value.kind === "scalar" && value.value === null;
  const given: YamlValue = isNothing ? { kind: "map", place: keyPlace, entries: [] } : value;
  if (isUnknown(given)) return undefined;
  if (given.kind !== "map") {
    const message = `The options of \`${key}\` are a map: \`${component.example}\`.`;
    complain("wrong_type", given.place, message);
    return undefined;
  }
  const { name } = component;
  const checked = partsOf(given, component.options, { name, place: keyPlace, complain });
  const inner = checked.value;
  noteOrigin(checked.options, inner);
  return {
    component,
    options: checked.options,
    place: keyPlace,
    locate: (subject, position) => {
      const place = placeOf(inner, subject) ?? pathPlace(inner, subject) ?? keyPlace;
      return position === undefined ? place : placeInScalar(place, subject, position);
    },
    times: (subject) => timesOf(inner, subject),
    unset: unsetIn(inner),
    isPartial: !checked.isWhole,
  };
};

/** Where a path stands that was made absolute. */
const pathPlace = (value: YamlValue, path: string): Place | undefined =>
  isAbsolute(path)
    ? scalarsOf(value).find((one) => absolutePath(String(one.value), one) === path)?.place
    : undefined;
