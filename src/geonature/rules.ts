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
const PEOPLE = "Several names are separated by a comma; with `observers: anonymous`, “Anonyme”.";

/** All rules but those that need the vocabularies, by name. */
export const RULES: Readonly<Record<string, Rule>> = {
  copy: { summary: "As it is.", reads: ["value"], make: () => (text) => text ?? null },
  first: {
    summary: "The first that is not empty.",
    reads: "any",
    make:
      () =>
      (...texts) =>
        firstOf(texts),
  },
  name: {
    summary: "The first that is not empty; without any, the record is rejected (`name_missing`).",
    reads: "any",
    make:
      () =>
      (...texts) =>
        firstOf(texts) ?? new Reject("name_missing", "The record has no scientific name."),
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
    make:
      () =>
      (longitude = null, latitude = null) =>
        longitudeOf(longitude, latitude),
  },
  precision: {
    summary: "Metres, rounded up.",
    reads: ["coordinateUncertaintyInMeters"],
    make: () => (text) => precisionOf(text ?? null),
  },
  point_quality: {
    summary: "`precise`, `imprecise` or nothing.",
    reads: ["coordinateUncertaintyInMeters", "blurring"],
    make:
      (settings) =>
      (uncertainty = null, blurring = null) =>
        pointQuality(uncertainty, blurring, settings.uncertaintyMaxPointMetres),
  },
  period: {
    summary:
      "The date, else year, month and day. Rejected: `date_missing`, `bad_date`, `date_inverted`, `date_future`.",
    reads: ["eventDate", "year", "month", "day"],
    make:
      ({ today }) =>
      (date = null, year = null, month = null, day = null) =>
        periodOf(date, { year, month, day }, today),
  },
  first_moment: {
    summary: "The first moment: of `1879-10`, 1 October.",
    reads: ["period"],
    make: () => (period) => firstMoment(period ?? null),
  },
  last_moment: {
    summary: "The last moment: of `1879-10`, 31 October.",
    reads: ["period"],
    make: () => (period) => lastMoment(period ?? null),
  },
  count_number: {
    summary:
      "individualCount, else organismQuantity of things that can be counted; 0 only with ABSENT.",
    reads: COUNT,
    make: () => (own, value, type, status) => counted(own, value, type, status)?.number ?? null,
  },
  count_unit: {
    summary: "What was counted.",
    reads: COUNT,
    make: (settings) => countUnit(settings),
  },
  lowest: {
    summary: "Value less accuracy, rounded down; empty when blurred.",
    reads: BOUND,
    make:
      () =>
      (value = null, accuracy = null, blurring = null) =>
        boundOf("lowest", value, accuracy, blurring),
  },
  highest: {
    summary: "Value plus accuracy, rounded up; empty when blurred.",
    reads: BOUND,
    make:
      () =>
      (value = null, accuracy = null, blurring = null) =>
        boundOf("highest", value, accuracy, blurring),
  },
  evidence: {
    summary: "The annotation `evidenceOfPresence`.",
    reads: ["dynamicProperties"],
    make: () => (text) => evidenceOf(text ?? null),
  },
  digital_proof: {
    summary: "The page of a record with media.",
    reads: ["references", "mediaType", "mediaURLs"],
    make:
      () =>
      (page = null, type = null, urls = null) =>
        digitalProof(page, type, urls),
  },
  specimen: {
    summary: "institution : collection : number, of specimens.",
    reads: ["basisOfRecord", "institutionCode", "collectionCode", "catalogNumber"],
    make:
      () =>
      (basis = null, ...parts) =>
        specimenProof(basis, ...parts),
  },
  specimen_number: {
    summary: "The catalogue number, of specimens.",
    reads: ["basisOfRecord", "catalogNumber"],
    make:
      () =>
      (basis = null, number = null) =>
        specimenNumber(basis, number),
  },
  proof: {
    summary: "`yes` when one of them is filled.",
    reads: "any",
    make:
      () =>
      (...texts) =>
        firstOf(texts) === null ? null : "yes",
  },
  people: {
    summary: PEOPLE,
    reads: ["names"],
    make: ({ observers }) =>
      observers === "anonymous"
        ? (text) => (text === null ? null : ANONYMOUS)
        : (text) => joinedNames(text ?? null),
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
    make:
      () =>
      (status = null, associated = null, citation = null, references = null, gbifID = null) =>
        referenceOf(status, [associated, citation], { references, gbifID }),
  },
  remark: {
    summary: "The remark; of a blurred record only with `blurred_remarks: keep`.",
    reads: ["occurrenceRemarks", "blurring"],
    make:
      ({ blurredRemarks }) =>
      (text = null, blurring = null) =>
        blurring === "OUI" && blurredRemarks === "leave_out" ? null : text,
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
    reads: [
      "idInaturalist",
      "inaturalistUuid",
      "inaturalistStatus",
      "otherCatalogNumbers",
      "occurrenceID",
      "datasetKey",
      "gbifID",
    ],
    make:
      () =>
      (
        idInaturalist = null,
        inaturalistUuid = null,
        inaturalistStatus = null,
        otherCatalogNumbers = null,
        occurrenceID = null,
        datasetKey = null,
        gbifID = null,
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

const firstOf = (texts: readonly Text[]): Text => texts.find((text) => text !== null) ?? null;

const counted = (own: Text = null, value: Text = null, type: Text = null, status: Text = null) =>
  countOf(own, { value, type }, status);

const countUnit =
  ({ report }: RuleSettings): Value =>
  (own = null, value = null, type = null, status = null) => {
    if (own === null && value === null) return null;
    const count = counted(own, value, type, status);
    if (count === undefined) {
      if (own !== null) report("individualCount", own);
      else report("organismQuantityType", `${value} ${type ?? ""}`.trim());
    }
    return count?.unit ?? null;
  };

const jsonOf = (observers: RuleSettings["observers"], from: readonly string[]): Value => {
  const object = objectMaker(from, "left_out");
  const holder = from.indexOf("rightsHolder");
  if (observers === "as_published" || holder < 0) return (...texts) => object(texts);
  return (...texts) => object(texts.with(holder, null));
};
