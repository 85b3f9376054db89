import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { oddCharacters } from "../../src/core/odd-characters.ts";
import { parseYaml } from "../../src/core/yaml-parse.ts";
import { plain } from "../../src/core/yaml-value.ts";

const place = { file: "/folder/p.yaml", line: 1, column: 1 };

/** The text as its fixes make it. */
const mendedText = (text: string): string =>
  oddCharacters(text)
    .toReversed()
    .reduce((before, { fix }) => {
      if (fix === undefined) return before;
      return before.slice(0, fix.offset) + fix.becomes + before.slice(fix.offset + fix.was.length);
    }, text);

describe("characters that are pasted", () => {
  const MENDED: readonly [what: string, text: string, becomes: string][] = [
    ["no-break spaces before a line", "a:\n\u00a0\u00a0b: 1", "a:\n  b: 1"],
    ["one behind a colon", "a:\u00a01\nb: { c:\u202f2 }", "a: 1\nb: { c: 2 }"],
    ["one before a colon, as French has it", "a\u00a0: 1", "a: 1"],
    ["one behind a dash", "-\u00a0a", "- a"],
    [
      "one at the end of a line, or before a comment",
      "a: b\u00a0\nc: d\u00a0 # e",
      "a: b\nc: d # e",
    ],
    ["invisible characters in names and values", "a\u200bb: c\ufeffd", "ab: cd"],
    ["a byte order mark inside the text", "a: 1\n\ufeffb: 2", "a: 1\nb: 2"],
  ];
  for (const [what, text, becomes] of MENDED) {
    test(`are told and mended: ${what}`, () => {
      assert.equal(mendedText(text), becomes);
      const codes: string[] = [];
      const value = parseYaml(text, place, (code) => codes.push(code));
      assert.deepEqual(new Set(codes), new Set(["odd_character"]));
      assert.deepEqual(
        value && plain(value),
        parseYaml(becomes, place, () => assert.fail()) &&
          plain(parseYaml(becomes, place, () => undefined) ?? assert.fail()),
      );
    });
  }

  for (const [what, text] of [
    ["in quotes", "a: \"b\u00a0\u200bc\"\nd: 'e\ufeff'"],
    ["in a comment", "a: 1 # l\u00a0\u200b\n# x\u00a0"],
    ["between the words of a text", "a: b\u00a0c, d\u00a0; e"],
    ["in a block", "a: |\n  b:\u00a0c\u200b\n  d\u00a0\ne: 1"],
    ["in quotes, typographic ones", 'a: "« b »"'],
    ["between words, typographic quotes", "a: the “b” and « c d »"],
    ["around a text of several words", "a: « b c »"],
  ] as const) {
    test(`are left alone ${what}`, () => {
      const codes: string[] = [];
      parseYaml(text, place, (code) => codes.push(code));
      assert.deepEqual(codes, []);
    });
  }
});
