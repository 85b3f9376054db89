import { isScalar, parseDocument } from "yaml";
import type { Fix } from "./complaint.ts";
import type { YamlEntry, YamlScalar, YamlValue } from "./yaml-value.ts";

/** The value as it is once a fix is made; all that is in it keeps its place. */
export const withFix = (value: YamlValue, fix: Pick<Fix, "place" | "becomes">): YamlValue => {
  if (value.kind === "list") {
    return { ...value, items: value.items.map((item) => withFix(item, fix)) };
  }
  if (value.kind === "scalar") return value.place === fix.place ? fixed(value, fix.becomes) : value;
  const entries = value.entries.map((entry) =>
    entry.keyPlace === fix.place
      ? renamedEntry(entry, fix.becomes)
      : { ...entry, value: withFix(entry.value, fix) },
  );
  return { ...value, entries };
};

/** `[a]` is a list of what was there; anything else is one value. */
const fixed = (value: YamlScalar, becomes: string): YamlValue =>
  becomes.startsWith("[")
    ? { kind: "list", place: value.place, items: [value] }
    : { ...value, value: plainOf(becomes), source: becomes };

/** Another key, or `key: value` where that was one word. */
const renamedEntry = (entry: YamlEntry, becomes: string): YamlEntry => {
  const [key = "", ...rest] = becomes.split(": ");
  if (rest.length === 0) return { ...entry, key };
  const source = rest.join(": ");
  const value = { kind: "scalar", place: entry.keyPlace, value: plainOf(source), source } as const;
  return { ...entry, key, value };
};

const plainOf = (text: string): string | number | boolean | null => {
  const { errors, contents } = parseDocument(text, { prettyErrors: false });
  const value = isScalar(contents) && errors.length === 0 ? contents.value : text;
  return ["string", "number", "boolean"].includes(typeof value) ? (value as string) : null;
};
