/** The words of the reference of components, in the languages of the users: English, and `docs/components.fr.yaml`. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { shippedFile } from "../shipped-file.ts";

const ENGLISH = {
  title: "Components",
  other: "[Français](fr/components.md)",
  introduction:
    "This page is made from the components themselves by `npm run docs`; do not edit it.",
  source: "Sources",
  transform: "Transforms",
  sink: "Sinks",
  reading:
    "`runner components NAME` prints one of them. Paths are relative to the YAML file, and those in a variable to the folder that you are in; columns are those of the step before. An option of a map is written with a dot: `create.columns` is `create: { columns: … }`; with `[]`, it belongs to each map of a list. Where a map can be given in several ways, _way 1_, _way 2_ and so on, it has the options of one of them.",
  file: "The file",
  pipeline: "A pipeline",
  flow: "A flow, under `flows`",
  include: "A file of flows, in the place of a flow",
  included: "Such a file",
  parameter: "A parameter of it, under `params`",
  option: "option",
  type: "type",
  default: "default",
  required: "required",
  way: "way",
  example: "For example",
  colon: ":",
  list: "list of TYPE",
  or: "or",
  value: "value",
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "boolean",
  object: "map",
  array: "array",
  null: "null",
  pattern: "regular expression",
  secret: "secret text",
  path: "path",
  location: "path or URL",
  document: "path or map",
};

/** What the page itself says, by a short name. */
type PageWords = Readonly<Record<keyof typeof ENGLISH, string>>;

/** The words of the reference in one language. */
export interface ReferenceWords {
  readonly page: PageWords;
  /** A summary or a description of an option, which are English. */
  sentence(english: string): string;
}

/** `docs/components.fr.yaml`: the page's own words, and the French of each sentence by its English. */
export interface FrenchReference {
  readonly page: PageWords;
  readonly sentences: Readonly<Record<string, string>>;
}

export const ENGLISH_REFERENCE: ReferenceWords = { page: ENGLISH, sentence: (english) => english };

/** The French words as they are in the file. */
export const readFrenchReference = (): FrenchReference =>
  parse(readFileSync(shippedFile("docs/components.fr.yaml"), "utf8"));

/** A sentence that has no French stays English; `onMissing` is told of it, as whoever made it must add it. */
export const frenchReference = (onMissing?: (english: string) => void): ReferenceWords => {
  const { page, sentences } = readFrenchReference();
  const sentence = (english: string) => {
    const french = sentences[english];
    if (french === undefined) onMissing?.(english);
    return french ?? english;
  };
  return { page, sentence };
};
