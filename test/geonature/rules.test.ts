/** Rules on their own, where a golden case would show only one of their many values. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseConditions } from "../../src/geonature/conditions.ts";
import { countOf } from "../../src/geonature/counts.ts";
import { evidenceOf } from "../../src/geonature/evidence.ts";
import { objectMaker } from "../../src/geonature/json.ts";
import { matcherOf } from "../../src/geonature/patterns.ts";
import { joinedNames } from "../../src/geonature/people.ts";
import { boundOf, longitudeOf, precisionOf } from "../../src/geonature/place.ts";
import { licenseCode } from "../../src/geonature/scope.ts";
import { UUID_NAMESPACE, uuidV5 } from "../../src/geonature/uuid.ts";
import { ValueReport } from "../../src/geonature/value-report.ts";

describe("uuids", () => {
  /** RFC 9562: the namespace of URLs. */
  const URLS = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";

  test("version 5 is that of the standard, letters beyond ASCII too", () => {
    const DNS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    assert.equal(uuidV5(DNS, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert.equal(uuidV5(DNS, "python.org"), "886313e1-3b8a-5372-9b90-0c9aee199e5d");
    assert.equal(uuidV5(URLS, "é"), "10e1d6de-dc68-53f0-883a-30ec870dd739");
  });

  test("the namespace is what it is said to be: anybody can make it again", () => {
    assert.equal(uuidV5(URLS, "https://www.gbif.org/occurrence"), UUID_NAMESPACE);
  });
});

describe("patterns of a cell", () => {
  const cases: [string, string, boolean][] = [
    ["Adult|Imago", "IMAGO", true],
    ["Adult|Imago", "Adult male", false],
    ["nativeReintroduced", "NATIVE_REINTRODUCED", true],
    ["*obscured*", "Coordinates obscured.\nSorry", true],
    ["generali?ed", "generalised", true],
    ["generali?ed", "generalied", false],
    ["30 % (a.b)", "30 % (a.b)", true],
    ["*a.b*", "axb", false],
    ["*", "anything", true],
  ];
  for (const [cell, text, isMatch] of cases) {
    test(`${JSON.stringify(cell)} ${isMatch ? "takes" : "does not take"} ${JSON.stringify(text)}`, () => {
      assert.equal(matcherOf(cell)(text), isMatch);
    });
  }
});

describe("conditions of a cell", () => {
  const holds = (cell: string, values: Record<string, string | null>) =>
    parseConditions(cell)?.every((one) => one.holds(values[one.name] ?? null));

  test("hold when all of them do", () => {
    assert.equal(holds("", {}), true);
    assert.equal(
      holds("order=Diptera|Odonata and kingdom=animalia", {
        order: "Odonata",
        kingdom: "Animalia",
      }),
      true,
    );
    assert.equal(
      holds("order=Diptera and kingdom=Plantae", { order: "Diptera", kingdom: "Animalia" }),
      false,
    );
  });

  test("`<>` holds for other values and for none, `=` without a value for none only", () => {
    assert.equal(holds("kingdom<>Plantae", { kingdom: "Plantae" }), false);
    assert.equal(holds("kingdom<>Plantae", { kingdom: "Fungi" }), true);
    assert.equal(holds("kingdom<>Plantae", {}), true);
    assert.equal(holds("kingdom=Plantae", {}), false);
    assert.equal(holds("order=", {}), true);
    assert.equal(holds("order=", { order: "Diptera" }), false);
    assert.equal(holds("order<>", { order: "Diptera" }), true);
  });

  test("are none when written otherwise", () => {
    for (const cell of ["order", "order is Diptera", "a=b and", "=x", "a=b=c"]) {
      assert.equal(parseConditions(cell), undefined, cell);
    }
  });
});

describe("counts", () => {
  const count = (own: string | null, value: string | null = null, type: string | null = null) =>
    countOf(own, { value, type }, "PRESENT");

  test("are whole numbers that an integer of PostgreSQL holds", () => {
    assert.deepEqual(count("3.0"), { number: "3", unit: "individuals" });
    assert.deepEqual(count("2147483647"), { number: "2147483647", unit: "individuals" });
    for (const text of ["2147483648", "-1", "2.5", "1e3", "several", " 3", "0"]) {
      assert.equal(count(text), undefined, text);
    }
  });

  test("a quantity counts only what can be counted, and only without an individualCount", () => {
    assert.deepEqual(count("2", "9", "colonies"), { number: "2", unit: "individuals" });
    const units: [string, string | undefined][] = [
      ["individuals", "individuals"],
      ["Specimens", "individuals"],
      ["colony", "colonies"],
      ["pairs", "pairs"],
      ["nests", "nests"],
      ["egg masses", "clutches"],
      ["stems", "stems"],
      ["touffes", "tufts"],
      ["individuals per m2", undefined],
      ["% cover", undefined],
      ["biomass", undefined],
      ["Braun-Blanquet", undefined],
    ];
    for (const [type, unit] of units) {
      assert.deepEqual(count(null, "4", type), unit && { number: "4", unit }, type);
    }
    assert.equal(count(null, "4"), undefined);
    assert.equal(count(null, "4.5", "individuals"), undefined);
  });
});

