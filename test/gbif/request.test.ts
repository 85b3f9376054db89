import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Context } from "../../src/core/component.ts";
import { type Document, fileDocument } from "../../src/core/document.ts";
import type { YamlScalar } from "../../src/core/yaml-value.ts";
import { checkRequest, readRequest } from "../../src/gbif/request.ts";
import { execute, onEachDatabase, type TestDatabase } from "../support/database.ts";
import { readGbifRequest } from "../support/gbif-request.ts";

const root = new URL("../../", import.meta.url).pathname;
const scalar: YamlScalar = {
  kind: "scalar",
  place: { file: "pipeline.yaml", line: 1, column: 1 },
  value: "",
  source: "",
};

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
after(() => rm(folder, { recursive: true }));

const query = async (text: string): Promise<Document> => {
  const file = join(folder, "query.yaml");
  await writeFile(file, text);
  return fileDocument(file, scalar);
};

const noDatabase = {
  database: {
    session: () => {
      throw new Error("a query without statements opens no database");
    },
  },
} as unknown as Context;

const contextOf = ({ opened }: TestDatabase): Context =>
  ({ database: opened }) as unknown as Context;

const complaintsOf = async (document: Document): Promise<string[]> => {
  const said: string[] = [];
  await checkRequest(document, (code, _, message) => said.push(`${code}: ${message}`));
  return said;
};

const read = async (text: string, context: Context = noDatabase) =>
  readRequest(await query(text), context);
const canonicalOf = async (text: string): Promise<string> => (await read(text)).canonical;

/** A ring of so many points, anticlockwise. */
const circle = (points: number): string => {
  const at = (index: number) => {
    const angle = (2 * Math.PI * (index % (points - 1))) / (points - 1);
    return `${(4 + Math.cos(angle)).toFixed(9)} ${(45 + Math.sin(angle)).toFixed(9)}`;
  };
  return `POLYGON((${Array.from({ length: points }, (_, index) => at(index)).join(", ")}))`;
};

const COUNTRY = "{ type: equals, key: COUNTRY, value: FR }";

