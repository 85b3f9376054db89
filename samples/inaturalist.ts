/** What iNaturalist would answer for the observations of a sample: made-up uuids, the same at every run. */

import { hash } from "node:crypto";
import { OCCURRENCE } from "./layout.ts";
import { type RecordOptions, sampleRecords } from "./records.ts";

const REFERENCES = OCCURRENCE.findIndex(({ name }) => name === "references");

/** Of so many observations one has been deleted, and one is not asked for yet. */
const DELETED_EVERY = 83;
const PENDING_EVERY = 211;

/**
 * The answer of iNaturalist's API v2 for all observations of a sample, as if it gave them on one page, one
 * line each. Deleted ones are not in `results`, as there; their ids are under `missing`.
 */
export const recordedAnswer = (options: RecordOptions): string => {
  const found: string[] = [];
  const missing: string[] = [];
  for (const [index, id] of observationIds(options).entries()) {
    if (index % PENDING_EVERY === 5) continue;
    if (index % DELETED_EVERY === 7) missing.push(JSON.stringify({ id, status: "missing" }));
    else {
      const uri = `https://www.inaturalist.org/observations/${id}`;
      found.push(JSON.stringify({ id, uri, uuid: uuidOf(id) }));
    }
  }
  return `{
"total_results": ${found.length}, "page": 1, "per_page": ${found.length},
"results": [
${found.join(",\n")}
],
"missing": [
${missing.join(",\n")}
]
}
`;
};

const observationIds = (options: RecordOptions): readonly number[] => {
  const ids: number[] = [];
  for (const { occurrence } of sampleRecords(options)) {
    const link = /inaturalist\.org\/observations\/(\d+)$/.exec(
      occurrence.split("\t")[REFERENCES] ?? "",
    );
    if (link) ids.push(Number(link[1]));
  }
  return ids;
};

/** The uuid of a made-up observation: always the same one. */
export const uuidOf = (id: number): string => {
  const text = hash("sha256", `observation ${id}`);
  const variant = "89ab"[Number.parseInt(text.charAt(16), 16) % 4];
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-${variant}${text.slice(17, 20)}-${text.slice(20, 32)}`;
};
