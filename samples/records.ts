/**
 * Made-up records of true species at true places, in GBIF's layout: what iNaturalist, Observation.org and
 * a museum send of invertebrates of Auvergne-Rhône-Alpes. The same seed gives the same records.
 *
 * Names, authors, places and vocabulary are real; observers, numbers and the keys of species are not.
 */

import { readFileSync } from "node:fs";
import type { Dataset } from "./layout.ts";
import { MULTIMEDIA, OCCURRENCE, VERBATIM } from "./layout.ts";
import { type Random, randomFrom } from "./random.ts";

export const INATURALIST: Dataset = {
  uuid: "50c9509d-22c7-4a22-a47d-8c48425ef4a7",
  title: "iNaturalist Research-grade Observations",
  abstract:
    "Observations from iNaturalist.org, an online social network of people sharing biodiversity information.",
  doi: "10.15468/ab3s5x",
  license: "http://creativecommons.org/licenses/by-nc/4.0/legalcode",
  organization: "iNaturalist contributors",
  contact: { given: "Ken-ichi", family: "Ueda", mail: "kueda@example.org" },
};

const OBSERVATION: Dataset = {
  uuid: "8a863029-f435-446a-821e-275f4f641165",
  title: "Observation.org, Nature data from around the World",
  abstract: "Nature observations & photographs, validated by experts.",
  doi: "10.15468/5nilie",
  license: "http://creativecommons.org/licenses/by-nc/4.0/legalcode",
  organization: "Observation.org",
  contact: { given: "Hisko", family: "de Vries", mail: "info@example.org" },
};

const museum = (uuid: string, family: string, doi: string): Dataset => ({
  uuid,
  title: `Collection de ${family} du Musée des Confluences`,
  abstract: `Les ${family} conservés au Musée des Confluences, à Lyon.`,
  doi,
  license: "http://creativecommons.org/licenses/by/4.0/legalcode",
  organization: "Musée des Confluences",
  contact: { given: "Cédric", family: "Audibert", mail: "collections@example.org" },
});

const SPHAERIIDAE = museum(
  "49ff3f7f-732e-4d23-8af0-ba79ed8dacb5",
  "Sphaeriidae",
  "10.15468/sph4er",
);
const PSILIDAE = museum("fbc0e3e2-7851-4a88-8219-ca4c2e8452fa", "Psilidae", "10.15468/ps1l1d");

export const DATASETS: readonly Dataset[] = [INATURALIST, OBSERVATION, SPHAERIIDAE, PSILIDAE];

export interface Taxon {
  readonly class: string;
  readonly order: string;
  readonly family: string;
  readonly name: string;
  readonly authorship: string;
  readonly phylum: string;
  readonly key: string;
}

/** GBIF's backbone keys of the groups; those of species are invented. */
export const KEYS: Readonly<Record<string, string>> = {
  Arthropoda: "54",
  Mollusca: "52",
  Annelida: "42",
  Insecta: "216",
  Arachnida: "367",
  Malacostraca: "229",
  Chilopoda: "360",
  Diplopoda: "361",
  Gastropoda: "225",
  Bivalvia: "137",
  Clitellata: "255",
  Lepidoptera: "797",
  Coleoptera: "1470",
  Hymenoptera: "1457",
  Odonata: "789",
  Orthoptera: "1458",
  Diptera: "811",
  Hemiptera: "809",
  Araneae: "1496",
};

export const TAXA: readonly Taxon[] = readFileSync(new URL("taxa.csv", import.meta.url), "utf8")
  .trim()
  .split(/\r?\n/)
  .slice(1)
  .map((line, index) => {
    const fields = [...line.matchAll(/"([^"]*)"|([^,]+)/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    const [group = "", order = "", family = "", name = "", authorship = "", phylum = ""] = fields;
    return {
      class: group,
      order,
      family,
      name,
      authorship,
      phylum,
      key: String(1_300_000 + index * 7919),
    };
  });

