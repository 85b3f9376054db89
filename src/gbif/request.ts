/** What GBIF is asked: a request as a file has it, checked, with the database's values, without who asks. */

import type { Complain } from "../core/complaint.ts";
import type { Context } from "../core/component.ts";
import type { Document } from "../core/document.ts";
import { gbifQueryInvalid, listed, suggestion } from "../core/errors.ts";
import { formatPlace } from "../core/place.ts";
import { entryOf, isUnknown, plain, type YamlMap, type YamlValue } from "../core/yaml-value.ts";
import { canonicalRequest } from "./canonical.ts";
import type { ResolvedRequest } from "./downloads.ts";
import { checkChecklist, checkPredicate, textIn } from "./predicate.ts";
import { PREDICATE_TYPES } from "./predicate-shapes.ts";
import { SEARCH_KEYS } from "./search-keys.ts";
import { withDatabaseValues } from "./sql-values.ts";

/** Complains of what GBIF would refuse, and of what we could not read. Asks nobody. */
export const checkRequest = async (query: Document, complain: Complain): Promise<void> => {
  const value = await query.read(complain);
  if (value !== undefined) check(value, complain);
};

/** The request with its values from the database; throws when there are none, or when GBIF would refuse it. */
export const readRequest = async (query: Document, context: Context): Promise<ResolvedRequest> => {
  const problems: string[] = [];
  const complain: Complain = (_, place, message) =>
    problems.push(`${formatPlace(place)} ${message}`);
  const written = await query.read(complain);
  const value = written && (await withDatabaseValues(written, context.database));
  if (value !== undefined) check(value, complain);
  if (value === undefined || problems.length > 0) throw gbifQueryInvalid(query.label, problems);
  const { predicate, settings } = partsOf(value);
  const body = { format: "DWCA", ...settings, predicate: predicate && bodyOf(predicate) };
  return { body, canonical: canonicalRequest(body) };
};

/** Who asks comes from the environment; GBIF's documentation has had several spellings. */
const WHO = [
  "creator",
  "notificationAddresses",
  "notificationAddress",
  "notification_addresses",
  "notification_address",
];
const BOOLEANS = ["sendNotification", "send_notification"];
/** What GBIF's documentation has today. */
const DOCUMENTED = [
  "creator",
  "notificationAddresses",
  "sendNotification",
  "format",
  "predicate",
  "verbatimExtensions",
  "description",
  "machineDescription",
  "checklistKey",
];
const PROPERTIES = [...WHO, ...BOOLEANS, ...DOCUMENTED, "type"];
/** What tells a predicate without its wrapper: `type` alone may be a request's own. */
const BARE = ["key", "value", "values", "predicates", "geometry", "parameter", "latitude"];
/** Above these GBIF answers 413. */
const MOST_ITEMS = 101_000;
const MOST_POINTS = 10_000;

const isBare = (value: YamlMap): boolean => {
  const type = entryOf(value, "type");
  const isTyped = type !== undefined && PREDICATE_TYPES.includes(textIn(type.value));
  return isTyped || (!entryOf(value, "predicate") && BARE.some((key) => entryOf(value, key)));
};

const check = (value: YamlValue, complain: Complain): void => {
  if (value.kind !== "map") {
    complain(
      "no_query",
      value.place,
      "A query is a map: a request of GBIF's download API, or a predicate `{ type: equals, key: DATASET_KEY, value: … }`.",
    );
    return;
  }
  const predicate = isBare(value) ? value : entryOf(value, "predicate")?.value;
  if (predicate !== value) checkWrapper(value, complain);
  if (predicate === undefined) {
    complain(
      "no_predicate",
      value.place,
      "The query has no `predicate`, so it would ask for all that GBIF has.",
    );
    return;
  }
  const hasChecklist = predicate !== value && entryOf(value, "checklistKey") !== undefined;
  const { items, points } = checkPredicate(predicate, { complain, hasChecklist });
  const problem =
    items > MOST_ITEMS
      ? `${items.toLocaleString("en-US")} values; GBIF takes at most 101,000`
      : points > MOST_POINTS
        ? `polygons of ${points.toLocaleString("en-US")} points; GBIF takes at most 10,000`
        : undefined;
  if (problem !== undefined) {
    complain("too_large", predicate.place, `The query has ${problem}. Ask for less at a time.`);
  }
};

/** `datasetKey`, as the address of a search has it, is a condition. */
const conditionHint = (property: string): string | undefined => {
  const key = property.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return SEARCH_KEYS.has(key)
    ? ` A condition stands under \`predicate\`: \`{ "type": "equals", "key": "${key}", "value": … }\`.`
    : undefined;
};

const checkWrapper = (request: YamlMap, complain: Complain): void => {
  for (const { key, keyPlace, value } of request.entries) {
    const wrong = (wanted: string) =>
      complain("wrong_value", value.place, `\`${key}\` of the request must be ${wanted}.`);
    const text = textIn(value);
    if (isUnknown(value)) continue;
    if (!PROPERTIES.includes(key)) {
      complain(
        "unknown_property",
        keyPlace,
        `A request to GBIF has no property \`${key}\`, and GBIF refuses what it does not know.${conditionHint(key) ?? suggestion(key, DOCUMENTED)}`,
      );
    } else if (key === "format" && text !== "DWCA") {
      wrong("`DWCA`, as its archive is what is read here, or be left out");
    } else if (key === "type" && text !== "OCCURRENCE") {
      wrong("`OCCURRENCE`, or be left out");
    } else if (key === "checklistKey") checkChecklist(value, complain);
    else if (BOOLEANS.includes(key) && !/^(true|false)$/.test(text)) wrong("`true` or `false`");
    else if (key === "description" && value.kind !== "scalar") wrong("a text");
    else if (key === "verbatimExtensions" && !isTexts(value)) {
      wrong(`a list of texts such as ${listed(["http://rs.tdwg.org/dwc/terms/Identification"])}`);
    }
  }
};

const isTexts = (value: YamlValue): boolean =>
  value.kind === "list" && value.items.every((item) => typeof plain(item) === "string");

/** Predicate and what else is asked, of a query that was checked. */
const partsOf = (
  value: YamlValue,
): { predicate: YamlValue | undefined; settings: Record<string, unknown> } => {
  if (value.kind !== "map" || isBare(value)) return { predicate: value, settings: {} };
  const settings = value.entries
    .filter(({ key }) => ![...WHO, "predicate"].includes(key))
    .map(({ key, value: part }) => [
      key === "send_notification" ? "sendNotification" : key,
      BOOLEANS.includes(key) ? textIn(part) === "true" : plain(part),
    ]);
  return {
    predicate: entryOf(value, "predicate")?.value,
    settings: Object.fromEntries(settings) as Record<string, unknown>,
  };
};

/** A predicate as it is sent: values are texts, whatever YAML takes them for. */
const bodyOf = (predicate: YamlValue): object => {
  const entries = predicate.kind === "map" ? predicate.entries : [];
  return Object.fromEntries(
    entries.map(({ key, value }) => {
      if (value.kind === "map") return [key, bodyOf(value)];
      if (value.kind === "scalar") {
        return [key, key === "matchCase" ? textIn(value) === "true" : textIn(value)];
      }
      const items = value.items.map((item) => (item.kind === "map" ? bodyOf(item) : textIn(item)));
      return [key, items];
    }),
  );
};
