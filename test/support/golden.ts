/** The golden cases of the mapping, and what the transform makes of a record. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Batch } from "../../src/core/batch.ts";
import { mapSinp } from "../../src/transforms/map-sinp.ts";
import type { TestDatabase } from "./database.ts";
import { batchOf } from "./flow.ts";
import { contextAlone } from "./transform.ts";

/** The values of a record or row by column. */
export type Values = Readonly<Record<string, string | null>>;

interface Golden {
  readonly base: { readonly record: Values; readonly row: Values; readonly gbif: object };
  readonly cases: readonly {
    readonly name: string;
    readonly settings?: object;
    readonly record?: Values;
    readonly row?: Values;
    readonly gbif?: object;
    readonly gbif_dates?: object;
    readonly reject?: string;
    readonly filtered?: boolean;
    readonly reported?: string;
  }[];
}

/** `{{x × 600}}` is 600 times x. */
const unfolded = (text: string): string =>
  text.replace(/\{\{(\w) × (\d+)\}\}/g, (_, letter: string, times: string) =>
    letter.repeat(Number(times)),
  );

export const { base, cases }: Golden = parse(
  unfolded(readFileSync(new URL("../geonature/golden.yaml", import.meta.url), "utf8")),
  { merge: true },
);

const sinp = (name: string) =>
  fileURLToPath(new URL(`../../pipelines/sinp/${name}`, import.meta.url));

/** The options of `map_sinp` where a case says nothing else. */
export const MAP_SINP_OPTIONS: Parameters<typeof mapSinp.create>[0] = {
  fields: sinp("fields.csv"),
  vocabularies: sinp("vocabularies.csv"),
  licenses: ["any"],
  observers: "as_published",
  blurred_remarks: "keep",
  uncertainty_max_point_m: 100,
  fossil: "leave_out",
  living: "leave_out",
  absent: "leave_out",
  unresolved_uuid: "wait",
  keep: [],
  platforms: ["50c9509d-22c7-4a22-a47d-8c48425ef4a7", "8a863029-f435-446a-821e-275f4f641165"],
};

/** Columns of the staging that no case fills are there, and empty. */
const STAGED: Values = Object.fromEntries(
  readFileSync(sinp("fields.csv"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("input;"))
    .map((line) => [line.split(";")[1] ?? "", null]),
);

/** What the transform makes of the base with these differences; `said` is what it told. */
export const mapped = async (
  { opened: database }: TestDatabase,
  settings: object,
  record: Values,
) => {
  const said: string[] = [];
  async function* one(): AsyncGenerator<Batch> {
    yield batchOf([{ ...STAGED, ...base.record, ...record }]);
  }
  const transform = mapSinp.create({ ...MAP_SINP_OPTIONS, ...settings });
  const [batch] = await Array.fromAsync(transform(one(), { ...contextAlone(said), database }));
  assert.ok(batch);
  return { batch, said };
};
