/** Reads the limits of rejects out of a flow's YAML. */

import { type Complain, renamed } from "./complaint.ts";
import { type Limit, parseLimit, type RejectLimits, STRICT } from "./limits.ts";
import { nearest } from "./nearest.ts";
import { REJECT_CODES } from "./reject-codes.ts";
import { entryOf, plain, unsetIn, type YamlEntry, type YamlValue } from "./yaml-value.ts";

/** The limits under `rejects` of a flow; warns of codes that no record is rejected with, be they the runner's or its own. */
export const limitsOf = (flow: YamlValue, complain: Complain): RejectLimits => {
  const value = entryOf(flow, "rejects")?.value;
  if (value?.kind !== "map") return STRICT;
  const byCode = new Map<string, Limit>();
  let { max } = STRICT;
  for (const entry of value.entries) {
    // Half of a number, which was complained of.
    if (/^\d+%?$/.test(entry.key)) continue;
    if (entry.key !== "max") checkCode(entry, codesIn(flow), complain);
    if (unsetIn(entry.value).length > 0) continue;
    const limit = parseLimit(plain(entry.value));
    if (limit === undefined) {
      complain(
        "bad_limit",
        entry.value.place,
        `A limit is a number of records (\`1000\`), a share (\`1%\`) or \`any\`, not ${JSON.stringify(plain(entry.value))}.`,
      );
    } else if (entry.key === "max") max = limit;
    else byCode.set(entry.key, limit);
  }
  return { max, byCode };
};

/** The codes that the stages of a flow give themselves: the values of all `code` in its YAML. */
const codesIn = (value: YamlValue): readonly string[] => {
  if (value.kind === "list") return value.items.flatMap(codesIn);
  if (value.kind !== "map") return [];
  return value.entries.flatMap((entry) =>
    entry.key === "code" && entry.value.kind === "scalar"
      ? [String(entry.value.value)]
      : codesIn(entry.value),
  );
};

/** Which code may be meant, as a sentence or nothing; undefined for one that records are rejected with. */
export const codeMeant = (code: string, own: readonly string[]): string | undefined => {
  if (REJECT_CODES.includes(code) || own.includes(code)) return undefined;
  if (/^sqlstate_[\da-z]{5}$/.test(code)) return undefined;
  const close = nearest(code, [...own, ...REJECT_CODES]).map((name) => `\`${name}\``);
  return close.length > 0 ? ` Did you mean ${close.join(" or ")}?` : "";
};

const checkCode = (
  { key, keyPlace }: YamlEntry,
  own: readonly string[],
  complain: Complain,
): void => {
  const meant = codeMeant(key, own);
  if (meant === undefined) return;
  const message = `No record is rejected with the code \`${key}\`, so this limit is none.${meant}`;
  complain("unknown_reject_code", keyPlace, message, {
    isWarning: true,
    ...renamed(keyPlace, key, [...own, ...REJECT_CODES]),
  });
};
