import { count } from "../core/progress.ts";
import { cut, wrapped } from "./table.ts";

/** Records that were set aside for the same reason; some of them as examples. */
export interface RejectGroup {
  readonly code: string;
  readonly records: number;
  readonly examples: readonly { readonly place: string; readonly message: string }[];
}

/** A message may quote a value of any length; no more of it is shown. */
const MESSAGE_LENGTH = 400;

/** How many records of each code, and below it the place of some with the whole reason; the most frequent first. */
export const rejectGroupLines = (
  groups: readonly RejectGroup[],
  { width, indent = "" }: { width: number; indent?: string },
): string[] =>
  groups
    .toSorted((a, b) => b.records - a.records)
    .flatMap(({ code, records, examples }) => [
      `${indent}${code}: ${count(records)} ${records === 1 ? "record" : "records"}${examples.length < records && examples.length > 0 ? ", such as" : ""}`,
      ...byReason(examples).flatMap((line) =>
        wrapped(cut(line, MESSAGE_LENGTH), { width, indent: `${indent}  ` }),
      ),
    ]);

/** A line for each reason, with the places that have it. */
const byReason = (examples: RejectGroup["examples"]): string[] => {
  const places = new Map<string, string[]>();
  for (const { place, message } of examples) {
    places.set(message, [...(places.get(message) ?? []), place]);
  }
  return [...places].map(([message, at]) => `${at.join(", ")}: ${message}`);
};
