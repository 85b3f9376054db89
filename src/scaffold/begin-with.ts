/** What a new pipeline begins with: a data set of GBIF, a query to GBIF, or an archive. */

import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipelineNameIn } from "../core/elsewhere.ts";
import { givenPipeline, initUnknown } from "../core/errors.ts";
import { shellWord } from "../core/place.ts";

export interface Beginning {
  readonly kind: "dataset" | "query" | "archive";
  /** The key, the file, or the archive's path or URL. */
  readonly value: string;
  /** What the pipeline may be called after, if no name is given. */
  readonly name: string;
}

/** Tells by its form what somebody has; throws `init_unknown` for what is nothing of it. */
export const beginningOf = async (what: string): Promise<Beginning> => {
  if (UUID.test(what)) {
    const value = what.toLowerCase();
    return { kind: "dataset", value, name: `dataset_${value.slice(0, 8)}` };
  }
  const isUrl = /^https?:/i.test(what);
  const info = isUrl ? undefined : await stat(what).catch(() => undefined);
  if (!isUrl && info === undefined) throw initUnknown(what);
  if (!isUrl && pipelineNameIn(what) !== undefined) throw givenPipeline(shellWord(what));
  const isQuery = info?.isFile() === true && /\.(json|ya?ml)$/i.test(what);
  const name = basename(what.replace(/[?#].*$/, "")).replace(/\.\w+$/, "");
  return { kind: isQuery ? "query" : "archive", value: what, name };
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Letters, digits and `_`, beginning with a letter: also good for a schema of PostgreSQL. */
export const pipelineName = (text: string): string => {
  const word = text
    .normalize("NFD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  return /^[a-z]/.test(word) ? word : `data_${word}`.replace(/_$/, "");
};
