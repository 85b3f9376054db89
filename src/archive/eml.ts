import type { Archive } from "./entries.ts";
import { wholeEntry } from "./tables.ts";
import { type Element, parseXml } from "./xml.ts";

/** What an EML file says of a data set; null where it does not say. */
export interface Dataset {
  readonly uuid: string | null;
  readonly title: string | null;
  readonly abstract: string | null;
  /** The licence's URL where there is one, else its text. */
  readonly license: string | null;
  readonly doi: string | null;
  readonly citation: string | null;
  /** `Anne Martin <a@example.org>, Musée des Confluences; …` */
  readonly contacts: string | null;
}

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i;
const DOI = /10\.\d{4,9}\/[^\s"<>]+/;

/**
 * One record for each data set that the archive has an EML of: `dataset/<uuid>.xml` as GBIF's downloads
 * have them, else the archive's own metadata.
 *
 * Damaged EML has been seen in production and never stops a load: what could be read is given, and a
 * warning.
 */
export async function* datasetsOf(
  archive: Archive,
  metadata: string | undefined,
  { signal, warn }: { signal: AbortSignal; warn: (sentence: string) => void },
): AsyncGenerator<{ file: string; dataset: Dataset }> {
  for (const file of emlFiles([...archive.entries.keys()], metadata)) {
    const entry = archive.entries.get(file);
    if (entry === undefined) continue;
    const { root, problem } = parseXml(await wholeEntry(entry, signal), file, { tolerant: true });
    if (problem) warn(`${problem.message} What could be read of it was used.`);
    if (root) yield { file, dataset: datasetOf(root, file) };
  }
}

const emlFiles = (names: readonly string[], metadata: string | undefined): string[] => {
  const datasets = names.filter((name) => /^datasets?\/.+\.xml$/i.test(name)).sort();
  if (datasets.length > 0) return datasets;
  const own =
    names.find((name) => name === metadata) ?? names.find((name) => /^eml\.xml$/i.test(name));
  return own === undefined ? [] : [own];
};

const datasetOf = (root: Element, file: string): Dataset => {
  const dataset = child(root, "dataset");
  const all = dataset ? descendants(dataset) : [];
  const identifiers = [
    root.attributes.packageId ?? "",
    ...all.filter(({ name }) => name === "alternateIdentifier").map(({ text }) => text),
  ];
  const citation = descendants(root).find(({ name }) => name === "citation");
  return {
    uuid: first([file, ...identifiers], UUID)?.toLowerCase() ?? null,
    title: textOf(dataset && child(dataset, "title")),
    abstract: textOf(dataset && child(dataset, "abstract")),
    license: licenseOf(dataset && child(dataset, "intellectualRights")),
    doi: first([...identifiers, citation?.attributes.identifier ?? ""], DOI),
    citation: textOf(citation),
    contacts: contactsOf(dataset),
  };
};

const child = (element: Element, name: string): Element | undefined =>
  element.children.find((candidate) => candidate.name === name);

const descendants = (element: Element): Element[] =>
  element.children.flatMap((candidate) => [candidate, ...descendants(candidate)]);

const textOf = (element: Element | undefined): string | null =>
  element?.text.replace(/\s+/g, " ").trim() || null;

const first = (texts: readonly string[], pattern: RegExp): string | null =>
  texts.map((text) => pattern.exec(text)?.[0]).find(Boolean) ?? null;

const licenseOf = (rights: Element | undefined): string | null => {
  const link = rights && descendants(rights).find(({ name }) => name === "ulink");
  return link?.attributes.url || textOf(rights);
};

/** `<contact>`, or who made the data set where nobody is named as contact. */
const contactsOf = (dataset: Element | undefined): string | null => {
  if (dataset === undefined) return null;
  for (const role of ["contact", "creator", "metadataProvider"]) {
    const people = dataset.children.filter(({ name }) => name === role).map(personOf);
    const named = [...new Set(people.filter(Boolean))];
    if (named.length > 0) return named.join("; ");
  }
  return null;
};

const personOf = (element: Element): string => {
  const find = (name: string) =>
    textOf(descendants(element).find((candidate) => candidate.name === name));
  const name = [find("givenName"), find("surName")].filter(Boolean).join(" ");
  const mail = find("electronicMailAddress");
  const person = [name, mail && `<${mail}>`].filter(Boolean).join(" ");
  return [person, find("organizationName")].filter(Boolean).join(", ");
};
