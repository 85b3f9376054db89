/** Which properties each of GBIF's predicates has. */

import type { Complain } from "../core/complaint.ts";
import { suggestion } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { entryOf, type YamlMap } from "../core/yaml-value.ts";

/** The properties that a predicate has besides `type`. */
export interface Shape {
  readonly needs: readonly string[];
  readonly takes?: readonly string[];
  /** Another name that people write → what to do. */
  readonly instead?: Readonly<Record<string, string>>;
}

const keyed = (needs: readonly string[], instead: Record<string, string>): Shape => ({
  needs,
  takes: ["matchCase", "checklistKey"],
  instead,
});

const ONE_VALUE = keyed(["key", "value"], {
  values: "takes one `value`; for a list, write `type: in`",
  parameter: "names its key as `key`",
});
const MANY = { predicate: "takes a list, `predicates: [{ … }, { … }]`" };
const NULLNESS: Shape = {
  needs: ["parameter"],
  takes: ["checklistKey"],
  instead: { key: "names its key as `parameter`" },
};

/** By the predicate's `type`. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  and: { needs: ["predicates"], instead: MANY },
  or: { needs: ["predicates"], instead: MANY },
  not: { needs: ["predicate"], instead: { predicates: "takes one `predicate`, no list" } },
  equals: ONE_VALUE,
  lessThan: ONE_VALUE,
  lessThanOrEquals: ONE_VALUE,
  greaterThan: ONE_VALUE,
  greaterThanOrEquals: ONE_VALUE,
  like: ONE_VALUE,
  in: keyed(["key", "values"], {
    value: "takes a list, `values: [a, b]`; for one value, write `type: equals`",
    parameter: "names its key as `key`",
  }),
  within: { needs: ["geometry"], instead: { value: "has its polygon as `geometry`" } },
  geoDistance: { needs: ["latitude", "longitude", "distance"] },
  isNull: NULLNESS,
  isNotNull: NULLNESS,
};

export const PREDICATE_TYPES: readonly string[] = Object.keys(SHAPES);

/** Complains of properties that are missing, or that this predicate does not have. */
export const checkProperties = (
  value: YamlMap,
  { type, shape, complain }: { type: string; shape: Shape; complain: Complain },
): void => {
  const { needs, takes = [], instead = {} } = shape;
  const known = ["type", ...needs, ...takes];
  let isExplained = false;
  for (const { key, keyPlace } of value.entries) {
    if (known.includes(key)) continue;
    const advice = instead[key];
    isExplained ||= advice !== undefined || nearest(key, needs).length > 0;
    complain(
      "unknown_property",
      keyPlace,
      advice === undefined
        ? `\`${type}\` has no property \`${key}\`.${suggestion(key, known)}`
        : `\`${type}\` ${advice}.`,
    );
  }
  for (const name of needs) {
    // One that has the wrong name is told where it stands.
    if (isExplained || entryOf(value, name) !== undefined) continue;
    complain("missing_property", value.place, `\`${type}\` needs \`${name}\`.`);
  }
};
