import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { distinct } from "../../src/transforms/distinct.ts";
import { extractId } from "../../src/transforms/extract-id.ts";
import { filter } from "../../src/transforms/filter.ts";
import { mapValues } from "../../src/transforms/map-values.ts";
import { parseDates } from "../../src/transforms/parse-dates.ts";
import { parseNumbers } from "../../src/transforms/parse-numbers.ts";
import { project } from "../../src/transforms/project.ts";
import { set } from "../../src/transforms/set.ts";
import { batchOf } from "../support/flow.ts";
import { randomFrom } from "../support/random.ts";
import { contextAlone, transformed, valuesOf } from "../support/transform.ts";

describe("project", () => {
  test("keeps, names and orders columns, and drops the others", async () => {
    const found = await transformed(project.create({ columns: { b: "y", a: "x" } }), [
      { x: "1", y: "2", z: "3" },
    ]);
    assert.deepEqual([found.names, found.values], [["b", "a"], [["2", "1"]]]);
  });

  test("may use one column twice, and swap two names", async () => {
    const found = await transformed(project.create({ columns: { x: "y", y: "x", z: "x" } }), [
      { x: "1", y: "2" },
    ]);
    assert.deepEqual(found.values, [["2", "1", "1"]]);
  });

  test("names the nearest columns when one is not there", async () => {
    await assert.rejects(
      transformed(project.create({ columns: { id: "gbifId" } }), [{ gbifID: "1", license: "x" }]),
      {
        code: "unknown_column",
        subject: "gbifId",
        message: "There is no column `gbifId` here. Did you mean `gbifID`?",
      },
    );
  });
});

describe("project with optional columns", () => {
  const columns = { caste: "caste", id: "gbifID" };

  test("leaves a column empty that the source lacks, and says so once", async () => {
    const said: string[] = [];
    async function* two() {
      yield batchOf([{ gbifID: "1" }]);
      yield batchOf([{ gbifID: "2" }]);
    }
    const transform = project.create({ columns, optional: ["caste"] });
    const batches = await Array.fromAsync(transform(two(), contextAlone(said)));
    assert.deepEqual(batches.map(valuesOf), [[[null, "1"]], [[null, "2"]]]);
    assert.deepEqual(said, ["input.txt has no `caste`: left empty."]);
  });

  test("takes one that the source has", async () => {
    const found = await transformed(project.create({ columns, optional: ["caste"] }), [
      { gbifID: "1", caste: "worker" },
    ]);
    assert.deepEqual(found.values, [["worker", "1"]]);
  });

  test("still misses one that is not optional", async () => {
    await assert.rejects(
      transformed(project.create({ columns, optional: ["caste"] }), [{ caste: "worker" }]),
      { code: "unknown_column", subject: "gbifID" },
    );
  });

  test("refuses an optional name that no column has", () => {
    assert.throws(() => project.create({ columns, optional: ["cast"] }), {
      code: "unknown_column",
      subject: "cast",
      message: "There is no column `cast` here. Did you mean `caste`?",
    });
  });
});

describe("extract_id", () => {
  const options = { from: "references", to: "id", pattern: /\/observations\/(\d+)/u };

  test("takes the first group, from any host and scheme", async () => {
    const found = await transformed(extractId.create({ ...options, missing: "reject" }), [
      { references: "https://www.inaturalist.org/observations/42" },
      { references: "http://conabio.inaturalist.org/observations/7?x=1" },
    ]);
    assert.deepEqual(
      found.values.map(([, id]) => id),
      ["42", "7"],
    );
  });

  test("takes the whole match of a pattern without a group", async () => {
    const found = await transformed(
      extractId.create({ from: "a", to: "a", pattern: /\d+/u, missing: "reject" }),
      [{ a: "x12y" }],
    );
    assert.deepEqual(found.values, [["12"]]);
  });

  test("sets aside records without an identifier, or leaves them empty when told so", async () => {
    const rows = [{ references: null }, { references: "https://gbif.org/1" }];
    const strict = await transformed(extractId.create({ ...options, missing: "reject" }), rows);
    assert.deepEqual(strict.rejects, [
      "input.txt:1 no_id `references` is empty.",
      'input.txt:2 no_id `references` has no identifier: "https://gbif.org/1" does not match \\/observations\\/(\\d+).',
    ]);
    const lenient = await transformed(extractId.create({ ...options, missing: null }), rows);
    assert.deepEqual(lenient.rejects, []);
    assert.deepEqual(
      lenient.values.map(([, id]) => id),
      [null, null],
    );
  });
});

