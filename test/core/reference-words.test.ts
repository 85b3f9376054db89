import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { componentReference, componentTable } from "../../src/core/reference.ts";
import {
  ENGLISH_REFERENCE,
  frenchReference,
  readFrenchReference,
} from "../../src/core/reference-words.ts";
import { components } from "../../src/registry.ts";
import { runRunner } from "../support/runner.ts";

describe("the French reference of components", () => {
  test("has the French of every sentence in docs/components.fr.yaml, and of no other", () => {
    const asked = new Set<string>();
    componentReference(components, {
      ...ENGLISH_REFERENCE,
      sentence: (english) => asked.add(english) && english,
    });
    const french = readFrenchReference();
    assert.deepEqual(Object.keys(french.sentences).sort(), [...asked].sort());
    assert.deepEqual(Object.keys(french.page), Object.keys(ENGLISH_REFERENCE.page));
  });

  test("keeps every code of the English one: options, values and examples are the same", () => {
    const { sentences } = readFrenchReference();
    const codes = (text: string) => (text.match(/`[^`]+`/g) ?? []).sort();
    for (const [english, french] of Object.entries(sentences)) {
      assert.deepEqual(codes(french), codes(english), french);
    }
  });

  test("is printed where the shell speaks French, and in the language that is asked for", async () => {
    const words = frenchReference();
    const [first] = componentTable(components, { words }).split("\n").slice(2);
    const summary = first?.split(" | ").at(-1)?.replace(/ \|$/, "") ?? "";
    const list = await runRunner(["components"], { environment: { LC_ALL: "fr_FR.UTF-8" } });
    assert.ok(list.stdout.split("\n")[0]?.endsWith(summary), list.stdout);
    const one = await runRunner(["components", "dwca", "--language", "fr"]);
    assert.match(one.stdout, /^\| `table` \| texte \| {2}\| Quelle table : /m);
    const english = await runRunner(["components", "dwca"]);
    assert.match(english.stdout, /^\| `table` \| text \| {2}\| Which table: /m);
  });
});