const PLACES = `Lyon|Rhône|45.76|4.84
Villeurbanne|Rhône|45.77|4.89
Grenoble|Isère|45.19|5.72
Chamrousse|Isère|45.12|5.88
Crémieu|Isère|45.73|5.25
Clermont-Ferrand|Puy-de-Dôme|45.78|3.08
Orcines|Puy-de-Dôme|45.78|2.96
Saint-Étienne|Loire|45.44|4.39
Valence|Drôme|44.93|4.89
Die|Drôme|44.75|5.37
Nyons|Drôme|44.36|5.14
Privas|Ardèche|44.73|4.6
Vallon-Pont-d'Arc|Ardèche|44.41|4.4
Annecy|Haute-Savoie|45.9|6.13
Chamonix-Mont-Blanc|Haute-Savoie|45.92|6.87
Chambéry|Savoie|45.57|5.92
Aussois|Savoie|45.23|6.74
Bourg-en-Bresse|Ain|46.2|5.23
Villars-les-Dombes|Ain|46|5.03
Moulins|Allier|46.57|3.33
Aurillac|Cantal|44.93|2.44
Le Puy-en-Velay|Haute-Loire|45.04|3.89`
  .split("\n")
  .map((line) => {
    const [town = "", department = "", latitude = "", longitude = ""] = line.split("|");
    return { town, department, latitude: Number(latitude), longitude: Number(longitude) };
  });

const STREETS = [
  "Chemin des Crêtes",
  "Rue du Moulin",
  "Route du Col",
  "Impasse des Lilas",
  "Allée des Tilleuls",
];

/** Departments in the order of GADM's numbers. */
const DEPARTMENTS =
  "Ain,Allier,Ardèche,Cantal,Drôme,Haute-Loire,Haute-Savoie,Isère,Loire,Puy-de-Dôme,Rhône,Savoie".split(
    ",",
  );

const FIRST =
  "Anne,Benoît,Chloé,Émile,Françoise,Gaël,Hélène,Inès,Jérôme,Léa,Mathéo,Noémie,Océane,Pierre,Rémi,Solène,Théo,Zoé".split(
    ",",
  );
const LAST =
  "Martin,Lefèvre,Dubois,Garçon,Moreau,Peña,Nuñez,Roux,Faure,Chevallier,Bérard,Vial,Guérin,Müller,d'Argent,Le Gall".split(
    ",",
  );

const LOGINS = ["papillon", "naturaliste", "entomo_", "carabus", "libellule", "fourmi.", "sylvain"];

const REMARKS = [
  "Au bord du sentier, à l'ombre.",
  "Sous écorce de hêtre",
  "Sur Buddleja davidii 🦋",
  "Nombreux individus au crépuscule",
  "Prairie humide en rive gauche ; vent faible",
  "Trouvé mort sur la route",
  "Habitat : lisière de chênaie, sol calcaire, exposition sud ; plusieurs individus observés de près pendant vingt minutes, photographies du dessus et du dessous, identification confirmée par la nervation.",
];
/** Values that readers stumble over. */
const QUIRKS = [
  'Surnommé "le paon du jour"',
  '"Argus" sur trèfle',
  "C:\\Photos\\IMG_0042.JPG",
  "\\N",
  "\\.",
  'Envergure 3.5"',
  "rapport 3\\4",
];

/** The lines of a record in the three tables. */
export interface Sample {
  readonly occurrence: string;
  readonly verbatim: string;
  readonly multimedia: readonly string[];
}

export interface RecordOptions {
  readonly rows: number;
  readonly seed: number;
  /** `small`: values with `"` are CSV-quoted, as GBIF's writer of small downloads does. */
  readonly mode: "big" | "small";
  /** Share of records whose latitude is no number, which a server refuses. */
  readonly badShare?: number;
  /** Without the value `\.`, at which the hand procedure's `\copy` ends with an error. */
  readonly isTame?: boolean;
  /** Taxon keys of the Catalogue of Life, with letters, instead of the backbone's numbers. */
  readonly hasColKeys?: boolean;
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)] as T;

