/** `meta.xml`, the description of a Darwin Core Archive: https://dwc.tdwg.org/text/. */

import { metaInvalid } from "../core/errors.ts";
import { type Element, parseXml } from "./xml.ts";

/** A column of a table. */
export interface Field {
  /** Position in the line, from 0; undefined for a constant, which has only a default. */
  readonly index: number | undefined;
  /** The full URI. */
  readonly term: string;
  /** What follows the last `/` or `#` of the term; the whole term where another field has that name. */
  readonly name: string;
  /** The value of lines that have none. */
  readonly default: string | undefined;
  /** What separates the items of a list in one value. */
  readonly delimitedBy: string | undefined;
}

/** The core or an extension. */
export interface Table {
  /** The full URI, such as `http://rs.tdwg.org/dwc/terms/Occurrence`. */
  readonly rowType: string;
  readonly isCore: boolean;
  /** Files that make up the table, in order. */
  readonly files: readonly string[];
  readonly encoding: string;
  /** Undefined when `meta.xml` does not say: a tab if the first line has one, else a comma. */
  readonly fieldsTerminatedBy: string | undefined;
  readonly linesTerminatedBy: string;
  /** Empty for none; undefined when `meta.xml` does not say: `"` between commas, none between tabs. */
  readonly fieldsEnclosedBy: string | undefined;
  readonly ignoreHeaderLines: number;
  /** Position of the core's identifier, `<id>` or `<coreid>`. */
  readonly idIndex: number | undefined;
  readonly fields: readonly Field[];
}

export interface Meta {
  /** The EML file that `metadata=` names. */
  readonly metadata: string | undefined;
  /** The core first; tables that name no file are left out. */
  readonly tables: readonly Table[];
  /** Sentences about what was passed over. */
  readonly warnings: readonly string[];
}

/** Reads a `meta.xml`; `name` is for messages. */
export const readMeta = (bytes: Buffer, name: string): Meta => {
  const { root } = parseXml(bytes, name);
  if (root?.name !== "archive") throw metaInvalid(name, "its root is not `<archive>`");
  const cores = root.children.filter((child) => child.name === "core");
  if (cores.length !== 1)
    throw metaInvalid(name, `it has ${cores.length} \`<core>\` instead of one`);
  const extensions = root.children.filter((child) => child.name === "extension");
  const warnings: string[] = [];
  const tables: Table[] = [];
  for (const element of [...cores, ...extensions]) {
    const table = tableOf(element, name);
    if (table.files.length > 0) tables.push(table);
    else if (table.isCore) throw metaInvalid(name, "its core names no file (`<location>`)");
    else
      warnings.push(
        `${name} declares the extension ${localName(table.rowType)} without a file: passed over.`,
      );
  }
  return { metadata: root.attributes.metadata, tables, warnings };
};

/** What follows the last `/` or `#` of a URI. */
export const localName = (uri: string): string => uri.replace(/^.*[/#]/, "");

const tableOf = (element: Element, file: string): Table => {
  const { attributes } = element;
  const isCore = element.name === "core";
  const locations = element.children
    .filter(({ name }) => name === "files")
    .flatMap(({ children }) => children.filter(({ name }) => name === "location"));
  const id = element.children.find(({ name }) => name === (isCore ? "id" : "coreid"));
  return {
    rowType: attributes.rowType ?? "",
    isCore,
    files: locations.map(({ text }) => text.trim().replace(/^(\.\/)+/, "")).filter(Boolean),
    encoding: attributes.encoding || "UTF-8",
    fieldsTerminatedBy: unescaped(attributes.fieldsTerminatedBy),
    linesTerminatedBy: unescaped(attributes.linesTerminatedBy) || "\n",
    fieldsEnclosedBy: unescaped(attributes.fieldsEnclosedBy),
    ignoreHeaderLines: wholeNumber(attributes.ignoreHeaderLines ?? "0", "ignoreHeaderLines", file),
    idIndex: id?.attributes.index ? wholeNumber(id.attributes.index, "index", file) : undefined,
    fields: fieldsOf(element, file),
  };
};

const fieldsOf = (table: Element, file: string): Field[] => {
  const names = new Set<string>();
  const positions = new Set<number>();
  return table.children
    .filter(({ name }) => name === "field")
    .map(({ attributes }) => {
      const term = attributes.term?.trim();
      if (!term) throw metaInvalid(file, "it has a `<field>` without a `term`");
      const index =
        attributes.index === undefined ? undefined : wholeNumber(attributes.index, "index", file);
      if (index !== undefined && positions.has(index)) {
        throw metaInvalid(
          file,
          `two fields have the index ${index}, one of them \`${localName(term)}\``,
        );
      }
      if (index !== undefined) positions.add(index);
      const name = names.has(localName(term)) ? term : localName(term);
      if (names.has(name)) throw metaInvalid(file, `the term \`${term}\` stands there twice`);
      names.add(name);
      return {
        index,
        term,
        name,
        default: attributes.default || undefined,
        delimitedBy: unescaped(attributes.delimitedBy) || undefined,
      };
    });
};

const wholeNumber = (text: string, attribute: string, file: string): number => {
  if (!/^\d{1,6}$/.test(text.trim())) {
    throw metaInvalid(
      file,
      `\`${attribute}\` is ${JSON.stringify(text)} and should be a whole number`,
    );
  }
  return Number(text);
};

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", "\\": "\\" };

/** `\t` in an attribute is two characters that mean a tab. */
const unescaped = (text: string | undefined): string | undefined =>
  text?.replace(/\\([tnr\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
