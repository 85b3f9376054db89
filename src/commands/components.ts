import type { Language } from "../core/codes.ts";
import { suggestion } from "../core/errors.ts";
import { componentPage } from "../core/reference.ts";
import { ENGLISH_REFERENCE, frenchReference } from "../core/reference-words.ts";
import { components } from "../registry.ts";

/** `runner components [NAME]`: the list, or all about one. */
export const componentsCommand = (name: string | undefined, language: Language): number => {
  const words = language === "fr" ? frenchReference() : ENGLISH_REFERENCE;
  if (name === undefined) {
    const width = Math.max(...components.map((component) => component.name.length));
    for (const { name: word, kind, summary } of components) {
      console.log(
        `${word.padEnd(width)}  ${kind.padEnd("transform".length)}  ${words.sentence(summary)}`,
      );
    }
    return 0;
  }
  const component = components.find((candidate) => candidate.name === name);
  if (component) {
    console.log(componentPage(component, words));
    return 0;
  }
  const names = components.map((candidate) => candidate.name);
  console.error(`There is no component \`${name}\`.${suggestion(name, names)}`);
  return 2;
};