const two = (value: number): string => String(value).padStart(2, "0");

const positions = (columns: readonly { name: string }[]) =>
  new Map(columns.map(({ name }, index) => [name, index]));

const OCCURRENCE_AT = positions(OCCURRENCE);
const VERBATIM_AT = positions(VERBATIM);
const MULTIMEDIA_AT = positions(MULTIMEDIA);

const lineOf = (
  at: ReadonlyMap<string, number>,
  values: Readonly<Record<string, string>>,
  isQuoted: boolean,
): string => {
  const fields: string[] = new Array(at.size).fill("");
  for (const name in values) {
    const index = at.get(name);
    const value = values[name] ?? "";
    if (index === undefined) continue;
    fields[index] = isQuoted && value.includes('"') ? `"${value.replaceAll('"', '""')}"` : value;
  }
  return `${fields.join("\t")}\n`;
};

/** The records one after the other; `rows` may be any number. */
export function* sampleRecords({
  rows,
  seed,
  mode,
  badShare = 0,
  isTame = false,
  hasColKeys = false,
}: RecordOptions): Generator<Sample> {
  const random = randomFrom(seed);
  for (let row = 0; row < rows; row++) {
    const values = occurrence(row, random);
    if (badShare > 0 && random(10_000) < badShare * 10_000) values.decimalLatitude = "45,7°";
    if (isTame && values.occurrenceRemarks === "\\.") values.occurrenceRemarks = "";
    if (hasColKeys) {
      for (const name of ["taxonKey", "acceptedTaxonKey", "speciesKey"]) {
        values[name] = Number(values[name]).toString(36).toUpperCase();
      }
    }
    const isQuoted = mode === "small";
    const media = mediaOf(values, random);
    values.mediaType = media.map(({ type }) => type).join(";");
    yield {
      occurrence: lineOf(OCCURRENCE_AT, values, isQuoted),
      verbatim: lineOf(
        VERBATIM_AT,
        { ...values, scientificName: values.verbatimScientificName ?? "" },
        isQuoted,
      ),
      multimedia: media.map((medium) => lineOf(MULTIMEDIA_AT, medium, isQuoted)),
    };
  }
}

/** A full name, or a login as iNaturalist shows it. */
const person = (random: Random): string =>
  random(5) < 2
    ? `${pick(random, LOGINS)}${random(9000)}`
    : `${pick(random, FIRST)} ${pick(random, LAST)}`;

const clock = (random: Random): string =>
  `${two(random(24))}:${two(random(60))}:${two(random(60))}`;

const datasetOf = (row: number): Dataset => {
  if (row % 50 === 7) return SPHAERIIDAE;
  if (row % 50 === 23) return PSILIDAE;
  return row % 6 === 1 ? OBSERVATION : INATURALIST;
};

const occurrence = (row: number, random: Random): Record<string, string> => {
  const dataset = datasetOf(row);
  const isMuseum = dataset === SPHAERIIDAE || dataset === PSILIDAE;
  const family = dataset === SPHAERIIDAE ? "Sphaeriidae" : "Psilidae";
  const taxa = isMuseum ? TAXA.filter((candidate) => candidate.family === family) : TAXA;
  const taxon = pick(random, taxa);
  const observer = person(random);
  const number = String(20_000_000 + row * 97 + random(90));
  const interpreted = `2026-08-${two(1 + random(28))}T${clock(random)}.${100 + random(900)}Z`;
  return {
    gbifID: String(4_000_000_000 + row * 3 + random(3)),
    ...provenance(dataset, row, number, observer, random),
    ...dateOf(row, isMuseum, random),
    ...placeOf(random),
    ...taxonOf(taxon),
    ...annotations(row, random),
    identifiedBy: random(3) === 0 ? person(random) : observer,
    identificationID: String(100_000_000 + random(500_000_000)),
    taxonID: String(40_000 + random(1_400_000)),
    dateIdentified: `2026-0${1 + random(8)}-${two(1 + random(28))}T${clock(random)}`,
    occurrenceStatus: "PRESENT",
    hasGeospatialIssues: "false",
    isSequenced: "false",
    protocol: "DWC_ARCHIVE",
    lastInterpreted: interpreted,
    lastParsed: interpreted,
    lastCrawled: "2026-08-28T03:12:48.200Z",
    issue: "COORDINATE_ROUNDED;TAXON_MATCH_TAXON_ID_IGNORED",
    nonTaxonomicIssue: "COORDINATE_ROUNDED",
  };
};

