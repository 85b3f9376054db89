/** Values that a comma inside `{ }` cuts in two: the second half is a key without a value. */

import type { Complaint } from "./complaint.ts";
import type { Place } from "./errors.ts";
import type { YamlPath, YamlValue } from "./yaml-value.ts";

/** What is to be said of a key without a value that is half of one; undefined where it is none. */
export const cutByComma = (
  around: YamlValue | undefined,
  { path, place }: { readonly path: YamlPath; readonly place: Place },
): Complaint | undefined =>
  /^\d+%?$/.test(String(path.at(-1))) ? halfNumber(path, place) : halfCall(around, path);

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
