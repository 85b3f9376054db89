import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { dwca } from "../../src/sources/dwca.ts";
import { rejectsOf } from "../support/flow.ts";
import { realData } from "../support/real-data.ts";
import { contextAlone, valuesOf } from "../support/transform.ts";

let folder = "";
let number = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
after(() => rm(folder, { recursive: true }));

const read = async (path: string, table?: string) => {
  const said: string[] = [];
  const options = { path, table, max_gb: 1, max_ratio: 200 } as never;
  let names: string[] | undefined;
  const values: (string | null)[][] = [];
  const rejects: ReturnType<typeof rejectsOf> = [];
  for await (const batch of dwca.create(options)(contextAlone(said))) {
    names ??= batch.names;
    values.push(...valuesOf(batch));
    rejects.push(...rejectsOf(batch));
  }
  return { names: names ?? [], values, rejects, said };
};

const archive = async (files: Record<string, string | Buffer>): Promise<string> => {
  const path = join(folder, `a${number++}`);
  await mkdir(path);
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return path;
};

const metaXml = (attributes: string, fields: readonly string[], more = "") =>
  `<archive><core rowType="http://rs.tdwg.org/dwc/terms/Occurrence" ${attributes}><files><location>occurrence.txt</location></files><id index="0"/>${fields
    .map((name, index) => `<field index="${index}" term="http://rs.tdwg.org/dwc/terms/${name}"/>`)
    .join("")}</core>${more}</archive>`;
const TABS = String.raw`fieldsTerminatedBy="\t" fieldsEnclosedBy="" ignoreHeaderLines="1"`;

