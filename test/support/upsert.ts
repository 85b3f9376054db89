import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { stage } from "./flow.ts";

/** A sink `postgres_upsert` whose key is `id`, with the defaults that the check of a YAML would fill in. */
export const upsertInto = (table: string, options: Readonly<Record<string, unknown>> = {}) =>
  stage(postgresUpsert, {
    table,
    key: ["id"],
    insert_only: [],
    not_compared: [],
    on_insert: {},
    on_update: {},
    derive: {},
    json_merge: {},
    commit_rows: 50_000,
    parallel: 1,
    ...options,
  });
