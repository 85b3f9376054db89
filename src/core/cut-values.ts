/** Values that a comma inside `{ }` cuts in two: the second half is a key without a value. */

import type { Complaint } from "./complaint.ts";
import type { Place } from "./errors.ts";
import type { YamlEntry, YamlPath, YamlValue } from "./yaml-value.ts";

/** What is to be said of a key without a value that is half of one; undefined where it is none. */
export const cutByComma = (
  around: YamlValue | undefined,
  { path, place }: { readonly path: YamlPath; readonly place: Place },
): Complaint | undefined =>
  /^\d+%?$/.test(String(path.at(-1))) ? halfNumber(path, place) : halfCall(around, path);

/** `{ columns: a, b }` is two entries, where `[a, b]` was meant: the values; undefined where nothing follows. */
export const listByCommas = (
  around: YamlValue | undefined,
  path: YamlPath,
): readonly string[] | undefined => {
  if (around?.kind !== "map") return undefined;
  const index = around.entries.findIndex(({ key }) => key === path.at(-1));
  const [first, ...behind] = around.entries.slice(index);
  const isAlone = ({ keyPlace, value }: YamlEntry) =>
    keyPlace.line === first?.keyPlace.line && value.kind === "scalar" && value.source === "";
  const end = behind.findIndex((entry) => !isAlone(entry));
  const others = end < 0 ? behind : behind.slice(0, end);
  if (first?.value.kind !== "scalar" || first.value.source === "") return undefined;
  if (others.length === 0) return undefined;
  return [first.value.source, ...others.map(({ key }) => key)];
};

/** `{ max: 1,5% }` is two entries. */
const halfNumber = (path: YamlPath, place: Place): Complaint => ({
  code: "wrong_value",
  place,
  message: `Inside \`{ }\` a comma ends the value: \`${path.at(-1)}\` stands alone. A decimal number has a point, \`1.5\`.`,
});

/** `{ weight: numeric(10,2) }` is two entries, too: `weight: numeric(10` and `2)`. */
const halfCall = (around: YamlValue | undefined, path: YamlPath): Complaint | undefined => {
  if (around?.kind !== "map") return undefined;
  const index = around.entries.findIndex(({ key }) => key === path.at(-1));
  const [before, half] = [around.entries[index - 1]?.value, around.entries[index]];
  if (before?.kind !== "scalar" || half === undefined) return undefined;
  if (!/\([^()]*$/.test(before.source) || !/^[^()]*\)/.test(half.key)) return undefined;
  return {
    code: "wrong_value",
    place: before.place,
    message: `Inside \`{ }\` a comma ends the value, and \`${half.key}\` stands alone. Put quotes around the whole: ${JSON.stringify(`${before.source},${half.key}`)}.`,
  };
};
