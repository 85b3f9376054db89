/** Which option is meant by a name that none has. */

import { type ComplaintDetails, renamed } from "./complaint.ts";
import { type Place, suggestion } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { isAnyMap, type Schema } from "./option-schema.ts";
import { entryOf, type YamlValue } from "./yaml-value.ts";

/**
 * What the schema has to say of the word; else what is close by its letters; else what is missing and begins
 * alike: `nom` for `name`; else where it belongs.
 */
export const optionSuggestion = (
  key: string,
  schema: Schema,
  at: YamlValue | undefined,
): string => {
  const known = Object.keys(schema.properties ?? {});
  const hint = hintOf(key, schema, at);
  if (hint !== undefined) return ` ${hint}`;
  const alike = begunAlike(key, schema, at);
  if (nearest(key, known).length > 0 || known.length === 0) return suggestion(key, known);
  if (alike !== undefined) return ` Did you mean \`${alike}\`?`;
  const other = SAME_IDEA[key];
  if (other !== undefined && missingIn(schema, at).includes(other))
    return ` Did you mean \`${other}\`?`;
  const holder = holderOf(key, schema, at);
  if (other !== undefined && known.includes(other)) return ` Did you mean \`${other}\`?`;
  return holder === undefined
    ? ` ${hintOf(ANY_WORD, schema, at) ?? suggestion(key, known).trimStart()}`
    : ` Does it belong under \`${holder}\`: \`${holder}: { ${key}: … }\`?`;
};

/** Whether an option that is missing is the one that a key was meant to be, or the one that it belongs under. */
export const isMeantBy = (
  missing: string,
  key: string,
  { schema, at }: { schema: Schema; at: YamlValue | undefined },
): boolean => {
  const name = key.replace(/:.*/, "");
  const isNear = nearest(name, [missing]).length > 0;
  // A hint that names it has said what is to be written.
  const hint = hintOf(name, schema, at) ?? "";
  const isHinted = [...hint.matchAll(/`(\w+)[`:]/g)].some(([, named]) => named === missing);
  return (
    isNear ||
    isHinted ||
    SAME_IDEA[name] === missing ||
    [begunAlike(name, schema, at), holderOf(name, schema, at)].includes(missing)
  );
};

/** A name that is there already is not written a second time; where a hint says more than a name, nothing is sure. */
export const keyFix = (
  key: string,
  place: Place,
  { at, schema }: { at: YamlValue | undefined; schema: Schema },
): ComplaintDetails => {
  const hint = hintOf(key, schema, at);
  const meant = hint && meantIn(hint);
  if (meant !== undefined) return { fix: { place, was: key, becomes: meant } };
  if (hint !== undefined) return {};
  const known = Object.keys(schema.properties ?? {});
  const free = known.filter((name) => entryOf(at, name) === undefined);
  if (!/^\w+:./.test(key)) return renamed(place, key, free);
  return { fix: { place, was: key, becomes: key.replace(":", ": ") } };
};

/**
 * Columns that are looked at have one name where there is one of them, and another where there may be more; what
 * identifies a row is the primary key of a table that is made, and the key of one that is there.
 */
const SAME_IDEA: Readonly<Record<string, string>> = {
  column: "from",
  from: "column",
  primary_key: "key",
};

/** What is to be said of any word that is not known. */
const ANY_WORD = "*";

const hintOf = (
  key: string,
  { properties = {} }: Schema,
  at: YamlValue | undefined,
): string | undefined =>
  Object.values(properties)
    .map(({ hints = {} }) => (Object.hasOwn(hints, key) ? hints[key] : undefined))
    .find((hint) => {
      const meant = hint && meantIn(hint);
      // One kind of option is shared by components that call it otherwise; and what is given was not forgotten.
      return meant === undefined
        ? hint !== undefined
        : meant in properties && entryOf(at, meant) === undefined;
    });

/** The option that a hint names and nothing else: it is what was meant. */
const meantIn = (hint: string): string | undefined => /^Did you mean `(\w+)`\?$/.exec(hint)?.[1];

/** The one option that is missing and begins with the same letter. */
const begunAlike = (key: string, schema: Schema, at: YamlValue | undefined): string | undefined => {
  const [alike, other] = missingIn(schema, at).filter((name) => name[0] === key[0]?.toLowerCase());
  return other === undefined ? alike : undefined;
};

const missingIn = ({ required = [], properties }: Schema, at: YamlValue | undefined): string[] =>
  required.filter(
    (name) => entryOf(at, name) === undefined && properties?.[name]?.default === undefined,
  );

/**
 * The option inside which a key has a meaning: one that knows it, else, where no other option is given, the map
 * of any names that is missing, as `columns` of `project`.
 */
const holderOf = (key: string, schema: Schema, at: YamlValue | undefined): string | undefined => {
  const { properties = {} } = schema;
  const holder = Object.keys(properties).find(
    (name) => key in (properties[name]?.properties ?? {}),
  );
  const isAlone = !Object.keys(properties).some((name) => entryOf(at, name) !== undefined);
  return (
    holder ??
    (isAlone ? missingIn(schema, at).find((name) => isAnyMap(properties[name])) : undefined)
  );
};
