/** Rows whose record is gone from the export: two flows, one that stages an export and one that merges it. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, beforeEach, describe, test } from "node:test";
import { messageOf, type RunnerError } from "../../src/core/errors.ts";
import { rehearsePipeline } from "../../src/rehearsal.ts";
import { postgresCopy } from "../../src/sinks/postgres-copy.ts";
import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { postgres } from "../../src/sources/postgres.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import { allowing, batchOf, flowOf, planOf, run, sourceOf, stage } from "../support/flow.ts";

interface Snapshot {
  readonly ids: readonly number[];
  /** Which export it is; those of one name are the same. */
  readonly export?: string;
  readonly scope?: string;
  readonly pipeline?: string;
  /** Merged without these, which are staged all the same. */
  readonly failing?: readonly number[];
  /** Without reading the export anew. */
  readonly isMergeOnly?: boolean;
  readonly vanished?: object;
}

/** The same is true of records that are all read, and of those that are found to be as they were. */
for (const isSkipping of [false, true])
  onEachDatabase((database) => {
    const flowsOf = ({ ids, failing = [], isMergeOnly, ...snapshot }: Snapshot) => {
      const whole = { scope: snapshot.scope ?? "all", identity: snapshot.export ?? ids.join() };
      const rows = ids.map((id) => ({ id: String(id) }));
      const staged = flowOf({
        name: "staged",
        source: sourceOf(async function* (context) {
          context.reads(whole);
          yield batchOf(rows);
        }),
        sink: stage(postgresCopy, {
          table: "staged",
          mode: "replace",
          create: { columns: { id: "int" } },
        }),
      });
      const merged = flowOf({
        name: "merged",
        source: isSkipping
          ? stage(postgres, {
              sql: `select id, 'n' as name from staged where id <> all ('{${failing.join()}}')`,
              unchanged: {
                track: "kept_track",
                table: "kept",
                key: { id: "id" },
                ignore: [],
                hash: "input_hash",
                order_by: [],
              },
            })
          : sourceOf([
              batchOf(
                ids
                  .filter((id) => !failing.includes(id))
                  .map((id) => ({ id: String(id), name: "n" })),
              ),
            ]),
        sink: stage(postgresUpsert, {
          table: "kept",
          key: ["id"],
          track: "kept_track",
          ...(isSkipping ? { track_input: "input_hash" } : {}),
          commit_rows: 50_000,
          parallel: 1,
          vanished: {
            action: "report",
            of: "staged",
            // A record may be told twice: as staged, and as set aside. Not all need be read.
            present:
              "select id from staged where id in (select id from missing) union all select id from staged",
            after_exports: 2,
            max: "50%",
            along: [],
            ...snapshot.vanished,
          },
        }),
        rejects: allowing(100),
      });
      return isMergeOnly ? [merged] : [staged, merged];
    };
    const load = async (snapshot: Snapshot) => {
      const name = snapshot.pipeline ?? "mine";
      const summary = await run(database(), flowsOf(snapshot), { name });
      assert.equal(summary.status, "done", messageOf(summary.error));
      const flow = summary.flows.at(-1);
      return { ...summary, flow, vanished: flow?.vanished, deleted: flow?.deleted };
    };
    const ids = async () =>
      (await rowsOf(database(), "select id from kept order by id")).map(({ id }) => id);
    const findings = async (number: string | undefined) =>
      rowsOf(
        database(),
        `select kind, key, new as missed from runner.finding where run = ${number} order by kind, key`,
      );
    const DELETE = {
      action: "delete",
      keep_when: "judged",
      along: [{ table: "notes", column: "of_row", of: "id" }],
    };

    describe(
      isSkipping ? "vanished rows, where what is unchanged is not read" : "vanished rows",
      () => {
        before(() => execute(database(), "create table notes (of_row int, text text);"));
        beforeEach(() =>
          execute(
            database(),
            `drop table if exists kept, kept_track, kept_track_written;
         create table kept (id int primary key, name text, judged boolean default false);
         truncate notes;
         create schema if not exists runner;
         do $$ begin
           if to_regclass('runner.run') is not null then delete from runner.run; end if;
         end $$;`,
          ),
        );

        test("are none because they are not among a few repaired records", async () => {
          await load({ ids: [1, 2, 3] });
          const replay = join(database().folder, "repaired.ndjson");
          const fields = { id: "4", name: "n", ...(isSkipping ? { input_hash: "" } : {}) };
          await writeFile(replay, `${JSON.stringify({ flow: "merged", fields })}\n`);
          const again = await run(database(), flowsOf({ ids: [1, 2, 3] }), {
            name: "mine",
            replay,
          });
          assert.equal(again.status, "done", messageOf(again.error));
          assert.deepEqual([again.flows[0]?.inserted, again.flows[0]?.vanished], [1, 0]);
          assert.deepEqual(
            await rowsOf(database(), `select track from runner.seen where run = ${again.run}`),
            [],
          );
          assert.deepEqual(await ids(), [1, 2, 3, 4]);
        });

        test("are counted, listed and left as they are, in every run until they come back", async () => {
          assert.equal((await load({ ids: [1, 2, 3] })).vanished, 0);
          const { vanished, flow, said, run: number } = await load({ ids: [1] });
          assert.equal(vanished, 2);
          assert.deepEqual([flow?.read, flow?.unchanged], [1, 1]);
          assert.deepEqual(said, [
            [
              "2 rows of `kept` are no longer in the export of flow `staged`: 2 left as they are. For example:",
              "  2: missed in 1 export",
              "  3: missed in 1 export",
              `All are in runner.finding: select * from runner.finding where run = ${number} and kind in ('vanished', 'deleted');`,
            ].join("\n"),
          ]);
          assert.deepEqual(await findings(number), [
            { kind: "vanished", key: "2", missed: "missed in 1 export" },
            { kind: "vanished", key: "3", missed: "missed in 1 export" },
          ]);
          assert.deepEqual(
            await rowsOf(
              database(),
              `select vanished::int from runner.flow where run = ${number} and flow = 'merged'`,
            ),
            [{ vanished: 2 }],
          );
          assert.equal((await load({ ids: [1, 3] })).vanished, 1);
          assert.equal((await load({ ids: [1, 2, 3] })).vanished, 0);
          assert.deepEqual(await ids(), [1, 2, 3]);
        });

        test("of an export that is read again are said to be missed in none other yet", async () => {
          await load({ ids: [1, 2], export: "a" });
          const { run: number } = await load({ ids: [1], export: "a" });
          assert.deepEqual(await findings(number), [
            { kind: "vanished", key: "2", missed: "not yet missed in another whole export" },
          ]);
        });

        test("that only failed this time, and are in the export, have not vanished", async () => {
          await load({ ids: [1, 2, 3] });
          assert.equal((await load({ ids: [1, 2, 3], export: "b", failing: [2] })).vanished, 0);
          assert.equal((await load({ ids: [1, 2, 3], export: "c", failing: [2] })).vanished, 0);
          // Missed for the first time, although it failed before.
          const { run: number } = await load({ ids: [1, 3], vanished: DELETE });
          assert.deepEqual(await findings(number), [
            { kind: "vanished", key: "2", missed: "missed in 1 export" },
          ]);
        });

        test("are deleted when two different exports miss them, after what hangs on them; the finding has the row", async () => {
          await load({ ids: [1, 2, 3, 4] });
          await execute(
            database(),
            `update kept set judged = true where id = 3;
         insert into notes values (1, 'one'), (2, 'two'), (3, 'three');`,
          );
          const before = await rowsOf(database(), "select * from kept order by id");
          assert.equal((await load({ ids: [1, 4], vanished: DELETE })).vanished, 2);
          // The same export again is no other one.
          assert.equal((await load({ ids: [1, 4], vanished: DELETE })).vanished, 2);
          assert.deepEqual(await ids(), [1, 2, 3, 4]);
          const {
            vanished,
            deleted,
            said,
            run: number,
          } = await load({
            ids: [1, 4],
            export: "later",
            vanished: DELETE,
          });
          assert.deepEqual([vanished, deleted], [2, 1]);
          assert.deepEqual(await ids(), [1, 3, 4]);
          assert.deepEqual(
            (await rowsOf(database(), "select of_row from notes order by 1")).map(
              (row) => row.of_row,
            ),
            [1, 3],
          );
          assert.match(
            said.join("\n"),
            /^2 rows of `kept` are no longer in the export of flow `staged`: 1 deleted, 1 left as it is\. For example:\n {2}3: missed in 2 exports, kept, as `keep_when` says\n {2}2: deleted\n/,
          );
          await execute(
            database(),
            `insert into kept select (jsonb_populate_record(null::kept, old::jsonb)).* from runner.finding where run = ${number} and kind = 'deleted'`,
          );
          assert.deepEqual(await rowsOf(database(), "select * from kept order by id"), before);
        });

        test("stay where a person has corrected a value that was written, however many exports miss them", async () => {
          await load({ ids: [1, 2, 3] });
          await execute(database(), "update kept set name = 'mine' where id = 2");
          await load({ ids: [1] });
          const { said } = await load({ ids: [1], export: "later", vanished: DELETE });
          assert.deepEqual(await ids(), [1, 2]);
          assert.match(
            said.join("\n"),
            /2: missed in 2 exports, kept, as a person has corrected it\n/,
          );
        });

        test("are shown by a plan, which deletes none", async () => {
          await load({ ids: [1, 2, 3] });
          await load({ ids: [1, 3] });
          const plan = planOf(
            database(),
            flowsOf({ ids: [1, 3], export: "later", vanished: DELETE }),
            {
              name: "mine",
            },
          );
          const { flows, status, error } = await rehearsePipeline(plan, {
            database: database().opened,
            lockTimeoutSecs: 10,
            signal: new AbortController().signal,
            log: { info: () => undefined, warn: () => undefined },
          });
          assert.equal(status, "done", messageOf(error));
          const [finding] = flows[1]?.findings ?? [];
          assert.deepEqual([flows[1]?.vanished, finding?.kind, finding?.key], [1, "deleted", "2"]);
          assert.deepEqual(await ids(), [1, 2, 3]);
        });

        test("are never deleted when there are more than `max`, or when the server refuses", async () => {
          await load({ ids: [1, 2, 3, 4] });
          await load({ ids: [1] });
          const many = await load({ ids: [1], export: "b", vanished: DELETE });
          assert.equal(many.vanished, 3);
          assert.deepEqual(many.said, [
            [
              "3 rows of `kept` are no longer in the export of flow `staged`; none was deleted: 3 of 4 are more than `vanished: { max: 50% }` allows. Look at them, and allow more in one run if they are right to go.",
              `All are in runner.finding: select * from runner.finding where run = ${many.run} and kind in ('vanished', 'deleted');`,
            ].join("\n"),
          ]);
          await execute(
            database(),
            `create table children (id int references kept);
         insert into children values (2);`,
          );
          const refused = await load({
            ids: [1],
            export: "c",
            vanished: { ...DELETE, max: "any" },
          });
          assert.match(
            refused.said.join("\n"),
            /None was deleted: the server refuses it: .* violates foreign key constraint "children_id_fkey"/,
          );
          assert.deepEqual(await ids(), [1, 2, 3, 4]);
          await execute(database(), "drop table children");
        });

        test("another query, another pipeline's rows and a run without the export make none", async () => {
          await load({ ids: [1, 2, 3] });
          assert.equal((await load({ ids: [1], scope: "less" })).vanished, 0);
          assert.equal((await load({ ids: [1], scope: "less", export: "again" })).vanished, 0);
          assert.equal((await load({ ids: [4], pipeline: "other" })).vanished, 0);
          // What is staged now is the other pipeline's.
          const only = await load({ ids: [4], isMergeOnly: true });
          assert.deepEqual(only.said, [
            "Flow `staged` has read no whole export for this pipeline, so no row of `kept` is looked at as vanished.",
          ]);
          assert.equal(only.vanished, 0);
          assert.equal((await load({ ids: [4], scope: "less", export: "third" })).vanished, 1);
        });

        test("a flow that fails, and what it had not read, make none", async () => {
          await load({ ids: [1, 2, 3] });
          const [staged, merged] = flowsOf({ ids: [1] });
          assert.ok(staged && merged);
          const failing = flowOf({
            name: "staged",
            source: sourceOf(async function* (context) {
              context.reads({ scope: "all", identity: "half" });
              yield batchOf([{ id: "1" }]);
              throw new Error("broken");
            }),
            sink: staged.sink,
          });
          const summary = await run(database(), [failing, merged], { name: "mine" });
          assert.equal(summary.status, "failed");
          const { vanished } = await load({ ids: [1, 2, 3], isMergeOnly: true });
          assert.equal(vanished, 0);
          assert.deepEqual(await ids(), [1, 2, 3]);
        });

        test("are those in the scope, and say nothing with `keep`", async () => {
          await load({ ids: [1, 2, 3] });
          assert.equal((await load({ ids: [1], vanished: { scope: "id <> 3" } })).vanished, 1);
          const kept = await load({ ids: [1], vanished: { action: "keep" } });
          assert.deepEqual([kept.vanished, kept.said], [0, []]);
        });

        test("that somebody deleted by hand are forgotten", async () => {
          await load({ ids: [1, 2] });
          await execute(database(), "delete from kept where id = 2");
          assert.equal((await load({ ids: [1] })).vanished, 0);
          for (const known of ["kept_track", "kept_track_written"])
            assert.deepEqual(await rowsOf(database(), `select id from ${known}`), [{ id: 1 }]);
        });

        test("need a track table", async () => {
          const [, merged] = flowsOf({ ids: [1] });
          assert.ok(merged);
          const options = { ...merged.sink.options, track: undefined };
          const { error } = await run(database(), [
            flowOf({ source: merged.source, sink: stage(postgresUpsert, options) }),
          ]);
          assert.equal((error as RunnerError).code, "vanished_needs_track");
        });
      },
    );
  });
