import { Reject } from "../core/batch.ts";
import { countOf } from "./counts.ts";
import { evidenceOf } from "./evidence.ts";
import { objectMaker } from "./json.ts";
import { ANONYMOUS, joinedNames } from "./people.ts";
import { firstMoment, lastMoment, periodOf } from "./period.ts";
import { boundOf, longitudeOf, pointQuality, precisionOf } from "./place.ts";
import { digitalProof, specimenNumber, specimenProof } from "./proof.ts";
import { referenceOf } from "./reference.ts";
import { sinpUuid } from "./uuid.ts";

/** What the pipeline and the instance say, beside the records. */
export interface RuleSettings {
  readonly observers: "as_published" | "anonymous";
  readonly blurredRemarks: "keep" | "leave_out";
  readonly uncertaintyMaxPointMetres: number;
  /** GBIF's keys of the platforms that say it when they blur. */
  readonly platforms: ReadonlySet<string>;
  /** The version of TaxRef in the instance; null when it does not tell. */
  readonly taxrefVersion: string | null;
  /** `2026-11-24`. */
  readonly today: string;
  /** Counts a value that no rule takes, to be told at the end. */
  readonly report: (name: string, value: string) => void;
}

export type Text = string | null;

/** Makes a value out of the values that it reads, in the order of `from`. */
export type Value = (...texts: Text[]) => Text | Reject;

/** A way to make a value; `fields.csv` names it, and what it reads. */
export interface Rule {
  /** For the printed mapping: a sentence. */
  readonly summary: string;
  /** What it reads, in this order; `any` for one or more of a kind. */
  readonly reads: readonly string[] | "any";
  make(settings: RuleSettings, from: readonly string[]): Value;
}

const COUNT = ["individualCount", "organismQuantity", "organismQuantityType", "occurrenceStatus"];
const BOUND = ["value", "accuracy", "blurring"];
const IDENTITY = [
  "idInaturalist",
  "inaturalistUuid",
  "inaturalistStatus",
  "otherCatalogNumbers",
  "occurrenceID",
  "datasetKey",
  "gbifID",
];

