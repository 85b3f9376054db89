/** GBIF's archive layout of 2026: columns, meta.xml, descriptions of data sets. */

import { readFileSync } from "node:fs";

/** A column: the name in the header and the URI in meta.xml. */
export interface Column {
  readonly name: string;
  readonly uri: string;
}

const columnsOf = (table: string): readonly Column[] =>
  readFileSync(new URL(`columns/${table}.csv`, import.meta.url), "utf8")
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => {
      const [name = "", uri = ""] = line.split(",");
      return { name, uri };
    });

/** 230 columns. */
export const OCCURRENCE = columnsOf("occurrence");
export const VERBATIM = columnsOf("verbatim");
export const MULTIMEDIA = columnsOf("multimedia");

/** Columns that hold lists. */
const LISTS = new Set(
  "datasetID,datasetName,recordedBy,recordedByID,preparations,associatedSequences,otherCatalogNumbers,samplingProtocol,higherGeography,georeferencedBy,typeStatus,identifiedBy,identifiedByID,issue,nonTaxonomicIssue,mediaType,projectId".split(
    ",",
  ),
);

export const header = (columns: readonly Column[]): string =>
  `${columns.map(({ name }) => name).join("\t")}\n`;

/** meta.xml as GBIF writes it: verbatim.txt is an extension with the row type of the core. */
export const metaXml = (): string => {
  const table =
    'encoding="UTF-8" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" fieldsEnclosedBy="" ignoreHeaderLines="1"';
  const fields = (columns: readonly Column[], lists: ReadonlySet<string>) =>
    columns
      .map(({ name, uri }, index) => {
        const list = lists.has(name) ? ' delimitedBy=";"' : "";
        return `    <field index="${index}"${list} term="${uri}"/>\n`;
      })
      .join("");
  const files = (file: string) => `    <files>\n      <location>${file}</location>\n    </files>\n`;
  const extension = (file: string, rowType: string, columns: readonly Column[]) =>
    `  <extension ${table} rowType="${rowType}">\n${files(file)}    <coreid index="0" />\n${fields(columns, new Set())}  </extension>\n`;
  return [
    '<archive xmlns="http://rs.tdwg.org/dwc/text/" metadata="metadata.xml">\n',
    `  <core ${table} rowType="http://rs.tdwg.org/dwc/terms/Occurrence">\n${files("occurrence.txt")}    <id index="0" />\n`,
    '    <field default="WGS84" term="http://rs.tdwg.org/dwc/terms/geodeticDatum"/>\n',
    `${fields(OCCURRENCE, LISTS)}  </core>\n`,
    extension("multimedia.txt", "http://rs.gbif.org/terms/1.0/Multimedia", MULTIMEDIA),
    extension("verbatim.txt", "http://rs.tdwg.org/dwc/terms/Occurrence", VERBATIM),
    "</archive>\n",
  ].join("");
};

/** A data set that records come from. */
export interface Dataset {
  readonly uuid: string;
  readonly title: string;
  readonly abstract: string;
  readonly doi: string;
  /** URL of the licence. */
  readonly license: string;
  readonly organization: string;
  readonly contact: { readonly given: string; readonly family: string; readonly mail: string };
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The EML of a data set, `dataset/<uuid>.xml`. */
export const emlOf = (dataset: Dataset): string => {
  const { given, family, mail } = dataset.contact;
  const person = `<individualName><givenName>${given}</givenName><surName>${family}</surName></individualName><organizationName>${escaped(dataset.organization)}</organizationName><electronicMailAddress>${mail}</electronicMailAddress>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" packageId="${dataset.uuid}/v1.1" system="https://gbif.org" scope="system" xml:lang="en">
  <dataset>
    <alternateIdentifier>https://doi.org/${dataset.doi}</alternateIdentifier>
    <title xml:lang="en">${escaped(dataset.title)}</title>
    <creator>${person}</creator>
    <pubDate>2026-08-15</pubDate>
    <language>en</language>
    <abstract><para>${escaped(dataset.abstract)}</para></abstract>
    <intellectualRights><para>This work is licensed under a <ulink url="${dataset.license}"><citetitle>Creative Commons licence</citetitle></ulink>.</para></intellectualRights>
    <contact>${person}</contact>
  </dataset>
  <additionalMetadata><metadata><gbif><citation identifier="https://doi.org/${dataset.doi}">${escaped(citationOf(dataset))}</citation></gbif></metadata></additionalMetadata>
</eml:eml>
`;
};

export const citationOf = ({ organization, title, doi }: Dataset): string =>
  `${organization} (2026). ${title}. Occurrence dataset https://doi.org/${doi} accessed via GBIF.org on 2026-09-01.`;

/** metadata.xml, the description of the download itself. */
export const downloadEml = (rows: number): string => `<?xml version="1.0" encoding="utf-8"?>
<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" packageId="10.15468/dl.sample" system="http://gbif.org" scope="system" xml:lang="en">
  <dataset>
    <title>GBIF Occurrence Download 10.15468/dl.sample (made up for trying)</title>
    <creator><individualName><surName>GBIF Download Service</surName></individualName></creator>
    <pubDate>2026-09-01</pubDate>
    <abstract>A sample of ${rows} made-up records in the layout of a GBIF download.</abstract>
  </dataset>
</eml:eml>
`;