const LICENSES = [
  "CC_BY_NC_4_0",
  "CC_BY_NC_4_0",
  "CC_BY_NC_4_0",
  "CC_BY_NC_4_0",
  "CC_BY_4_0",
  "CC0_1_0",
];

const provenance = (
  dataset: Dataset,
  row: number,
  number: string,
  observer: string,
  random: Random,
): Record<string, string> => {
  const shared = {
    datasetKey: dataset.uuid,
    recordedBy: observer,
    rightsHolder: observer,
    license: pick(random, LICENSES),
  };
  if (dataset === INATURALIST) {
    const host = row % 997 === 5 ? "http://conabio" : row % 61 === 3 ? "http://www" : "https://www";
    const link = `${host}.inaturalist.org/observations/${number}`;
    return {
      ...shared,
      institutionCode: "iNaturalist",
      collectionCode: "Observations",
      datasetName: "iNaturalist research-grade observations",
      basisOfRecord: "HUMAN_OBSERVATION",
      occurrenceID: link,
      references: link,
      catalogNumber: number,
      publishingCountry: "US",
    };
  }
  if (dataset === OBSERVATION) {
    const link = `https://observation.org/observation/${number}`;
    return {
      ...shared,
      datasetName: "Observation.org",
      basisOfRecord: "HUMAN_OBSERVATION",
      occurrenceID: link,
      references: link,
      catalogNumber: number,
      publishingCountry: "NL",
      individualCount: String(1 + random(12)),
    };
  }
  return {
    ...shared,
    license: "CC_BY_4_0",
    rightsHolder: "Musée des Confluences",
    institutionCode: "Musée des Confluences",
    collectionCode: "MHNL",
    datasetName: dataset.title,
    basisOfRecord: "PRESERVED_SPECIMEN",
    occurrenceID: `MHNL:${dataset === PSILIDAE ? "DIPT" : "MOLL"}:${number}`,
    catalogNumber: `MHNL ${number}`,
    preparations: "épinglé",
    publishingCountry: "FR",
    individualCount: String(1 + random(5)),
  };
};

const dateOf = (row: number, isMuseum: boolean, random: Random): Record<string, string> => {
  const year = isMuseum ? 1879 + random(90) : 2010 + random(16);
  const month = 3 + random(8);
  const day = 1 + random(28);
  const date = `${year}-${two(month)}-${two(day)}`;
  const time = `${two(6 + random(16))}:${two(random(60))}`;
  const parts = { year: String(year), month: String(month), day: String(day) };
  if (row % 640 === 11) return {};
  if (row % 160 === 13)
    return { eventDate: `${date}/${year}-${two(month + 1)}-${two(day)}`, year: parts.year };
  if (row % 90 === 17)
    return { eventDate: `${year}-${two(month)}`, year: parts.year, month: parts.month };
  if (row % 130 === 19) return { eventDate: String(year), year: parts.year };
  if (isMuseum || row % 11 === 2) return { eventDate: date, ...parts };
  const ends = [
    "",
    `:${two(random(60))}`,
    `:${two(random(60))}`,
    `:${two(random(60))}.500`,
    ":30Z",
  ];
  return {
    eventDate: `${date}T${time}${pick(random, ends)}`,
    eventTime: `${time}:00+02:00`,
    ...parts,
  };
};