describe("parse_dates", () => {
  const options = { from: "d", min: "min", max: "max", day_first: false };

  test("writes both moments, and keeps the date itself", async () => {
    const found = await transformed(parseDates.create({ ...options, missing: "reject" }), [
      { d: "2024-02" },
      { d: "2022-02-04T11:56Z" },
    ]);
    assert.deepEqual(found.values, [
      ["2024-02", "2024-02-01", "2024-02-29"],
      ["2022-02-04T11:56Z", "2022-02-04 11:56:00", "2022-02-04 11:56:00"],
    ]);
  });

  test("sets aside what is no date, what is inverted and what is missing", async () => {
    const rows = [{ d: "2021-13-05" }, { d: "2021-02-01/2021-01-01" }, { d: null }];
    const found = await transformed(parseDates.create({ ...options, missing: "reject" }), rows);
    assert.deepEqual(found.rejects, [
      'input.txt:1 bad_date `d` is no date: "2021-13-05".',
      'input.txt:2 date_inverted `d` ends before it begins: "2021-02-01/2021-01-01".',
      "input.txt:3 date_missing `d` is empty.",
    ]);
    const lenient = await transformed(parseDates.create({ ...options, missing: null }), [
      { d: null },
    ]);
    assert.deepEqual(lenient.values, [[null, null, null]]);
  });
});

describe("parse_numbers", () => {
  const parsed = (...texts: (string | null)[]) =>
    transformed(
      parseNumbers.create({ columns: ["n", "m"] }),
      texts.map((n) => ({ n, m: "2,5" })),
    );

  test("writes decimal commas as points and takes thousands together, in each of its columns", async () => {
    const { values, rejects } = await parsed(
      "48,86",
      "-0.5",
      "+7",
      " 12 ",
      "1 234,5",
      "12\u202f345\u00a0678",
      "1,5E-3",
      "0012,30",
      null,
    );
    assert.deepEqual(
      values.map(([n]) => n),
      ["48.86", "-0.5", "7", "12", "1234.5", "12345678", "1.5E-3", "0012.30", null],
    );
    assert.ok(values.every(([, m]) => m === "2.5"));
    assert.deepEqual(rejects, []);
  });

  test("sets aside what is no number, or might be two", async () => {
    const none = ["12 m", "1,234.5", "1.234,5", "1 23", "12,", ",5", "1,2,3", "٣", "NaN"];
    const { values, rejects } = await parsed(...none);
    assert.deepEqual(values, []);
    assert.equal(rejects[0], 'input.txt:1 bad_number `n` is no number: "12 m".');
    assert.equal(rejects.length, none.length);
  });

  test("a decimal comma means what the point does, whatever the digits", async () => {
    const random = randomFrom(11);
    const texts = Array.from({ length: 2000 }, () => {
      const number = (random(2_000_000) - 1_000_000) / 10 ** random(6);
      return String(number);
    });
    const { values } = await parsed(...texts.map((text) => text.replace(".", ",")));
    values.forEach(([value], index) => {
      assert.equal(Number(value), Number(texts[index]), texts[index]);
    });
    assert.equal(values.length, texts.length);
  });
});

describe("parse_dates with day_first", () => {
  test("reads dates with the day first, and those of Darwin Core as ever", async () => {
    const options = { from: "d", min: "min", max: "max", day_first: true };
    const rows = [
      "12/05/2023",
      "13.05.2023",
      "05/2023",
      "12/05/2023 14:30",
      "2023-05-12",
      "30/02/2023",
    ];
    const found = await transformed(
      parseDates.create({ ...options, missing: "reject" }),
      rows.map((d) => ({ d })),
    );
    assert.deepEqual(
      found.values.map(([, min, max]) => [min, max]),
      [
        ["2023-05-12", "2023-05-12"],
        ["2023-05-13", "2023-05-13"],
        ["2023-05-01", "2023-05-31"],
        ["2023-05-12 14:30:00", "2023-05-12 14:30:00"],
        ["2023-05-12", "2023-05-12"],
      ],
    );
    assert.deepEqual(found.rejects, ['input.txt:6 bad_date `d` is no date: "30/02/2023".']);
  });

  test("is named where it would have read what is rejected, and off otherwise", async () => {
    const options = { from: "d", min: "min", max: "max", day_first: false };
    const found = await transformed(parseDates.create({ ...options, missing: "reject" }), [
      { d: "12/05/2023" },
      { d: "05/13/2023" },
    ]);
    assert.deepEqual(found.rejects, [
      'input.txt:1 bad_date `d` is no date: "12/05/2023" (`day_first: true` reads it).',
      'input.txt:2 bad_date `d` is no date: "05/13/2023".',
    ]);
  });
});