/** All rules but those that need the vocabularies, by name. */
export const RULES: Readonly<Record<string, Rule>> = {
  copy: { summary: "As it is.", reads: ["value"], make: () => (text) => text ?? null },
  first: { summary: "The first that is not empty.", reads: "any", make: () => firstOf },
  name: {
    summary: "The first that is not empty; without any, the record is rejected (`name_missing`).",
    reads: "any",
    make:
      () =>
      (...texts) =>
        firstOf(...texts) ?? new Reject("name_missing", "The record has no scientific name."),
  },
  dataset: {
    summary: "The data set; without one, the record is rejected (`dataset_unknown`).",
    reads: ["datasetId"],
    make: () => (id) =>
      id ?? new Reject("dataset_unknown", "The data set of the record is not in GeoNature."),
  },
  taxon: {
    summary: "The taxon; without one, the record is rejected (`taxon_unknown`).",
    reads: ["cdNom"],
    make: () => (id) => id ?? new Reject("taxon_unknown", "TaxRef has no taxon for the record."),
  },
  taxref_version: {
    summary: "The instance's own parameter `taxref_version`.",
    reads: [],
    make: (settings) => () => settings.taxrefVersion,
  },
  platform: {
    summary: "`yes` for a data set of the option `platforms`.",
    reads: ["datasetKey"],
    make: (settings) => (key) => (settings.platforms.has(key ?? "") ? "yes" : null),
  },
  longitude: {
    summary:
      "As it is; without a place, or with an impossible one (0, 0 too), the record is rejected (`no_coordinates`).",
    reads: ["decimalLongitude", "decimalLatitude"],
    make: () => longitudeOf,
  },
  precision: {
    summary: "Metres, rounded up.",
    reads: ["coordinateUncertaintyInMeters"],
    make: () => precisionOf,
  },
  point_quality: {
    summary: "`precise`, `imprecise` or nothing.",
    reads: ["coordinateUncertaintyInMeters", "blurring"],
    make: (settings) => (uncertainty: Text, blurring: Text) =>
      pointQuality(uncertainty, blurring, settings.uncertaintyMaxPointMetres),
  },
  period: {
    summary:
      "The date, else year, month and day. Rejected: `date_missing`, `bad_date`, `date_inverted`, `date_future`.",
    reads: ["eventDate", "year", "month", "day"],
    make: (settings) => (date: Text, year: Text, month: Text, day: Text) =>
      periodOf(date, { year, month, day }, settings.today),
  },
  first_moment: {
    summary: "The first moment: of `1879-10`, 1 October.",
    reads: ["period"],
    make: () => firstMoment,
  },
  last_moment: {
    summary: "The last moment: of `1879-10`, 31 October.",
    reads: ["period"],
    make: () => lastMoment,
  },
  count_number: {
    summary:
      "individualCount, else organismQuantity of things that can be counted; 0 only with ABSENT.",
    reads: COUNT,
    make: () => (own: Text, value: Text, type: Text, status: Text) =>
      countOf(own, { value, type }, status)?.number ?? null,
  },
  count_unit: { summary: "What was counted.", reads: COUNT, make: (settings) => unitOf(settings) },
  lowest: {
    summary: "Value less accuracy, rounded down; empty when blurred.",
    reads: BOUND,
    make: () => boundOf.bind(undefined, "lowest"),
  },
  highest: {
    summary: "Value plus accuracy, rounded up; empty when blurred.",
    reads: BOUND,
    make: () => boundOf.bind(undefined, "highest"),
  },
  evidence: {
    summary: "The annotation `evidenceOfPresence`.",
    reads: ["dynamicProperties"],
    make: () => evidenceOf,
  },
  digital_proof: {
    summary: "The page of a record with media.",
    reads: ["references", "mediaType", "mediaURLs"],
    make: () => digitalProof,
  },
  specimen: {
    summary: "institution : collection : number, of specimens.",
    reads: ["basisOfRecord", "institutionCode", "collectionCode", "catalogNumber"],
    make: () => specimenProof,
  },
  specimen_number: {
    summary: "The catalogue number, of specimens.",
    reads: ["basisOfRecord", "catalogNumber"],
    make: () => specimenNumber,
  },
  proof: {
    summary: "`yes` when one of them is filled.",
    reads: "any",
    make:
      () =>
      (...texts) =>
        firstOf(...texts) === null ? null : "yes",
  },
  people: {
    summary:
      "Several names are separated by a comma; with `observers: anonymous`, each is “Anonyme”.",
    reads: ["names"],
    make: ({ observers }) =>
      observers === "anonymous" ? (text: Text) => text && ANONYMOUS : joinedNames,
  },
  reference: {
    summary: "The first publication that is named; of literature, else the record's page.",
    reads: [
      "source status",
      "associatedReferences",
      "bibliographicCitation",
      "references",
      "gbifID",
    ],
    make: () => (status: Text, associated: Text, citation: Text, references: Text, gbifID: Text) =>
      referenceOf(status, [associated, citation], { references, gbifID }),
  },
  remark: {
    summary: "The remark; of a blurred record only with `blurred_remarks: keep`.",
    reads: ["occurrenceRemarks", "blurring"],
    make: (settings) => (text: Text, blurring: Text) =>
      blurring === "OUI" && settings.blurredRemarks === "leave_out" ? null : text,
  },
  json: {
    summary: "An object of them, empty ones left out; with `observers: anonymous` no rightsHolder.",
    reads: "any",
    make: ({ observers }, from) => jsonOf(observers, from),
  },
  json_with_nulls: {
    summary: "An object of them.",
    reads: "any",
    make: (_, from) => {
      const object = objectMaker(from, "null");
      return (...texts) => object(texts);
    },
  },
  uuid: {
    summary:
      "iNaturalist's uuid; else the occurrenceID if it is one; else a uuid v5 of datasetKey:occurrenceID, else of gbifID. Rejected: `uuid_pending`, `uuid_missing`.",
    reads: IDENTITY,
    make:
      () =>
      (
        idInaturalist: Text,
        inaturalistUuid: Text,
        inaturalistStatus: Text,
        otherCatalogNumbers: Text,
        occurrenceID: Text,
        datasetKey: Text,
        gbifID: Text,
      ) =>
        sinpUuid({
          idInaturalist,
          inaturalistUuid,
          inaturalistStatus,
          otherCatalogNumbers,
          occurrenceID,
          datasetKey,
          gbifID,
        }),
  },
};

/** Rules that make no value of their own here, and what they mean. */
export const OTHER_RULES: Readonly<Record<string, string>> = {
  vocabulary: "By vocabularies.csv.",
  constant: "Always the default.",
  sink: "Made by the sink.",
  left: "Not written.",
};

const firstOf = (...texts: readonly Text[]): Text => texts.find((text) => text !== null) ?? null;

const NO_COUNT = (term: string): string =>
  `\`${term}\` is no number of individuals, so \`count_min\` and \`count_max\` are empty`;

/** The unit tells of what is no count: once, as the number is made of the same values. */
const unitOf =
  ({ report }: RuleSettings): Value =>
  (own: Text, value: Text, type: Text, status: Text) => {
    if (own === null && value === null) return null;
    const count = countOf(own, { value, type }, status);
    if (count !== undefined) return count.unit;
    if (own !== null) report(NO_COUNT("individualCount"), own);
    else report(NO_COUNT("organismQuantityType"), `${value} ${type ?? ""}`.trim());
    return null;
  };

const jsonOf = (observers: RuleSettings["observers"], from: readonly string[]): Value => {
  const object = objectMaker(from, "left_out");
  const holder = from.indexOf("rightsHolder");
  if (observers === "as_published" || holder < 0) return (...texts) => object(texts);
  return (...texts) => object(texts.with(holder, null));
};