describe("places", () => {
  test("a precision is whole metres upwards, of distances only", () => {
    const cases: [string | null, string | null][] = [
      ["31447.0", "31447"],
      ["1.0E7", "10000000"],
      ["0.2", "1"],
      ["0", null],
      ["-5", null],
      ["3e9", null],
      ["about 5", null],
      [null, null],
    ];
    for (const [text, expected] of cases) assert.equal(precisionOf(text), expected, String(text));
  });

  test("the edges of the world are places, what lies beyond and words are none", () => {
    const isPlace = (longitude: string, latitude: string) =>
      typeof longitudeOf(longitude, latitude) === "string";
    assert.ok(isPlace("-180", "90"));
    assert.ok(isPlace("0", "51.5"));
    for (const [x, y] of [
      ["180.1", "0"],
      ["0", "-90.5"],
      ["0", "0.0"],
      ["east", "4"],
    ] as const) {
      assert.ok(!isPlace(x, y), `${x}, ${y}`);
    }
  });

  test("bounds go outwards, and below the sea", () => {
    assert.equal(boundOf("lowest", "-3.2", "0.5", null), "-4");
    assert.equal(boundOf("highest", "-3.2", "0.5", null), "-2");
    assert.equal(boundOf("highest", "250", "-10", "NON"), "260");
    assert.equal(boundOf("lowest", "high", null, null), null);
    assert.equal(boundOf("lowest", "9e9", null, null), null);
  });
});

describe("licences, people, evidence and objects", () => {
  test("a licence is known by its URL", () => {
    assert.equal(
      licenseCode("http://creativecommons.org/licenses/by-nc/4.0/legalcode"),
      "CC_BY_NC_4_0",
    );
    assert.equal(licenseCode("https://creativecommons.org/publicdomain/zero/1.0/"), "CC0_1_0");
    assert.equal(licenseCode("CC_BY_4_0"), "CC_BY_4_0");
    assert.equal(licenseCode("All rights reserved"), "All rights reserved");
    assert.equal(licenseCode(null), "UNSPECIFIED");
  });

  test("names in a list are trimmed; empty ones and doubles go", () => {
    assert.equal(joinedNames("A. B. |  C ; |A. B."), "A. B., C");
    assert.equal(joinedNames("Dupont, Jean"), "Dupont, Jean");
    assert.equal(joinedNames(" | "), null);
  });

  test("evidence is read out of JSON, and out of nothing else", () => {
    assert.equal(evidenceOf('{"evidenceOfPresence":"track"}'), "track");
    assert.equal(evidenceOf('{"evidenceOfPresence":["molt","organism"]}'), "molt");
    assert.equal(evidenceOf('{"evidenceOfPresence":3}'), null);
    assert.equal(evidenceOf("evidenceOfPresence=track"), null);
    assert.equal(evidenceOf("{}"), null);
  });

  test("an object is JSON whatever its values hold, and has empty ones or not", () => {
    const values = ['say "a\\b"\u0001\u2028', null, '["https://x/1"]'];
    const names = ["a", "b", "mediaURLs"];
    assert.deepEqual(JSON.parse(objectMaker(names, "left_out")(values)), {
      a: values[0],
      mediaURLs: ["https://x/1"],
    });
    assert.deepEqual(JSON.parse(objectMaker(names, "null")([null, null, null])), {
      a: null,
      b: null,
      mediaURLs: null,
    });
    assert.equal(objectMaker(names, "left_out")([null, null, null]), "{}");
  });
});

describe("the report of values", () => {
  test("shows the twenty most frequent, cuts long ones, and keeps no more than it must", () => {
    const report = new ValueReport();
    for (let value = 0; value < 10_050; value++) report.add("term", `v${value}`);
    report.add("term", "v7");
    const [sentence = ""] = report.sentences();
    assert.match(
      sentence,
      /^term: "\(others\)" \(50\), "v7" \(2\), "v0" \(1\), .* and 9981 other values, in 10051 records\.$/,
    );
    const long = new ValueReport();
    long.add("term", "x".repeat(90));
    assert.deepEqual(long.sentences(), [`term: "${"x".repeat(79)}…" (1), in 1 record.`]);
  });
});