describe("dwca", () => {
  test("finds columns by term; a header in another order than meta.xml is refused with what differs", async () => {
    const fields = ["occurrenceID", "sex", "lifeStage"];
    const good = await archive({
      "meta.xml": metaXml(TABS, fields),
      "occurrence.txt": "occurrenceID\tSex\tlife stage\n1\tMale\tAdult\n",
    });
    assert.deepEqual((await read(good)).names, fields);
    const shifted = await archive({
      "meta.xml": metaXml(TABS, fields),
      "occurrence.txt": "occurrenceID\tlifeStage\tsex\n1\tAdult\tMale\n",
    });
    await assert.rejects(read(shifted), {
      code: "header_differs",
      message:
        "`meta.xml` and the header of occurrence.txt disagree: field 2 is `sex` in meta.xml and `lifeStage` in the header; " +
        "field 3 is `lifeStage` in meta.xml and `sex` in the header. Nothing was read, as values would get into the wrong columns.",
    });
    const short = await archive({
      "meta.xml": metaXml(TABS, fields),
      "occurrence.txt": "occurrenceID\tsex\n1\tMale\n",
    });
    await assert.rejects(read(short), {
      message:
        "`meta.xml` describes 3 fields of occurrence.txt, its header has 2. One of them is wrong; nothing was read.",
    });
  });

  test("reads pipes and single quotes, header lines, UTF-16 and Latin-1, and unusual line ends", async () => {
    const cases: [string, string | Buffer][] = [
      [`fieldsTerminatedBy="|" fieldsEnclosedBy="'" ignoreHeaderLines="2"`, "# x\na|b\n'1|2'|é\n"],
      [`encoding="UTF-16LE" ${TABS}`, Buffer.from("\ufeffa\tb\n1|2\té\n", "utf16le")],
      [`encoding="ISO-8859-1" ${TABS}`, Buffer.from("a\tb\r\n1|2\té\r\n", "latin1")],
      [String.raw`linesTerminatedBy="\r" ${TABS}`, "a\tb\r1|2\té\r"],
      [`fieldsTerminatedBy=";;" fieldsEnclosedBy="" ignoreHeaderLines="0"`, "1|2;;é"],
      [
        "fieldsTerminatedBy=',' fieldsEnclosedBy='&quot;' ignoreHeaderLines='1'",
        'a,b\r\n"1|2","é"\r\n',
      ],
    ];
    for (const [attributes, content] of cases) {
      const path = await archive({
        "meta.xml": metaXml(attributes, ["a", "b"]),
        "occurrence.txt": content,
      });
      assert.deepEqual((await read(path)).values, [["1|2", "é"]], attributes);
    }
  });

  test("fills defaults where there is no column and where there is no value", async () => {
    const path = await archive({
      "meta.xml": `<archive><core rowType="x" ${TABS}><files><location>occurrence.txt</location></files><id index="0"/><field index="1" default="FR" term="a#countryCode"/><field default="WGS84" term="a#geodeticDatum"/></core></archive>`,
      "occurrence.txt": "id\tcountry\n1\t\n2\tNA\n",
    });
    const found = await read(path);
    assert.deepEqual(found.names, ["id", "countryCode", "geodeticDatum"]);
    assert.deepEqual(found.values, [
      ["1", "FR", "WGS84"],
      ["2", "NA", "WGS84"],
    ]);
  });

  test("names the nearest tables when there is none of that name, and a file that is not there", async () => {
    const path = await archive({ "meta.xml": metaXml(TABS, ["a"]), "occurrence.txt": "a\n1\n" });
    await assert.rejects(read(path, "occurence"), {
      code: "table_unknown",
      subject: "occurence",
      message: /^a\d+ has no table `occurence`\. Did you mean `occurrence`\?$/,
    });
    const lacking = await archive({ "meta.xml": metaXml(TABS, ["a"]), "eml.xml": "<x/>" });
    await assert.rejects(read(lacking), {
      message:
        /^`meta\.xml` of a\d+ names occurrence\.txt, which is not in it\. The archive has `eml\.xml` and `meta\.xml`\.$/,
    });
    const empty = await archive({ "meta.xml": metaXml(TABS, ["a"]), "occurrence.txt": "" });
    await assert.rejects(read(empty), {
      message: "occurrence.txt should begin with a header line and is empty. Was it cut off?",
    });
  });

  test("a header without records gives one empty batch with the columns", async () => {
    const path = await archive({
      "meta.xml": metaXml(TABS, ["a", "b"]),
      "occurrence.txt": "a\tb\n",
    });
    const found = await read(path);
    assert.deepEqual([found.names, found.values], [["a", "b"], []]);
  });

  test("damaged descriptions of data sets are told and never stop a load", async () => {
    const path = await archive({
      "meta.xml": metaXml(TABS, ["a"]),
      "occurrence.txt": "a\n1\n",
      "eml.xml": "<eml><dataset><title>Half a title</title><abstract>x & y</abstract>",
    });
    const found = await read(path, "datasets");
    assert.equal(found.values[0]?.[1], "Half a title");
    assert.match(
      found.said[0] ?? "",
      /^eml\.xml is not well-formed XML: .* What could be read of it was used\.$/,
    );
  });

  test("the sample's data sets have uuid, title, licence, DOI, citation and contacts", async () => {
    const path = new URL("../../samples/demo.zip", import.meta.url).pathname;
    const { names, values } = await read(path, "datasets");
    assert.equal(values.length, 4);
    const [first] = values.map((row) =>
      Object.fromEntries(names.map((name, index) => [name, row[index]])),
    );
    assert.deepEqual(first, {
      uuid: "49ff3f7f-732e-4d23-8af0-ba79ed8dacb5",
      title: "Collection de Sphaeriidae du Musée des Confluences",
      abstract: "Les Sphaeriidae conservés au Musée des Confluences, à Lyon.",
      license: "http://creativecommons.org/licenses/by/4.0/legalcode",
      doi: "10.15468/sph4er",
      citation:
        "Musée des Confluences (2026). Collection de Sphaeriidae du Musée des Confluences. Occurrence dataset https://doi.org/10.15468/sph4er accessed via GBIF.org on 2026-09-01.",
      contacts: "Cédric Audibert <collections@example.org>, Musée des Confluences",
    });
  });
});

const samples = realData("dwca");

