import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readMapping } from "../../src/geonature/mapping.ts";
import { translator } from "../../src/geonature/translate.ts";
import { LEFT } from "../../src/geonature/vocabularies.ts";

const sinp = (name: string) =>
  fileURLToPath(new URL(`../../pipelines/sinp/${name}`, import.meta.url));

const { fields, vocabularies } = await readMapping({
  fields: sinp("fields.csv"),
  vocabularies: sinp("vocabularies.csv"),
});

/** A text that a cell takes, without anything for `*` and with something. */
const textsOf = (alternative: string): readonly string[] => {
  const text = alternative.replaceAll("?", "z");
  return [text.replaceAll("*", "") || "x", text.replaceAll("*", "xyz")];
};

/** A record in which all of these hold; of a condition on the term itself, the text is appended. */
const recordOf = (term: string, text: string | null, condition: string) => {
  const record = new Map<string, string | null>([[term, text]]);
  for (const part of condition === "" ? [] : condition.split(" and ")) {
    const [, name = "", sign, wanted = ""] = /^(\w+)(=|<>)(.*)$/.exec(part) ?? [];
    const [first = ""] = wanted.split("|");
    if (sign === "<>") continue;
    const value = wanted === "" ? null : first.replaceAll("*", "");
    record.set(name, name === term ? `${text};${value}` : value);
  }
  return record;
};

describe("a line of the vocabularies", () => {
  for (const { term, value, condition, type, code } of vocabularies) {
    if (code === LEFT) continue;
    test(`${type} ${code} is what ${term} ${JSON.stringify(value)}${condition && ` with ${condition}`} gives`, () => {
      const terms = fields.find(
        ({ nomenclature, from }) => nomenclature === type && from.includes(term),
      )?.from;
      assert.ok(terms);
      const column = { type, terms, own: terms, defaultCode: "the default" };
      const translate = translator(column, vocabularies, (name, unknown) =>
        assert.fail(`${name} ${unknown} has no line`),
      );
      for (const text of value === "" ? [null] : value.split("|").flatMap(textsOf)) {
        const record = recordOf(term, text, condition);
        assert.equal(translate((name) => [record.get(name) ?? null])(0), code, String(text));
      }
    });
  }
});