describe("a query", () => {
  test("of the hand procedure is right as it is, and the same for GBIF as when it is sent as it is", async () => {
    for (const name of ["inat", "confluences", "observations"]) {
      const file = join(root, "pipelines", "queries", `${name}.json`);
      const document = fileDocument(file, scalar);
      assert.deepEqual(await complaintsOf(document), []);
      const { body } = await readRequest(document, noDatabase);
      const sent = readGbifRequest(await readFile(file, "utf8"), "me");
      assert.deepEqual(readGbifRequest(JSON.stringify(body), "me"), sent);
    }
  });

  test("of every type of predicate is right, and GBIF takes it", async () => {
    const text = `
creator: someone.else
notification_address: [someone@example.org]
send_notification: true
format: DWCA
type: OCCURRENCE
description: "Invertebrates"
machineDescription: { a: { b: [1, 2] } }
verbatimExtensions: ["http://rs.tdwg.org/dwc/terms/Identification"]
predicate:
  type: and
  predicates:
    - { type: equals, key: HAS_COORDINATE, value: True }
    - { type: equals, key: HAS_GEOSPATIAL_ISSUE, value: "False" }
    - { type: in, key: PHYLUM_KEY, values: [42, "52"] }
    - { type: in, key: PUBLISHING_ORG, values: [B8323864-602A-4A7D-9127-BB903054E97D] }
    - { type: not, predicate: { type: equals, key: BASIS_OF_RECORD, value: FOSSIL_SPECIMEN } }
    - type: or
      predicates:
        - { type: isNull, parameter: COORDINATE_UNCERTAINTY_IN_METERS }
        - { type: isNotNull, parameter: LIFE_STAGE }
        - { type: lessThan, key: COORDINATE_UNCERTAINTY_IN_METERS, value: 1000.50 }
        - { type: lessThanOrEquals, key: ELEVATION, value: -2 }
        - { type: greaterThan, key: EVENT_DATE, value: 2021-05 }
        - { type: greaterThanOrEquals, key: YEAR, value: 1979 }
        - { type: equals, key: EVENT_DATE, value: "2021-02-11,*" }
        - { type: like, key: CATALOG_NUMBER, value: PAPS5-560*, matchCase: true }
        - { type: geoDistance, latitude: 45.7, longitude: 4.8, distance: 5km }
        - { type: within, geometry: "POLYGON((4 45, 6 45, 6 46, 4 45), (5 45.2, 5.5 45.4, 5.4 45.2, 5 45.2))" }
        - { type: within, geometry: "MULTIPOLYGON(((4 45, 6 45, 6 46, 4 45)), ((-.5 1e-1, 5. +1, 5 5, -.5 1e-1)))" }
        - { type: equals, key: TAXON_KEY, value: 5WZLF, checklistKey: 7ddf754f-d193-4cc9-b351-99906754a03b }
`;
    assert.deepEqual(await complaintsOf(await query(text)), []);
    const { body } = await read(text);
    const taken = readGbifRequest(JSON.stringify({ ...body, creator: "me" }), "me");
    const parts = (taken.predicate as unknown as { predicates: Record<string, unknown>[] })
      .predicates;
    assert.equal(parts[0]?.value, "true");
    assert.equal(parts[1]?.value, "False");
    assert.deepEqual(parts[2]?.values, ["42", "52"]);
    const inner = parts[5]?.predicates as Record<string, unknown>[];
    assert.equal(inner[2]?.value, "1000.50");
    assert.equal(inner[7]?.matchCase, true);
    assert.deepEqual(
      [taken.sendNotification, taken.notificationAddresses, taken.machineDescription],
      [true, [], { a: { b: [1, 2] } }],
    );
  });

  test("may be the predicate alone, whatever its type", async () => {
    const alone = await read(COUNTRY);
    assert.deepEqual(alone.body, {
      format: "DWCA",
      predicate: { type: "equals", key: "COUNTRY", value: "FR" },
    });
    assert.equal(alone.canonical, await canonicalOf(`predicate: ${COUNTRY}`));
    const not = await read(`{ type: not, predicate: ${COUNTRY} }`);
    assert.deepEqual((not.body as { predicate: { type: string } }).predicate.type, "not");
  });

  test("names all keys of its two taxonomies: numbers, or letters when it names a checklist", async () => {
    const taxon = "{ type: equals, key: TAXON_KEY, value: 5WZLF }";
    const checklist = "checklistKey: 7ddf754f-d193-4cc9-b351-99906754a03b";
    assert.equal((await complaintsOf(await query(taxon))).length, 1);
    assert.deepEqual(await complaintsOf(await query(`${checklist}\npredicate: ${taxon}`)), []);
  });

  test("of 101,000 values and 10,000 points is taken, of one more it is not", async () => {
    const values = (count: number) =>
      `{ type: in, key: CATALOG_NUMBER, values: [${Array.from({ length: count }, (_, n) => n).join(",")}] }`;
    const polygon = (points: number) => `{ type: within, geometry: "${circle(points)}" }`;
    assert.deepEqual(await complaintsOf(await query(values(101_000))), []);
    assert.deepEqual(
      await complaintsOf(await query(`{ type: or, predicates: [${COUNTRY}, ${values(101_000)}] }`)),
      [
        "too_large: The query has 101,001 values; GBIF takes at most 101,000. Ask for less at a time.",
      ],
    );
    assert.deepEqual(await complaintsOf(await query(polygon(10_000))), []);
    assert.deepEqual(
      await complaintsOf(
        await query(`{ type: or, predicates: [${polygon(5000)}, ${polygon(5001)}] }`),
      ),
      [
        "too_large: The query has polygons of 10,001 points; GBIF takes at most 10,000. Ask for less at a time.",
      ],
    );
  });

  test("that is wrong is not sent: the run tells the first five mistakes, where they are", async () => {
    const wrong = Array.from({ length: 6 }, () => "  - { type: isNull, key: SEX }");
    const label = join(folder, "query.yaml");
    await assert.rejects(read(`type: and\npredicates:\n${wrong.join("\n")}`), {
      code: "gbif_query_invalid",
      exitCode: 2,
      message: [
        `GBIF was not asked, as the query ${label} is wrong:`,
        ...[3, 4, 5, 6, 7].map(
          (line) => `  ${label}:${line}:21 \`isNull\` names its key as \`parameter\`.`,
        ),
        "  and 1 more.",
      ].join("\n"),
    });
    await rm(label);
    await assert.rejects(readRequest(fileDocument(label, scalar), noDatabase), {
      message: `GBIF was not asked, as the query ${label} is wrong:\n  pipeline.yaml:1:1 The file ${label} is not there.`,
    });
  });
});

