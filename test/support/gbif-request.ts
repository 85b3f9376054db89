/** What GBIF makes of the JSON of a download request. */

/** A request that GBIF takes: properties and predicates in its order, with its defaults. */
export interface GbifRequest {
  readonly predicate: GbifPredicate | undefined;
  readonly creator: string;
  readonly notificationAddresses: readonly string[];
  readonly sendNotification: boolean;
  readonly format: string;
  readonly type: string;
  readonly description?: string;
  readonly machineDescription?: unknown;
  readonly verbatimExtensions: readonly string[];
  readonly checklistKey?: string;
}

export type GbifPredicate = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Why a request is refused: a status and what GBIF says. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const FORMATS = [
  "DWCA",
  "SIMPLE_CSV",
  "SIMPLE_AVRO",
  "SIMPLE_PARQUET",
  "SIMPLE_WITH_VERBATIM_AVRO",
  "SPECIES_LIST",
  "MAP_OF_LIFE",
  "BIONOMIA",
];

/** The spellings that GBIF's documentation has had over the years are all taken. */
const ADDRESSES = [
  "notificationAddresses",
  "notificationAddress",
  "notification_addresses",
  "notification_address",
];

const PROPERTIES = new Set([
  ...ADDRESSES,
  "creator",
  "sendNotification",
  "send_notification",
  "format",
  "type",
  "predicate",
  "verbatimExtensions",
  "description",
  "machineDescription",
  "checklistKey",
  "created",
]);

/** Reads the body of a request of `user`; throws a `Refusal`. */
export const readGbifRequest = (body: string, user: string): GbifRequest => {
  const given = objectOf(parse(body), "The request");
  for (const name of Object.keys(given)) {
    if (!PROPERTIES.has(name)) throw bad(`Unknown JSON property '${name}'.`);
  }
  const { creator = user, format = "DWCA", type = "OCCURRENCE" } = given;
  if (creator !== user) {
    throw new Refusal(401, `${user} not allowed to create download with creator ${creator}`);
  }
  if (!FORMATS.includes(String(format))) throw bad(`Unsupported download format '${format}'.`);
  const { description, machineDescription, checklistKey, predicate } = given;
  const request = {
    predicate: predicate === undefined ? undefined : predicateOf(predicate),
    creator: user,
    notificationAddresses: ADDRESSES.flatMap((name) => textsOf(given[name] ?? [], name)),
    sendNotification: given.sendNotification === true || given.send_notification === true,
    format: String(format),
    type: String(type),
    ...(description === undefined ? {} : { description: String(description) }),
    ...(machineDescription === undefined ? {} : { machineDescription }),
    verbatimExtensions: textsOf(given.verbatimExtensions ?? [], "verbatimExtensions"),
    ...(checklistKey === undefined ? {} : { checklistKey: String(checklistKey) }),
  };
  if (request.predicate) refuseTooLarge(request.predicate);
  return request;
};

const bad = (message: string): Refusal => new Refusal(400, message);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bad(`JSON parse error: ${error instanceof Error ? error.message : error}`);
  }
};

const objectOf = (value: unknown, what: string): Readonly<Record<string, unknown>> => {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw bad(`${what} must be a JSON object.`);
};

const listOf = (value: unknown, what: string): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw bad(`<${what}> must be an array.`);
};

const textsOf = (value: unknown, what: string): string[] => listOf(value, what).map(String);

const COMPARISONS = [
  "equals",
  "lessThan",
  "lessThanOrEquals",
  "greaterThan",
  "greaterThanOrEquals",
  "like",
];

/** The properties of a predicate, checked and in GBIF's order. */
const partsOf = (type: string, given: Readonly<Record<string, unknown>>) => {
  const flags = {
    matchCase: given.matchCase === true,
    ...(given.checklistKey === undefined ? {} : { checklistKey: String(given.checklistKey) }),
  };
  if (COMPARISONS.includes(type)) {
    return { key: keyOf(given.key, "key"), value: scalarOf(given.value, "value"), ...flags };
  }
  switch (type) {
    case "and":
    case "or":
      return { predicates: filled(given.predicates, "predicates").map(predicateOf) };
    case "not":
      return { predicate: predicateOf(given.predicate) };
    case "in": {
      const values = filled(given.values, "values").map((value) => scalarOf(value, "values"));
      return { key: keyOf(given.key, "key"), values, ...flags };
    }
    case "within":
      return { geometry: polygonOf(given.geometry) };
    case "geoDistance":
      return Object.fromEntries(
        ["latitude", "longitude", "distance"].map((name) => [name, scalarOf(given[name], name)]),
      );
    case "isNull":
    case "isNotNull":
      return { parameter: keyOf(given.parameter, "parameter") };
    default:
      throw bad(`Could not resolve type id '${type}' as a subtype of Predicate.`);
  }
};

const predicateOf = (value: unknown): GbifPredicate => {
  const { type, ...given } = objectOf(value, "A predicate");
  if (typeof type !== "string") throw bad("A predicate has no <type>.");
  const parts = partsOf(type, given);
  const known = [...Object.keys(parts), "matchCase", "checklistKey"];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw bad(`Unrecognized field "${unknown}" in predicate ${type}.`);
  return { type, ...parts };
};

const filled = (value: unknown, what: string): readonly unknown[] => {
  if (value === undefined) throw bad(`<${what}> may not be null`);
  const values = listOf(value, what);
  if (values.length === 0) throw bad(`<${what}> may not be empty`);
  return values;
};

const keyOf = (value: unknown, what: string): string => {
  if (value === undefined) throw bad(`<${what}> may not be null`);
  if (typeof value === "string" && /^[A-Z][A-Z0-9_]*$/.test(value)) return value;
  throw bad(`Unknown search parameter ${JSON.stringify(value)}.`);
};

const scalarOf = (value: unknown, what: string): string => {
  if (value === undefined || value === null) throw bad(`<${what}> may not be null`);
  if (typeof value === "object") throw bad(`<${what}> must be a single value.`);
  if (value === "") throw bad(`<${what}> may not be empty`);
  return String(value);
};

const polygonOf = (value: unknown): string => {
  if (typeof value === "string" && /^(MULTI)?POLYGON\s*\(\(.*\)\)$/s.test(value)) return value;
  throw bad(`<geometry> is not a polygon in WKT: ${JSON.stringify(value)}`);
};

const MAX_ITEMS = 101_000;
const MAX_POINTS = 10_000;

const refuseTooLarge = (predicate: GbifPredicate): void => {
  const { items, points } = sizeOf(predicate);
  const limit =
    items > MAX_ITEMS
      ? `The download request contains ${items} items, the maximum is ${MAX_ITEMS}.`
      : points > MAX_POINTS
        ? `The polygons have ${points} points, the maximum is ${MAX_POINTS}.`
        : undefined;
  if (limit) throw new Refusal(413, `A download limitation is exceeded:\n${limit}\n`);
};

const sizeOf = (predicate: GbifPredicate): { items: number; points: number } => {
  const { predicates = [], predicate: inner, values = [], geometry } = predicate;
  const parts = [...(predicates as GbifPredicate[]), ...(inner ? [inner as GbifPredicate] : [])];
  const sizes = parts.map(sizeOf);
  return {
    items:
      sizes.reduce((sum, { items }) => sum + items, 0) +
      (predicate.type === "in" ? (values as string[]).length : parts.length === 0 ? 1 : 0),
    points:
      sizes.reduce((sum, { points }) => sum + points, 0) +
      (typeof geometry === "string" ? geometry.split(",").length : 0),
  };
};
