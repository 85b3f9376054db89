import type { Component } from "./core/component.ts";
import { file } from "./sinks/file.ts";
import { postgresCopy } from "./sinks/postgres-copy.ts";
import { postgresUpsert } from "./sinks/postgres-upsert.ts";
import { csv } from "./sources/csv.ts";
import { dwca } from "./sources/dwca.ts";
import { gbif } from "./sources/gbif.ts";
import { inaturalist } from "./sources/inaturalist.ts";
import { json } from "./sources/json.ts";
import { postgres } from "./sources/postgres.ts";
import { distinct } from "./transforms/distinct.ts";
import { extractId } from "./transforms/extract-id.ts";
import { filter } from "./transforms/filter.ts";
import { lookup } from "./transforms/lookup.ts";
import { mapSinp } from "./transforms/map-sinp.ts";
import { mapValues } from "./transforms/map-values.ts";
import { parseDates } from "./transforms/parse-dates.ts";
import { parseNumbers } from "./transforms/parse-numbers.ts";
import { project } from "./transforms/project.ts";
import { set } from "./transforms/set.ts";

/** Every component there is, in the order of the reference. */
export const components: readonly Component[] = [
  dwca,
  gbif,
  inaturalist,
  csv,
  json,
  postgres,

  project,
  extractId,
  parseDates,
  parseNumbers,
  filter,
  set,
  mapValues,
  distinct,
  lookup,
  mapSinp,

  postgresCopy,
  postgresUpsert,
  file,
];
