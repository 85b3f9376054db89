/** What every source and every sink must do; one suite, run over the registry. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Context, Source } from "../src/core/component.ts";
import { inlineDocument } from "../src/core/document.ts";
import type { StagePlan } from "../src/core/plan.ts";
import type { Database } from "../src/core/session.ts";
import { parseYaml } from "../src/core/yaml-parse.ts";
import { openDatabase } from "../src/postgres/open.ts";
import { components } from "../src/registry.ts";
import {
  copyTemplate,
  execute,
  onEachDatabase,
  rowsOf,
  type TestDatabase,
} from "./support/database.ts";
import { batchOf, flowOf, run, sourceOf, stage } from "./support/flow.ts";
import { contextAlone } from "./support/transform.ts";

let folder = "";
/** For sources that read from a database. */
let embedded: Database | undefined;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await copyTemplate(join(folder, "db"));
  embedded = await openDatabase("embedded", {
    signal: new AbortController().signal,
    embeddedFolder: join(folder, "db"),
    onNotice: () => undefined,
  });
});
after(async () => {
  await embedded?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const context = (signal?: AbortSignal): Context => {
  const alone = contextAlone([], signal);
  return { ...alone, database: embedded ?? alone.database, reads: () => undefined };
};

/** For each source: options that read a file with some rows of column `id`. */
const SOURCES: Record<string, (name: string, rows: number) => Promise<object>> = {
  csv: async (name, rows) => {
    const path = join(folder, `${name}.csv`);
    await writeFile(path, `id\n${lines(rows)}`);
    return { path, quote: '"', encoding: "utf-8", skip_lines: 0 };
  },
  json: async (name, rows) => {
    const path = join(folder, `${name}.json`);
    await writeFile(path, JSON.stringify(Array.from({ length: rows }, (_, id) => ({ id }))));
    return { path, columns: { id: "id" } };
  },
  dwca: async (name, rows) => {
    const path = join(folder, `${name}.txt`);
    await writeFile(path, `id\tb\n${lines(rows).replaceAll("\n", "\tx\n")}`);
    return { path, max_gb: 1, max_ratio: 200 };
  },
  gbif: async (name, rows) => {
    const archive = join(folder, `${name}.txt`);
    await writeFile(archive, `id\tb\n${lines(rows).replaceAll("\n", "\tx\n")}`);
    const start = { file: "test.yaml", line: 1, column: 1 };
    const asked = parseYaml("predicate: { type: isNull, parameter: YEAR }", start, () => undefined);
    const query = asked && inlineDocument(asked);
    return { query, archive, max_gb: 1, max_ratio: 200, taxon_keys: "any" };
  },
  postgres: async (name, rows) => {
    const query = join(folder, `${name}.sql`);
    await writeFile(query, `select id from generate_series(0, ${rows - 1}) as id`);
    return { query };
  },
};

/** Sources that read no file: what they owe is in tests of their own, against a double of the service. */
const SERVICES = ["inaturalist"];

const lines = (rows: number): string => Array.from({ length: rows }, (_, id) => `${id}\n`).join("");

describe("every source", () => {
  const readers = components.filter(
    ({ kind, name }) => kind === "source" && !SERVICES.includes(name),
  );
  for (const component of readers) {
    const make = async (name: string, rows: number): Promise<Source> => {
      const options = SOURCES[component.name];
      assert.ok(options, `${component.name} has no case in the conformance suite`);
      return component.create({ ...(await options(name, rows)) }) as Source;
    };

    describe(component.name, () => {
      test("gives one batch with its columns when there is nothing", async () => {
        const source = await make("nothing", 0);
        const batches = await Array.fromAsync(source(context()));
        assert.equal(batches.length, 1);
        assert.equal(batches[0]?.size, 0);
        assert.ok(batches[0]?.names.includes("id"));
      });

      test("says of each record where it came from, and counts what it read", async () => {
        const source = await make("some", 3000);
        const places = new Set<string>();
        let read = 0;
        for await (const batch of source(context())) {
          read += batch.read;
          for (const row of batch.rows) places.add(batch.record(row).place);
        }
        assert.deepEqual([read, places.size], [3000, 3000]);
        assert.match([...places][0] ?? "", /^some\.\w+([:#]\d+| \(id \d+\))$/);
      });

      test("gives a record's values by column, for whoever repairs it, as its columns have them", async () => {
        const source = await make("fields", 3);
        for await (const batch of source(context())) {
          for (const row of batch.rows) {
            const values = batch.names.map((name) => [name, batch.column(name).text(row)]);
            assert.deepEqual(batch.record(row).fields?.(), Object.fromEntries(values));
          }
        }
      });

      test("knows the same content again", async () => {
        const identities: (string | undefined)[] = [];
        for (const rows of [5, 5, 6]) {
          const source = await make("same", rows);
          // Asked while the source is open: a database forgets what it was asked.
          for await (const batch of source(context())) {
            identities.push(await batch.input.identity());
            break;
          }
        }
        assert.equal(identities[0], identities[1]);
        assert.notEqual(identities[0], identities[2]);
      });

      test("stops when the signal is aborted", async () => {
        const source = await make("long", 300_000);
        const controller = new AbortController();
        await assert.rejects(
          async () => {
            for await (const _ of source(context(controller.signal))) controller.abort();
          },
          { name: "AbortError" },
        );
      });

      test("closes what it opened when nobody reads on", async () => {
        const open = async () => (await readdir("/proc/self/fd")).length;
        const earlier = await open();
        const source = await make("left", 300_000);
        for (let round = 0; round < 15; round++) {
          for await (const _ of source(context())) break;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
        assert.ok((await open()) <= earlier + 2);
      });
    });
  }
});

/** For each sink: a stage of its own, and what is there afterwards, as text. */
interface SinkCase {
  readonly stage: StagePlan;
  readonly content: () => Promise<string>;
}

const SINKS: Record<string, (database: TestDatabase, name: string) => Promise<SinkCase>> = {
  postgres_copy: async (database, name) => {
    await execute(database, `create table ${name} (id text); insert into ${name} values ('old');`);
    return {
      stage: stage(componentNamed("postgres_copy"), { table: name, mode: "replace" }),
      content: async () =>
        (await rowsOf(database, `select id from ${name}`)).map(({ id }) => id).join(),
    };
  },
  postgres_upsert: async (database, name) => {
    await execute(
      database,
      `create table ${name} (id text primary key); insert into ${name} values ('old');`,
    );
    const options = { insert_only: [], not_compared: [], on_insert: {}, on_update: {}, derive: {} };
    return {
      stage: stage(componentNamed("postgres_upsert"), {
        ...{ table: name, key: ["id"], json_merge: {}, commit_rows: "all" },
        ...options,
      }),
      // What it did not get stays, whatever else it does.
      content: async () => {
        const ids = (await rowsOf(database, `select id from ${name} order by id`)).map(
          ({ id }) => id,
        );
        assert.equal(ids.at(-1), "old");
        return ids.length === 1 ? "old" : ids.slice(0, -1).join();
      },
    };
  },
  file: async (database, name) => {
    const path = join(database.folder, `${name}.tsv`);
    await writeFile(path, "old");
    return {
      stage: stage(componentNamed("file"), { path, format: "tsv" }),
      content: async () => {
        const parts = (await readdir(database.folder)).filter((file) => file.includes(".part"));
        assert.deepEqual(parts, []);
        return (await readFile(path, "utf8")).replace(/^id\n/, "").trim().replaceAll("\n", ",");
      },
    };
  },
};

const componentNamed = (name: string) => {
  const component = components.find((candidate) => candidate.name === name);
  assert.ok(component);
  return component;
};

onEachDatabase((database) => {
  describe("every sink", () => {
    for (const { name } of components.filter(({ kind }) => kind === "sink")) {
      const make = (test: string) => {
        const sink = SINKS[name];
        assert.ok(sink, `${name} has no case in the conformance suite`);
        return sink(database(), `${name}_${test}`);
      };
      const rows = [{ id: "1" }, { id: "2" }];

      describe(name, () => {
        test("writes what it gets and reports it", async () => {
          const sink = await make("writes");
          const summary = await run(database(), [
            flowOf({ source: sourceOf([batchOf(rows), batchOf([{ id: "3" }])]), sink: sink.stage }),
          ]);
          assert.equal(summary.error, undefined);
          assert.equal(summary.flows[0]?.inserted, 3);
          assert.equal(await sink.content(), "1,2,3");
        });

        test("leaves all as it was when the flow fails behind the first batch", async () => {
          const sink = await make("throws");
          const source = sourceOf(async function* () {
            yield batchOf(rows);
            throw new Error("broken");
          });
          const summary = await run(database(), [flowOf({ source, sink: sink.stage })]);
          assert.equal(summary.status, "failed");
          assert.equal(await sink.content(), "old");
        });

        test("leaves all as it was when the run is aborted", async () => {
          const sink = await make("aborts");
          const controller = new AbortController();
          const source = sourceOf(async function* () {
            yield batchOf(rows);
            controller.abort();
          });
          const flow = flowOf({ source, sink: sink.stage });
          const summary = await run(database(), [flow], { signal: controller.signal });
          assert.equal(summary.status, "interrupted");
          assert.equal(await sink.content(), "old");
        });

        test("leaves all as it was when too many records are rejected", async () => {
          const sink = await make("rejects");
          const { Reject } = await import("../src/core/batch.ts");
          const bad = batchOf(rows).reject(new Map([[1, new Reject("bad", "It is bad.")]]));
          const summary = await run(database(), [
            flowOf({ source: sourceOf([bad]), sink: sink.stage }),
          ]);
          assert.equal(summary.status, "failed");
          assert.equal(await sink.content(), "old");
        });
      });
    }
  });
});