const placeOf = (random: Random): Record<string, string> => {
  const place = pick(random, PLACES);
  const isObscured = random(12) === 0;
  const latitude = place.latitude + (random(100_000) - 50_000) / 1_000_000;
  const longitude = place.longitude + (random(100_000) - 50_000) / 1_000_000;
  const number = DEPARTMENTS.indexOf(place.department) + 1;
  const precision = pick(random, ["", "4.0", "5.0", "10.0", "15.0", "61.0", "250.0", "1.0E7"]);
  return {
    decimalLatitude: String(Number(latitude.toFixed(6))),
    decimalLongitude: String(Number(longitude.toFixed(6))),
    coordinateUncertaintyInMeters: isObscured ? `${26_000 + random(6000)}.0` : precision,
    informationWithheld: isObscured
      ? "Coordinate uncertainty increased to 28km to protect threatened taxon"
      : "",
    hasCoordinate: "true",
    continent: "EUROPE",
    countryCode: "FR",
    stateProvince: "Auvergne-Rhône-Alpes",
    county: place.department,
    verbatimLocality: `${1 + random(300)} ${pick(random, STREETS)}, ${place.town}, ${place.department}, France`,
    gbifRegion: "EUROPE",
    level0Gid: "FRA",
    level0Name: "France",
    level1Gid: "FRA.1_1",
    level1Name: "Auvergne-Rhône-Alpes",
    level2Gid: `FRA.1.${number}_1`,
    level2Name: place.department,
    level3Gid: `FRA.1.${number}.1_1`,
    level3Name: place.town,
    repatriated: "true",
  };
};

const taxonOf = (taxon: Taxon): Record<string, string> => {
  const [genus = "", epithet = ""] = taxon.name.split(" ");
  const scientificName = `${taxon.name} ${taxon.authorship}`;
  return {
    scientificName,
    acceptedScientificName: scientificName,
    verbatimScientificName: taxon.name,
    species: taxon.name,
    kingdom: "Animalia",
    phylum: taxon.phylum,
    class: taxon.class,
    order: taxon.order,
    family: taxon.family,
    genus,
    genericName: genus,
    specificEpithet: epithet,
    taxonRank: "SPECIES",
    taxonomicStatus: "ACCEPTED",
    taxonKey: taxon.key,
    acceptedTaxonKey: taxon.key,
    speciesKey: taxon.key,
    kingdomKey: "1",
    phylumKey: KEYS[taxon.phylum] ?? "",
    classKey: KEYS[taxon.class] ?? "",
    orderKey: KEYS[taxon.order] ?? "",
    iucnRedListCategory: "LC",
  };
};

const annotations = (row: number, random: Random): Record<string, string> => ({
  modified: `2026-0${1 + random(8)}-${two(1 + random(28))}T${clock(random)}Z`,
  sex: random(12) === 0 ? pick(random, ["Male", "Female"]) : "",
  lifeStage:
    random(6) === 0 ? pick(random, ["Adult", "Adult", "Larva", "Pupa", "Nymph", "Egg"]) : "",
  vitality: random(40) === 0 ? pick(random, ["alive", "dead"]) : "",
  behavior: random(60) === 0 ? "foraging" : "",
  occurrenceRemarks:
    row % 71 === 9 ? pick(random, QUIRKS) : random(3) === 0 ? pick(random, REMARKS) : "",
});

const mediaOf = (values: Readonly<Record<string, string>>, random: Random) => {
  const photo = 100_000_000 + random(400_000_000);
  const many =
    values.basisOfRecord === "PRESERVED_SPECIMEN" ? 0 : pick(random, [0, 1, 1, 1, 2, 2, 3, 4]);
  return Array.from({ length: many }, (_, index) => ({
    gbifID: values.gbifID ?? "",
    type: "StillImage",
    format: "image/jpeg",
    identifier: `https://inaturalist-open-data.s3.amazonaws.com/photos/${photo + index}/original.jpg`,
    references: `https://www.inaturalist.org/photos/${photo + index}`,
    created: values.modified ?? "",
    creator: values.recordedBy ?? "",
    publisher: "iNaturalist",
    license: "http://creativecommons.org/licenses/by-nc/4.0/",
    rightsHolder: values.recordedBy ?? "",
  }));
};