describe("published archives, and awkward ones", { skip: samples.skip }, () => {
  const at = (name: string) => join(samples.path, name);
  const FISH = [
    ["Observation", "Borneo", "Tetraodontidae", "tetraodon fluviatilis"],
    ["Observation", "Mumbai", "Osphronemidae", "betta splendens"],
  ];
  const withoutId = (rows: (string | null)[][]) => rows.map((row) => row.slice(1));

  for (const name of [
    "dwca-simple-test-archive.zip",
    "dwca-simple-test-archive.tgz",
    "dwca-simple-test-archive-enclosed.zip",
    "dwca-simple-subdir.zip",
    "dwca-default-metadata-filename.zip",
    "dwca-noheaders-1.zip",
    "dwca-noheaders-2.zip",
    "dwca-nometadata.zip",
    "dwca-invalid-lacks-metadata",
    "dwca-meta-default-values",
  ]) {
    test(`${name} has its two fish`, async () => {
      assert.deepEqual(withoutId((await read(at(name))).values), FISH);
    });
  }

  test("quoted CSV, four rows in folders, and the values of partial and whole defaults", async () => {
    const quoted = await read(at("dwca-csv-quote-dir"));
    assert.equal(quoted.values[0]?.[1], "Observation, something");
    for (const name of ["dwca-simple-dir", "dwca-metadata-windows1252-encoding"]) {
      assert.equal((await read(at(name))).values.length, 4);
    }
    const partial = await read(at("dwca-partial-default.zip"));
    assert.deepEqual(
      partial.values.map((row) => row.at(-1)),
      ["France", "Belgium"],
    );
    const whole = await read(at("dwca-test-default.zip"));
    assert.ok(whole.names.includes("country"));
    assert.deepEqual(
      whole.values.map((row) => row[whole.names.indexOf("country")]),
      ["Belgium", "Belgium"],
    );
  });

  test("extensions are read by file and by row type, orphaned rows too", async () => {
    const file = "dwca-2extensions.zip";
    assert.equal((await read(at(file))).values.length, 4);
    assert.deepEqual(
      await read(at(file), "vernacularname"),
      await read(at(file), "VernacularName"),
    );
    assert.deepEqual(
      await read(at(file), "description.txt"),
      await read(at(file), "http://rs.gbif.org/terms/1.0/Description"),
    );
    const star = await read(at("dwca-star-test-archive.zip"), "vernacularname");
    assert.equal(star.names[0], "coreid");
    for (const name of ["dwca-ids.zip", "dwca-orphaned-rows.zip"]) {
      assert.ok((await read(at(name), "vernacularname")).values.length > 0);
      assert.ok((await read(at(name), "description")).values.length > 0);
    }
  });

  test("an extension that names no file is passed over and told", async () => {
    const found = await read(at("dwca-missing-extension-details"));
    assert.equal(found.values.length, 4);
    assert.deepEqual(found.said, [
      "meta.xml of dwca-missing-extension-details declares the extension VernacularName without a file: passed over.",
    ]);
  });

  test("rows that are narrower than the descriptor says are rejected, each with its line", async () => {
    const found = await read(at("dwca-malformed-descriptor"));
    assert.deepEqual(found.values, []);
    assert.deepEqual(
      found.rejects.map(({ place, code }) => `${place} ${code}`),
      [2, 3, 4, 5].map((line) => `occurrence.txt:${line} wrong_width`),
    );
  });

  test("without meta.xml the header names the columns, in every way of writing CSV", async () => {
    const plain = await read(at("dwca-simple-csv.zip"));
    assert.equal(plain.names.length, 42);
    for (const name of [
      "dwca-simple-csv-dos.zip",
      "dwca-simple-csv-eml.zip",
      "dwca-simple-csv-notenclosed.zip",
    ]) {
      const found = await read(at(name));
      assert.deepEqual(found.names, plain.names);
      assert.deepEqual(found.values, plain.values);
    }
    for (const name of ["dwca-invalid-simple-two.zip", "dwca-invalid-simple-toomuch.zip"]) {
      await assert.rejects(read(at(name)), {
        code: "no_table",
        message:
          /has no `meta\.xml`, and 2 files could be its table: `0008333-160118175350007\.csv` and `random_file`\./,
      });
    }
  });

  test("U+0085 and U+2028 inside values end no line", async () => {
    const found = await read(at("dwca-utf8-eol-test.zip"));
    assert.equal(found.values.length, 1);
    assert.deepEqual(found.rejects, []);
    assert.match(found.values.flat().join(""), /[\u0085\u2028]/);
  });

  test("GBIF's results of 2013 have 158 rows, however they were packed", async () => {
    const first = await read(at("gbif-results.zip"));
    assert.equal(first.values.length, 158);
    for (const name of [
      "gbif-results-lacks-s-metadata.zip",
      "gbif-results-whitespace-in-xml.zip",
    ]) {
      assert.deepEqual((await read(at(name))).values, first.values);
    }
    assert.equal((await read(at("gbif-results.zip"), "datasets")).values.length, 23);
  });
});
