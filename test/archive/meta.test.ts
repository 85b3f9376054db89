import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readMeta } from "../../src/archive/meta.ts";

const core = (attributes: string, inside: string) =>
  `<archive xmlns="http://rs.tdwg.org/dwc/text/" metadata="eml.xml"><core rowType="http://rs.tdwg.org/dwc/terms/Occurrence" ${attributes}>${inside}</core></archive>`;
const FILES = "<files><location> occurrence.txt\n</location></files>";

const read = (text: string | Buffer) => readMeta(Buffer.from(text as string), "meta.xml");

const complaint = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail("it was read");
};

describe("meta.xml", () => {
  test("says delimiters with escapes, header lines, identifiers, defaults and lists", () => {
    const { metadata, tables } = read(
      core(
        String.raw`encoding="latin1" fieldsTerminatedBy="\t" linesTerminatedBy="\r\n" fieldsEnclosedBy="&quot;" ignoreHeaderLines="2"`,
        `${FILES}<id index="3"/>
         <field index="0" term="http://rs.tdwg.org/dwc/terms/occurrenceID" delimitedBy=";"/>
         <field default="WGS84" term="http://rs.tdwg.org/dwc/terms/geodeticDatum"/>
         <field index="1" default="FR" term="http://rs.tdwg.org/dwc/terms/countryCode"/>`,
      ),
    );
    assert.equal(metadata, "eml.xml");
    const [table] = tables;
    assert.deepEqual(
      {
        ...table,
        fields: table?.fields.map(({ name, index, default: value, delimitedBy }) => [
          name,
          index,
          value,
          delimitedBy,
        ]),
      },
      {
        rowType: "http://rs.tdwg.org/dwc/terms/Occurrence",
        isCore: true,
        files: ["occurrence.txt"],
        encoding: "latin1",
        fieldsTerminatedBy: "\t",
        linesTerminatedBy: "\r\n",
        fieldsEnclosedBy: '"',
        ignoreHeaderLines: 2,
        idIndex: 3,
        fields: [
          ["occurrenceID", 0, undefined, ";"],
          ["geodeticDatum", undefined, "WGS84", undefined],
          ["countryCode", 1, "FR", undefined],
        ],
      },
    );
  });

  test("may have prefixes and a byte order mark, several files, and terms of one local name", () => {
    const { tables } = read(
      `\ufeff<dwc:archive xmlns:dwc="http://rs.tdwg.org/dwc/text/"><dwc:core rowType="x#Event"><dwc:files><dwc:location>a.txt</dwc:location><dwc:location>b.txt</dwc:location></dwc:files>` +
        `<dwc:field index="0" term="http://purl.org/dc/terms/type"/><dwc:field index="1" term="http://rs.tdwg.org/dwc/terms/type"/></dwc:core></dwc:archive>`,
    );
    assert.deepEqual(tables[0]?.files, ["a.txt", "b.txt"]);
    assert.deepEqual(
      tables[0]?.fields.map(({ name }) => name),
      ["type", "http://rs.tdwg.org/dwc/terms/type"],
    );
  });

  test("may name its files from the folder that it is in", () => {
    const files = "<files><location>./data/occurrence.txt</location></files>";
    assert.deepEqual(read(core("", files)).tables[0]?.files, ["data/occurrence.txt"]);
  });

  test("that says something impossible is refused with the reason", () => {
    const field = (attributes: string) => core("", `${FILES}<field ${attributes}/>`);
    const twice = '<field index="1" term="a#b"/><field index="1" term="a#c"/>';
    const same =
      '<field index="1" term="a#b"/><field index="2" term="a#b"/><field index="3" term="a#b"/>';
    assert.deepEqual(
      [
        "<archive/>",
        "<eml/>",
        core("", ""),
        core('ignoreHeaderLines="one"', FILES),
        field('index="x" term="a"'),
        field('index="1"'),
        core("", FILES + twice),
        core("", FILES + same),
      ].map(complaint),
      [
        "meta.xml cannot be used: it has 0 `<core>` instead of one.",
        "meta.xml cannot be used: its root is not `<archive>`.",
        "meta.xml cannot be used: its core names no file (`<location>`).",
        'meta.xml cannot be used: `ignoreHeaderLines` is "one" and should be a whole number.',
        'meta.xml cannot be used: `index` is "x" and should be a whole number.',
        "meta.xml cannot be used: it has a `<field>` without a `term`.",
        "meta.xml cannot be used: two fields have the index 1, one of them `c`.",
        "meta.xml cannot be used: the term `a#b` stands there twice.",
      ],
    );
  });

  test("that is no XML is refused with line and column, and one with a DOCTYPE unread", () => {
    assert.equal(
      complaint("<archive>\n<core></archive>"),
      "meta.xml is not well-formed XML: 2:16: unexpected close tag.",
    );
    assert.match(
      complaint('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><archive>&a;</archive>'),
      /^meta\.xml has a DOCTYPE, which no Darwin Core Archive needs/,
    );
  });
});
