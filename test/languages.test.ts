import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { explainLines } from "../src/commands/explain.ts";
import { blocksOf } from "./support/pages.ts";

const root = new URL("../", import.meta.url).pathname;

/** What is for developers, in English alone. */
const ENGLISH_ALONE = [
  "architecture.md",
  "performance-apis.md",
  "performance-synthese.md",
  "performance.md",
  "writing-a-component.md",
];

const markdown = async (folder: string): Promise<string[]> =>
  (await readdir(join(root, folder))).filter((name) => name.endsWith(".md"));

const translated = (await markdown("docs")).filter((name) => !ENGLISH_ALONE.includes(name));

/** The levels of the headings outside of code, in their order. */
const levels = (page: string): string[] =>
  [...page.replaceAll(/^\s*```[\s\S]*?^\s*```$/gm, "").matchAll(/^(#+) /gm)].map(
    ([, marks = ""]) => marks,
  );

/** Where the links of a page lead, without the folder and the heading. */
const targets = (page: string): string[] =>
  [...page.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
    .map(([, target = ""]) =>
      target
        .replace(/^(\.\.\/)+/, "")
        .replace(/(^|\/)fr\//, "$1")
        .replace(/\.fr\.md$/, ".md"),
    )
    .sort();

/** What is a comment in a block; the line that editors read is none. */
const commentIn = (language: string): RegExp =>
  language === "sql" ? /(?<=^|\s)-- .*$/gm : /(?<=^|\s)# (?!yaml-language-server).*$/gm;

/** The blocks of a page as both languages have them, and apart from them the comments, which are translated. */
const codeOf = (page: string) => {
  const blocks = blocksOf(page).filter(({ language }) => language !== "");
  const comments = blocks.flatMap(({ language, text }) => text.match(commentIn(language)) ?? []);
  return {
    comments,
    code: blocksOf(page).map(({ language, text }) => [
      language,
      language === "console" ? inEnglish(text) : text.replaceAll(commentIn(language), "#"),
    ]),
  };
};

/** The program speaks English, but for the pages of codes and the line that leads to them. */
const inEnglish = (output: string): string => output.replaceAll(pointer("fr"), () => pointer("en"));

const pointer = (language: "en" | "fr"): string =>
  explainLines(["bad_date"], language)[0]?.split("`")[0] ?? "";

describe("the pages in two languages", () => {
  test("are the same ones: whatever is for users is in French too", async () => {
    assert.deepEqual((await markdown("docs/fr")).sort(), translated.sort());
  });

  test("are all in the index", async () => {
    const listed = targets(await readFile(join(root, "docs/README.md"), "utf8"));
    const pages = (await markdown("docs")).filter((name) => name !== "README.md");
    assert.deepEqual(
      pages.filter((name) => !listed.includes(name)),
      [],
    );
  });

  for (const [english, french] of [
    ["README.md", "README.fr.md"],
    ...translated.map((name) => [`docs/${name}`, `docs/fr/${name}`]),
  ] as const) {
    test(`${english} and its French text have the same parts, commands and links`, async () => {
      const [en, fr] = await Promise.all(
        [english, french].map((name) => readFile(join(root, name ?? ""), "utf8")),
      );
      assert.ok(en && fr);
      assert.deepEqual(levels(fr), levels(en), "headings");
      assert.deepEqual(codeOf(fr).code, codeOf(en).code, "code blocks");
      for (const [index, comment] of codeOf(en).comments.entries()) {
        assert.notEqual(codeOf(fr).comments[index], comment, "comments in code are translated");
      }
      assert.ok(!fr.includes(pointer("en")), "outputs are those of a French terminal");
      assert.equal(fr.match(/^\|/gm)?.length, en.match(/^\|/gm)?.length, "lines of tables");
      assert.deepEqual(targets(fr), targets(en), "links");
      assert.match(en, /^(\[Français\]\(.*\)|.*\[En français\]\(.*\).*)$/m);
      assert.match(fr, /^(\[English\]\(.*\)|.*\[In English\]\(.*\).*)$/m);
    });
  }
});
