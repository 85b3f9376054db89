/** Writes a pipeline for a query to GBIF: one of those that come with the program, under another name. */

import { readFile } from "node:fs/promises";
import { shippedFile } from "../shipped-file.ts";

/** iNaturalist's data set, whose observations need uuids that only iNaturalist knows. */
const INATURALIST = "50c9509d-22c7-4a22-a47d-8c48425ef4a7";

/** The way into the synthese for the records that a query asks for; `path` leads from the pipeline to it. */
export const queryPipeline = async (
  query: string,
  { name, path, head }: { name: string; path: string; head: string },
): Promise<string> => {
  const model = query.toLowerCase().includes(INATURALIST) ? "inat" : "observations";
  const text = await readFile(shippedFile(`pipelines/${model}.yaml`), "utf8");
  return text
    .replace(/^# yaml-language-server:.*\n/, () => `${head}\n`)
    .replace(/^name: .*$/m, () => `name: ${name}`)
    .replace(
      /^description: .*$/m,
      () => `description: What ${path} asks GBIF for, into the synthese.`,
    )
    .replaceAll(`queries/${model}.json`, () =>
      /^[\w./-]+$/.test(path) ? path : JSON.stringify(path),
    )
    .replaceAll(`${model.toUpperCase()}_ARCHIVE`, () => `${name.toUpperCase()}_ARCHIVE`);
};

/** A request for a whole data set: what has coordinates, as the other queries of the program. */
export const datasetQuery = (key: string): string => {
  const equals = (field: string, value: string) => ({ type: "equals", key: field, value });
  const predicates = [
    equals("HAS_COORDINATE", "True"),
    equals("HAS_GEOSPATIAL_ISSUE", "False"),
    equals("DATASET_KEY", key),
  ];
  const request = { format: "DWCA", predicate: { type: "and", predicates } };
  return `${JSON.stringify(request, null, 2)}\n`;
};