describe("filter", () => {
  const rows = [{ license: "CC0_1_0" }, { license: "CC_BY_NC_4_0" }, { license: null }];
  const kept = async (condition: object) => {
    const found = await transformed(filter.create({ column: "license", ...condition }), rows);
    assert.equal(found.filtered + found.values.length, rows.length);
    assert.deepEqual(found.rejects, []);
    return found.values.map(([value]) => value);
  };

  test("keeps by list, by what is not in a list, by pattern and by presence", async () => {
    assert.deepEqual(await kept({ in: ["CC0_1_0", null] }), ["CC0_1_0", null]);
    assert.deepEqual(await kept({ not_in: ["CC0_1_0"] }), ["CC_BY_NC_4_0", null]);
    assert.deepEqual(await kept({ matches: /^CC_BY/u }), ["CC_BY_NC_4_0"]);
    assert.deepEqual(await kept({ present: true }), ["CC0_1_0", "CC_BY_NC_4_0"]);
    assert.deepEqual(await kept({ present: false }), [null]);
  });

  test("compares numbers and booleans of the YAML as text", async () => {
    const found = await transformed(filter.create({ column: "n", in: [7, true] }), [
      { n: "7" },
      { n: "true" },
      { n: "8" },
    ]);
    assert.deepEqual(found.values, [["7"], ["true"]]);
  });

  test("that leaves out all records says which filter, how many, and what its column has", async () => {
    const said = async (condition: object, ...batches: (string | null)[][]) => {
      const told: string[] = [];
      async function* all() {
        for (const values of batches) yield batchOf(values.map((stage) => ({ stage })));
      }
      await Array.fromAsync(
        filter.create({ column: "stage", ...condition })(all(), contextAlone(told)),
      );
      return told;
    };
    assert.deepEqual(await said({ in: ["Nymph"] }, ["ADULT", "LARVA"], ["ADULT", null]), [
      '`filter: { column: stage, in: [Nymph] }` left out all 4 records of input.txt that came to it. Its column has "ADULT" (2), "LARVA" (1), no value (1).',
    ]);
    assert.deepEqual(await said({ matches: /^x/u }, ["ADULT"]), [
      '`filter: { column: stage, matches: ^x }` left out the only record of input.txt that came to it. Its column has "ADULT" (1).',
    ]);
    const many = ["a", "b", "c", "d", "e", "f", `${"x".repeat(50)}`, `${"x".repeat(50)}`];
    assert.deepEqual(await said({ present: false }, many), [
      `\`filter: { column: stage, present: false }\` left out all 8 records of input.txt that came to it. Its column has "${"x".repeat(40)}…" (2), "a" (1), "b" (1), "c" (1), "d" (1), ….`,
    ]);
    assert.deepEqual(await said({ not_in: ["ADULT"] }, ["ADULT"], ["LARVA"], ["ADULT"]), []);
    assert.deepEqual(await said({ in: ["Nymph"] }), []);
  });

  test("wants exactly one condition", () => {
    assert.throws(() => filter.create({ column: "n" }), {
      code: "filter_condition",
      message:
        "`filter` takes exactly one of `in`, `not_in`, `matches` and `present`; it has none. For several conditions, write several filters.",
    });
    assert.throws(() => filter.create({ column: "n", in: ["a"], present: true }), /; it has 2\./);
  });
});

describe("set", () => {
  test("adds and replaces columns; null empties", async () => {
    const found = await transformed(set.create({ columns: { source: "GBIF", n: 1.5, a: null } }), [
      { a: "x" },
    ]);
    assert.deepEqual([found.names, found.values], [["a", "source", "n"], [[null, "GBIF", "1.5"]]]);
  });
});

describe("map_values", () => {
  const rows = [{ sex: "MALE" }, { sex: "Other" }, { sex: null }];
  const values = { MALE: "Male", FEMALE: "Female" };

  test("replaces what the table has; the rest is kept, emptied or set aside", async () => {
    const mapped = (missing: "keep" | "reject" | null) =>
      transformed(mapValues.create({ from: "sex", values, missing }), rows);
    assert.deepEqual((await mapped("keep")).values, [["Male"], ["Other"], [null]]);
    assert.deepEqual((await mapped(null)).values, [["Male"], [null], [null]]);
    assert.deepEqual((await mapped("reject")).rejects, [
      'input.txt:2 unmapped_value `sex` is "Other", which `values` does not have.',
    ]);
  });

  test("may write another column, and map a value to nothing", async () => {
    const found = await transformed(
      mapValues.create({ from: "sex", to: "s", values: { MALE: null }, missing: "keep" }),
      rows.slice(0, 1),
    );
    assert.deepEqual(found.values, [["MALE", null]]);
  });
});

describe("distinct", () => {
  test("keeps the first record of each key and counts the others as filtered", async () => {
    const found = await transformed(distinct.create({ columns: ["a", "b"] }), [
      { a: "x", b: "yz", n: "1" },
      { a: "xy", b: "z", n: "2" },
      { a: "x", b: "yz", n: "3" },
      { a: null, b: "z", n: "4" },
      { a: null, b: "z", n: "5" },
    ]);
    assert.deepEqual(
      found.values.map(([, , n]) => n),
      ["1", "2", "4"],
    );
    assert.equal(found.filtered, 2);
  });
});
