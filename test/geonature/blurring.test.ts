import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Mapping, readMapping } from "../../src/geonature/mapping.ts";
import { boundOf, pointQuality } from "../../src/geonature/place.ts";
import { translator } from "../../src/geonature/translate.ts";
import { type Random, randomFrom } from "../support/random.ts";

const sinp = fileURLToPath(new URL("../../pipelines/sinp/", import.meta.url));
let mapping: Mapping;
before(async () => {
  mapping = await readMapping({
    fields: `${sinp}fields.csv`,
    vocabularies: `${sinp}vocabularies.csv`,
  });
});

/** The code of DEE_FLOU for these texts, as the column of the mapping makes it. */
const blurring = (
  informationWithheld: string | null,
  dataGeneralizations: string | null,
  platform: string | null = null,
) => {
  const reported: string[] = [];
  const terms = ["informationWithheld", "dataGeneralizations"];
  const translate = translator(
    { type: "DEE_FLOU", terms, own: terms, defaultCode: "NSP" },
    mapping.vocabularies,
    (name, value) => reported.push(`${name}: ${value}`),
  );
  const values: Record<string, string | null> = {
    informationWithheld,
    dataGeneralizations,
    platform,
  };
  return { code: translate((name) => [values[name] ?? null])(0), reported };
};

const BLURRED: readonly ((random: Random) => string)[] = [
  (random) =>
    `Coordinate uncertainty increased to ${random(90_000)}m at the request of the observer`,
  (random) => `Coordinate uncertainty increased to ${random(90)}km to protect threatened taxon`,
  () => "Coordinates hidden at the request of the observer",
  () => "coordinates obscured",
  (random) => `Coordinates obscured to a ${random(20)} km grid`,
  (random) => `Coordinates generalized to a ${random(20)} km UTM square`,
  () => "Location generalised",
  () => "generalization applied",
  () => "Blurred for sensitive species",
  () => "Coordonnées floutées à la commune",
  () => "mask coordinates",
  () => "Precise locality withheld",
];

const SILENT = [
  "Photographs on request",
  "Preserved in alcohol",
  "Associated sequences are available",
  "Tissue sample in the freezer",
];

const CLEAR = ["none", "No", "Coordinates not obscured", "not generalised", "Not blurred"];

/** The text with other case, and with words around it where it is not a whole answer. */
const varied = (text: string, random: Random): string => {
  const cases = [text, text.toUpperCase(), text.toLowerCase()];
  return cases[random(cases.length)] ?? text;
};

describe("blurring", () => {
  test("every way to say that a place was blurred means that it was, in either term, at any platform", () => {
    const random = randomFrom(17);
    for (let round = 0; round < 2000; round++) {
      const text = varied(BLURRED[random(BLURRED.length)]?.(random) ?? "", random);
      const other = random(2) === 0 ? null : (SILENT[random(SILENT.length)] ?? null);
      const texts: [string | null, string | null] = random(2) === 0 ? [text, other] : [other, text];
      const found = blurring(...texts, random(2) === 0 ? "yes" : null);
      assert.deepEqual(found, { code: "OUI", reported: [] }, texts.join(" + "));
    }
  });

  test("a text about something else means neither, and is told with the term", () => {
    const random = randomFrom(19);
    for (let round = 0; round < 500; round++) {
      const text = varied(SILENT[random(SILENT.length)] ?? "", random);
      assert.deepEqual(blurring(text, null, "yes"), {
        code: "NSP",
        reported: [`informationWithheld: ${text}`],
      });
      assert.deepEqual(blurring(null, text, "yes"), {
        code: "NSP",
        reported: [`dataGeneralizations: ${text}`],
      });
    }
  });

  test("a text that denies it means that it was not", () => {
    const random = randomFrom(23);
    for (const text of CLEAR) {
      const found = blurring(null, varied(text, random));
      assert.deepEqual(found, { code: "NON", reported: [] }, text);
    }
  });

  test("silence means that it was not where the platform says it otherwise, and nothing elsewhere", () => {
    assert.deepEqual(blurring(null, null, "yes"), { code: "NON", reported: [] });
    assert.deepEqual(blurring(null, null), { code: "NSP", reported: [] });
  });

  test("a blurred place has no altitude and is no point, whatever its uncertainty", () => {
    for (const uncertainty of [null, "1", "28000"]) {
      assert.equal(pointQuality(uncertainty, "OUI", 100), "imprecise");
    }
    assert.equal(boundOf("lowest", "250", "3", "OUI"), null);
    assert.equal(boundOf("highest", "250", "3", "NSP"), "253");
  });
});
