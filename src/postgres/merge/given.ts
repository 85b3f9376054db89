import { derivedTwice, keyNotGiven, keyReserved, mergeColumnUnknown } from "../../core/errors.ts";
import type { MergeOptions } from "./shape.ts";

/** What a track table keeps of a row, behind the columns of its key. */
export const TRACKED: readonly string[] = ["hash", "version", "run", "input", "seen"];

/** Throws what of the sink's options does not fit the columns of its flow, whatever the table is. */
export const checkGiven = (given: readonly string[], options: MergeOptions): void => {
  const { key, derive, json_merge: jsonMerge, unique, hold_when } = options;
  const inJson = Object.values(jsonMerge).flatMap((keys) => Object.values(keys).flat());
  const reserved = key.find((name) => TRACKED.includes(name));
  if (reserved !== undefined) throw keyReserved(reserved, TRACKED);
  const noKey = key.find((name) => !given.includes(name) || inJson.includes(name));
  if (noKey !== undefined) throw keyNotGiven(noKey, given);
  const computed = [...Object.keys(derive), ...Object.keys(jsonMerge)];
  const twice = computed.find((name) => given.includes(name));
  if (twice !== undefined) throw derivedTwice(twice);
  const known = [...new Set([...given, ...computed])];
  const named = [
    ...options.insert_only,
    ...options.not_compared,
    ...(options.update ?? []),
    ...(unique ? [unique.column, ...unique.owner] : []),
    ...(hold_when?.columns ?? []),
  ];
  const stray =
    inJson.find((name) => !given.includes(name)) ?? named.find((name) => !known.includes(name));
  if (stray !== undefined) throw mergeColumnUnknown(stray, known);
};