describe("two queries", () => {
  const same = async (...texts: string[]) => {
    const found = new Set(await Promise.all(texts.map(readOne)));
    assert.equal(found.size, 1, [...found].join("\n"));
  };
  let files = 0;
  /** Each in a file of its own, as they are read at the same time. */
  const readOne = async (text: string): Promise<string> => {
    const file = join(folder, `query-${files++}.yaml`);
    await writeFile(file, text);
    return (await readRequest(fileDocument(file, scalar), noDatabase)).canonical;
  };
  const different = async (...texts: string[]) => {
    const found = new Set(await Promise.all(texts.map(readOne)));
    assert.equal(found.size, texts.length, [...found].join("\n"));
  };

  test("ask the same whatever the order of keys, lists and parts, the spaces, and who asks", async () => {
    await same(
      `{"format":"DWCA","creator":"a","notificationAddresses":["a@b"],"sendNotification":true,"description":"x",
        "predicate":{"type":"and","predicates":[{"type":"in","key":"YEAR","values":["1","2"]},${COUNTRY}]}}`,
      `predicate:
  predicates:
    - { value: FR, key: COUNTRY, type: equals, matchCase: false }
    - { key: YEAR, values: [2, 1, 2], type: in }
  type: and
creator: b`,
    );
    await same(
      "{ type: equals, key: HAS_COORDINATE, value: True }",
      '{ type: equals, key: HAS_COORDINATE, value: "true" }',
    );
    await same(
      '{ type: within, geometry: "POLYGON((4 45, 6 45, 6 46, 4 45))" }',
      '{ type: within, geometry: " polygon ( (4  45,6 45 , 6 46,4 45) )" }',
    );
  });

  test("ask differently when a value, the taxonomy, an extension or the case that matters differs", async () => {
    const extension = 'verbatimExtensions: ["http://rs.tdwg.org/dwc/terms/Identification"]';
    await different(
      `predicate: ${COUNTRY}`,
      "predicate: { type: equals, key: COUNTRY, value: fr }",
      "predicate: { type: equals, key: COUNTRY, value: FR, matchCase: true }",
      `predicate: { type: not, predicate: ${COUNTRY} }`,
      `predicate: ${COUNTRY}\nchecklistKey: 7ddf754f-d193-4cc9-b351-99906754a03b`,
      `predicate: ${COUNTRY}\n${extension}`,
    );
  });
});

describe("values from the database", () => {
  onEachDatabase((database) => {
    before(() =>
      execute(
        database(),
        `create table liens (cd_nom integer, ct_name text, ct_sp_id varchar);
         insert into liens values (1, 'GBIF', '54'), (2, 'GBIF', '42'), (3, 'GBIF', '54 '),
           (4, 'GBIF', null), (5, 'GBIF', ''), (6, 'INPN', '99'), (7, 'CoL', '5WZLF')`,
      ),
    );
    const statement = (sql: string, more = "") =>
      `{ type: in, key: PHYLUM_KEY, values: { sql: "${sql}"${more} } }`;
    const valuesOf = async (text: string): Promise<unknown> => {
      const { body } = await read(text, contextOf(database()));
      return (body as { predicate: { values: unknown } }).predicate.values;
    };

    test("are sorted, each once, and none is empty", async () => {
      const sql = "select ct_sp_id from liens where ct_name = 'GBIF'; ";
      assert.deepEqual(await complaintsOf(await query(statement(sql))), []);
      assert.deepEqual(await valuesOf(statement(sql)), ["42", "54"]);
    });

    test("are of the column that is named, or of the first", async () => {
      const sql = "select cd_nom, ct_sp_id from liens where ct_name = 'GBIF' -- all";
      assert.deepEqual(await valuesOf(statement(sql)), ["1", "2", "3", "4", "5"]);
      assert.deepEqual(await valuesOf(statement(sql, ", column: ct_sp_id")), ["42", "54"]);
      await assert.rejects(valuesOf(statement(sql, ", column: ct_sp")), {
        code: "unknown_column",
        message: "There is no column `ct_sp` here. Did you mean `ct_sp_id`?",
      });
    });

    test("are found inside of `or` and `not`, and make the query another one when they change", async () => {
      const text = `
predicate:
  type: and
  predicates:
    - ${COUNTRY}
    - { type: not, predicate: ${statement("select ct_sp_id from liens where ct_name = 'INPN'")} }
`;
      const context = contextOf(database());
      const before = (await read(text, context)).canonical;
      assert.match(before, /"values":\["99"\]/);
      await execute(database(), "insert into liens values (8, 'INPN', '7')");
      const after = (await read(text, context)).canonical;
      await execute(database(), "delete from liens where cd_nom = 8");
      assert.match(after, /"values":\["7","99"\]/);
    });

    test("stop the run when there are none: the query would be another one", async () => {
      for (const condition of ["false", "ct_sp_id is null", "ct_sp_id = ''"]) {
        const text = statement(`select ct_sp_id from liens where ${condition}`);
        await assert.rejects(valuesOf(text), {
          code: "gbif_no_values",
          message: `The statement at ${join(folder, "query.yaml")}:1:45 gives no value. GBIF was not asked: without its values the query would be another one.`,
        });
      }
    });

    test("stop the run when they are none that GBIF would take", async () => {
      const text = statement("select ct_sp_id from liens where ct_name = 'CoL'");
      await assert.rejects(valuesOf(text), {
        code: "gbif_query_invalid",
        message: /query\.yaml:1:45 The value must be a number of the GBIF backbone.* is "5WZLF"\.$/,
      });
    });

    test("of a statement that fails are told with PostgreSQL's reason and its place", async () => {
      await assert.rejects(valuesOf(statement("select ct_sp_id from lien")), {
        code: "gbif_statement_failed",
        message: `Postgres refuses the statement at ${join(folder, "query.yaml")}:1:45: relation "lien" does not exist. GBIF was not asked.`,
      });
      await assert.rejects(valuesOf(statement("delete from liens returning cd_nom")), {
        code: "gbif_statement_failed",
      });
    });
  });
});
