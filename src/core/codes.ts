/** What each code of a message or a reject means, in the languages of the users: `docs/codes.yaml`. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { shippedFile } from "../shipped-file.ts";

/** The languages that codes are explained in. */
export type Language = "en" | "fr";

type Texts = Readonly<Record<Language, string>>;

/** What causes a message or a reject, and what to do about it. */
export interface Explanation {
  readonly cause: Texts;
  readonly cure: Texts;
  /** False for a reject that waits, or needs a change elsewhere: to correct the record's values helps nothing. */
  readonly repairable?: boolean;
}

/** Codes that belong together, in the order of the page. */
export interface CodeGroup {
  readonly title: Texts;
  /** Whether they are those of rejects. */
  readonly of?: "records";
  readonly codes: Readonly<Record<string, Explanation>>;
}

/** All codes there are. */
export const readCodes = (): readonly CodeGroup[] => parse(textOfCodes());

const textOfCodes = (): string => readFileSync(shippedFile("docs/codes.yaml"), "utf8");

/** The explanation of a code. */
export const explanationOf = (
  code: string,
  groups: readonly CodeGroup[],
): Explanation | undefined => {
  const word = wordFor(code);
  return groups.find(({ codes }) => Object.hasOwn(codes, word))?.codes[word];
};

/** Those of the codes that are explained; to take all of them apart for that would take 50 ms. */
export const explained = (codes: Iterable<string>): readonly string[] => {
  const wanted = [...new Set(codes)];
  const text = wanted.length === 0 ? "" : textOfCodes();
  return wanted.filter((code) => text.includes(`\n    ${wordFor(code)}:\n`));
};

/** An SQLSTATE without a word of its own is explained with all others. */
const wordFor = (code: string): string => (/^sqlstate_[\da-z]{5}$/.test(code) ? "sqlstate" : code);

/** What to do about rejects of which correcting values helps none, the first of them; undefined where it may help. */
export const cureOf = (codes: readonly string[]): string | undefined => {
  const groups = codes.length > 0 ? readCodes() : [];
  const [first, ...others] = codes.map((code) => explanationOf(code, groups));
  const isBeyondRepair = [first, ...others].every((one) => one?.repairable === false);
  return isBeyondRepair ? first?.cure.en : undefined;
};

/** The page of all codes in Markdown; each is a heading, so that it can be linked to. */
export const codesPage = (groups: readonly CodeGroup[], language: Language): string => {
  const { title, introduction, other } = PAGE[language];
  return [
    `# ${title}`,
    other,
    introduction,
    ...groups.flatMap((group) => [
      `## ${group.title[language]}`,
      ...Object.entries(group.codes).flatMap(([code, { cause, cure }]) => [
        `### ${code}`,
        cause[language],
        `→ ${cure[language]}`,
      ]),
    ]),
  ]
    .join("\n\n")
    .concat("\n");
};

const PAGE = {
  en: {
    title: "Error codes",
    other: "[Français](fr/errors.md)",
    introduction:
      "Every message and every reject has a code that never changes: it is in `runner.reject`, in the output of `--json`, and `runner explain CODE` prints what is below. This page is made of [codes.yaml](codes.yaml) by `npm run docs`; do not edit it.",
  },
  fr: {
    title: "Codes d'erreur",
    other: "[English](../errors.md)",
    introduction:
      "Chaque message et chaque rejet a un code qui ne change jamais : il est dans `runner.reject`, dans la sortie de `--json`, et `runner explain CODE` affiche ce qui suit. Cette page est faite de [codes.yaml](../codes.yaml) par `npm run docs` ; ne la modifiez pas.",
  },
} as const;
