import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { fileLabel } from "../src/core/place.ts";
import { rehearsePipeline } from "../src/rehearsal.ts";
import { type RunSummary, runPipeline } from "../src/runner.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "./support/database.ts";
import { planFrom } from "./support/plan.ts";

const quiet = { info: () => undefined, warn: () => undefined };

const go = async (
  yaml: string,
  database: TestDatabase,
  replay?: string,
): Promise<RunSummary & { said: string[] }> => {
  const said: string[] = [];
  const summary = await runPipeline(await planFrom(yaml, database), {
    database: database.opened,
    replay: replay && join(database.folder, replay),
    signal: new AbortController().signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(`Warning: ${text}`) },
  });
  return { ...summary, said };
};

/** The rejects of a run with their fields repaired, as a file of that name. */
const repaired = async (
  { rejectFile }: RunSummary,
  file: string,
  repair: (fields: Record<string, string | null>) => Record<string, string | null>,
): Promise<void> => {
  const lines = (await readFile(rejectFile ?? assert.fail(), "utf8")).trim().split("\n");
  const mended = lines.map((line) => {
    const reject = JSON.parse(line);
    if ("columns" in reject) return `${line}\n`;
    return `${JSON.stringify({ ...reject, fields: repair(reject.fields) })}\n`;
  });
  await writeFile(file, mended.join(""));
};

/** For each kind of source: what is read, with a record whose date is none. */
const SOURCES: Record<string, (database: TestDatabase) => Promise<string>> = {
  csv: async ({ folder }) => {
    await writeFile(join(folder, "in.csv"), 'id,day\n1,2024-01-01\n2,"some day"\n');
    return "csv: { path: in.csv }";
  },
  dwca: async ({ folder }) => {
    await writeFile(join(folder, "in.txt"), "id\tday\n1\t2024-01-01\n2\tsome day\n");
    return "dwca: { path: in.txt }";
  },
  json: async ({ folder }) => {
    const records = '[{"id":1,"at":{"day":"2024-01-01"}},{"id":2,"at":{"day":"some day"}}]';
    await writeFile(join(folder, "in.json"), records);
    return "json: { path: in.json, columns: { id: id, day: at.day } }";
  },
  postgres: async (database) => {
    await execute(
      database,
      "create table if not exists staged as select * from (values (1, '2024-01-01'), (2, 'some day')) as t (id, day)",
    );
    return 'postgres: { sql: "select id, day from staged order by id" }';
  },
};

const pipeline = (name: string, source: string, sink: string, rejects = "{ max: any }") => `
name: ${name}
flows:
  - name: load
    source: { ${source} }
    transforms:
      - parse_dates: { from: day, min: first, max: last }
      - project: { columns: { id: id, first: first } }
    sink: { ${sink} }
    rejects: ${rejects}
`;

const created = (table: string) =>
  `table: ${table}, create: { columns: { id: int, first: timestamp }, primary_key: [id] }`;

const SINKS = {
  replace: (table: string) => `postgres_copy: { mode: replace, ${created(table)} }`,
  append: (table: string) => `postgres_copy: { mode: append, ${created(table)} }`,
  upsert: (table: string) => `postgres_upsert: { key: [id], ${created(table)} }`,
};

onEachDatabase((database) => {
  describe("repaired records", () => {
    for (const [source, make] of Object.entries(SOURCES)) {
      for (const [mode, sink] of Object.entries(SINKS)) {
        test(`of ${source} go through the flow's transforms and are added to the table (${mode}), once`, async () => {
          const table = `again_${source}_${mode}`;
          const yaml = pipeline(table, await make(database()), sink(table));
          const first = await go(yaml, database());
          assert.equal(first.status, "done", messageOf(first.error));
          assert.deepEqual(first.flows[0]?.rejectedByCode, [["bad_date", 1]]);
          const file = `${table}.ndjson`;
          await repaired(first, join(database().folder, file), (fields) => {
            assert.deepEqual(fields, { id: "2", day: "some day" });
            return { ...fields, day: "2024-02-29" };
          });
          const again = await go(yaml, database(), file);
          assert.equal(again.status, "done", messageOf(again.error));
          assert.deepEqual([again.flows[0]?.read, again.flows[0]?.inserted], [1, 1]);
          assert.doesNotMatch(again.said.join("\n"), /is changed/);
          const content = () =>
            rowsOf(database(), `select id, first::date::text as day from ${table} order by id`);
          const wanted = [
            { id: 1, day: "2024-01-01" },
            { id: 2, day: "2024-02-29" },
          ];
          assert.deepEqual(await content(), wanted);
          const third = await go(yaml, database(), file);
          assert.equal(third.status, "done", messageOf(third.error));
          assert.equal(third.flows[0]?.inserted, 0);
          assert.match(third.said.join("\n"), /^1 record of .* is loaded already/m);
          assert.deepEqual(await content(), wanted);
        });
      }
    }

    test("whose record was changed instead of its values are told to be as they were", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "showing.csv"), "id,day\n1,some day\n2,never\n");
      const yaml = pipeline("showing", "csv: { path: showing.csv }", SINKS.upsert("showing"));
      const first = await go(yaml, database());
      const lines = (await readFile(first.rejectFile ?? assert.fail(), "utf8")).trim().split("\n");
      const rejects = lines.map((line) => JSON.parse(line)).filter(({ fields }) => fields);
      const table = (record: (own: string) => string) =>
        [
          "reject_flow;reject_place;reject_id;reject_record;id;day",
          ...rejects.map(
            (one) =>
              `load;${one.place};${one.id};"${record(one.record)}";${one.fields.id};${one.fields.day}`,
          ),
        ].join("\n");
      await writeFile(
        join(folder, "showing-a.csv"),
        table((own) => own.replace(/,.*/, ",2024-01-01")),
      );
      const changed = await go(yaml, database(), "showing-a.csv");
      assert.equal(changed.flows[0]?.rejected, 2);
      assert.equal(
        changed.said[0],
        "Warning: `reject_record` is changed in showing-a.csv:2 and 1 other line. It only shows the record as it was: what is loaded is in the columns behind it.",
      );
      await writeFile(
        join(folder, "showing-b.csv"),
        table((own) => own),
      );
      const asItWas = await go(yaml, database(), "showing-b.csv");
      assert.doesNotMatch(asItWas.said.join("\n"), /is changed/);
    });

    for (const origin of ["kept", "undone", "unknown"] as const) {
      const what = {
        kept: "have the columns that the database knows",
        undone: "have the columns that the database knows although their flow was undone",
        unknown: "of another database are told to lack the line of columns",
      };
      test(`cut out of a run's own file ${what[origin]}`, async () => {
        const name = `cut_${origin}`;
        await writeFile(
          join(database().folder, "cut.csv"),
          "id,day,more\n1,2024-01-01,\n2,never,\n",
        );
        const source = "csv: { path: cut.csv }";
        const limit = origin === "undone" ? "{ max: 0 }" : "{ max: any }";
        const yaml = pipeline(name, source, SINKS.append(name), limit)
          .replace("first: first }", "first: first, more: more }")
          .replace("first: timestamp }", "first: timestamp, more: text }");
        const first = await go(yaml, database());
        assert.equal(first.status, origin === "undone" ? "failed" : "done");
        const lines = (await readFile(first.rejectFile ?? assert.fail(), "utf8")).split("\n");
        const cut = lines.filter((line) => line.includes("bad_date")).join("\n");
        await writeFile(
          join(database().folder, "cut.ndjson"),
          cut.replaceAll("never", "2023-05-01"),
        );
        // The same pipeline, as far as another database knows it.
        const there =
          origin === "unknown" ? yaml.replace(`name: ${name}`, "name: cut_there") : yaml;
        const again = await go(there, database(), "cut.ndjson");
        const said = again.said.join("\n");
        if (origin !== "unknown") {
          assert.equal(again.status, "done", messageOf(again.error));
          assert.equal(again.flows[0]?.inserted, 1);
          assert.doesNotMatch(said, /columns/);
        } else {
          assert.match(messageOf(again.error), /There is no column `more` here/);
          assert.match(
            said,
            /^Warning: .*cut\.ndjson has no line `\{"flow":"load","columns":\[…\]\}`, /m,
          );
        }
      });
    }

    test("may have blank lines at the end, and commas or tabs between; another separator is said", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "blank.csv"), "id,day\n1,a\n");
      const yaml = pipeline("blank", "csv: { path: blank.csv }", SINKS.append("blank"));
      const repairedAs = async (content: string) => {
        await writeFile(join(folder, "blank-repaired.csv"), content);
        return await go(yaml, database(), "blank-repaired.csv");
      };
      for (const content of [
        "reject_flow;id;day\nload;1;2024\n\n",
        "reject_flow;id;day\r\nload;2;2024\r\n;;\r\n\r\n",
        'reject_flow,"a;b",id,day\nload,x,3,2024\n\n',
        "reject_flow\tid\tday\nload\t4\t2024\n",
      ]) {
        const { error, flows } = await repairedAs(content);
        assert.equal(flows[0]?.inserted, 1, `${JSON.stringify(content)}: ${messageOf(error)}`);
      }
      const { error } = await repairedAs("reject_flow|id|day\nload|5|2024\n");
      assert.match(
        messageOf(error),
        /^blank-repaired\.csv:1 cannot be loaded again: the header has no column `reject_flow`, separated by semicolons, commas or tabs\./,
      );
    });

    test("are forgotten when their table is emptied by the next run, and may be loaded again", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "anew.csv"), "id,day\n1,2024-01-01\n2,some day\n");
      const yaml = pipeline("anew", "csv: { path: anew.csv }", SINKS.replace("anew"));
      const first = await go(yaml, database());
      await repaired(first, join(folder, "anew.ndjson"), (fields) => ({ ...fields, day: "2024" }));
      const ids = () => rowsOf(database(), "select id from anew order by id");
      for (const file of ["anew.ndjson", "renamed.ndjson", "changed.ndjson"]) {
        if (file !== "anew.ndjson") await copyFile(join(folder, "anew.ndjson"), join(folder, file));
        if (file === "changed.ndjson") {
          await repaired(first, join(folder, file), (fields) => ({ ...fields, day: "2023" }));
        }
        const replay = await go(yaml, database(), file);
        assert.equal(replay.flows[0]?.inserted, 1, `${file}: ${messageOf(replay.error)}`);
        assert.deepEqual(await ids(), [{ id: 1 }, { id: 2 }]);
        const path = fileLabel(join(folder, file));
        assert.ok(
          replay.said.includes(
            `The next run empties \`anew\` (\`mode: replace\`), this record with it: replay ${path} again after it.`,
          ),
          replay.said.join("\n"),
        );
        const next = await go(yaml, database());
        assert.deepEqual(next.said, [
          `Warning: \`anew\` is emptied, and 1 of its rows is a record that was repaired and replayed: replay ${path} again after this run.`,
        ]);
        assert.deepEqual([next.status, next.flows[0]?.rejected], ["done", 1]);
        assert.deepEqual(await ids(), [{ id: 1 }]);
        assert.deepEqual(
          await rowsOf(database(), "select * from runner.replayed where pipeline = 'anew'"),
          [],
        );
      }
    });

    test("are still known as loaded when the run that would empty their table fails", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "kept.csv"), "id,day\n1,2024-01-01\n2,some day\n");
      const source = "csv: { path: kept.csv }";
      const yaml = pipeline("kept", source, SINKS.replace("kept"));
      const first = await go(yaml, database());
      await repaired(first, join(folder, "kept.ndjson"), (fields) => ({ ...fields, day: "2024" }));
      await go(yaml, database(), "kept.ndjson");
      const strict = pipeline("kept", source, SINKS.replace("kept"), "{ max: 0 }");
      assert.equal((await go(strict, database())).status, "failed");
      assert.equal((await go(yaml, database(), "kept.ndjson")).flows[0]?.inserted, 0);
      assert.deepEqual(await rowsOf(database(), "select id from kept order by id"), [
        { id: 1 },
        { id: 2 },
      ]);
    });

    test("that are all wrong again are rejects of each run that brings them, with the same file too", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "worse.csv"), "id,day\n1,2024-01-01\n2,some day\n");
      for (const sink of ["append", "replace"] as const) {
        const name = `worse_${sink}`;
        const yaml = pipeline(name, "csv: { path: worse.csv }", SINKS[sink](name));
        const first = await go(yaml, database());
        const file = `${name}.ndjson`;
        await repaired(first, join(folder, file), (fields) => ({ ...fields, day: "no day" }));
        for (const _ of ["once", "again"]) {
          const replay = await go(yaml, database(), file);
          assert.deepEqual([replay.flows[0]?.inserted, replay.flows[0]?.rejected], [0, 1]);
          assert.doesNotMatch(replay.said.join("\n"), /nothing appended|next run/);
        }
      }
    });

    test("that are wrong again are rejects of this run; mended in the same file, they are loaded alone", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "three.csv"), "id,day\n1,a\n2,b\n3,c\n");
      await execute(database(), "create table if not exists twice (id int, first timestamp)");
      const yaml = pipeline(
        "twice",
        "csv: { path: three.csv }",
        "postgres_copy: { mode: append, table: twice }",
      );
      const first = await go(yaml, database());
      await repaired(first, join(folder, "half.ndjson"), (fields) =>
        fields.id === "3" ? fields : { ...fields, day: "2024-01-01" },
      );
      // A share of three records says nothing.
      const small = yaml.replace("{ max: any }", "{ max: 1% }");
      const half = await go(small, database(), "half.ndjson");
      assert.deepEqual([half.flows[0]?.inserted, half.flows[0]?.rejected], [2, 1]);
      await repaired(first, join(folder, "half.ndjson"), (fields) => ({
        ...fields,
        day: "2024-01-01",
      }));
      const whole = await go(yaml, database(), "half.ndjson");
      assert.deepEqual([whole.flows[0]?.inserted, whole.flows[0]?.unchanged], [1, 2]);
      assert.match(whole.said.join("\n"), /^2 records of .*half\.ndjson are loaded already, /m);
      assert.deepEqual(await rowsOf(database(), "select id from twice order by id"), [
        { id: 1 },
        { id: 2 },
        { id: 3 },
      ]);
    });

    test("whose columns somebody has misspelt or deleted are refused at that line, and nothing is loaded", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "names.csv"), "id,day,place\n1,a,Lyon\n2,b,Ain\n");
      const yaml = pipeline("names", "csv: { path: names.csv }", SINKS.append("names"));
      const first = await go(yaml, database());
      const table = (header: string) =>
        `reject_flow;reject_id;${header}\nload;;1;2024-01-01;Lyon\nload;;2;2024-01-02;Ain\n`;
      const refusal = async (content: string, file = "names-bad.csv") => {
        await writeFile(join(folder, file), content);
        const { status, error, flows } = await go(yaml, database(), file);
        assert.deepEqual([status, flows], ["failed", []]);
        return messageOf(error);
      };
      assert.equal(
        await refusal(table("id;daay;place")),
        "names-bad.csv:1 cannot be loaded again: unknown column `daay`, and `day` is missing. Did you mean `day`? Nothing was loaded; `runner rejects` exports what can.",
      );
      assert.equal(
        await refusal("reject_flow;id;day\nload;1;2024\n"),
        "names-bad.csv:1 cannot be loaded again: `place` is missing. Each column must stay, under its name. Nothing was loaded; `runner rejects` exports what can.",
      );
      const lines = (await readFile(first.rejectFile ?? assert.fail(), "utf8")).trim();
      assert.match(
        await refusal(lines.replace('"place":"Ain"', '"palce":"Ain"'), "names-bad.ndjson"),
        /^names-bad\.ndjson:3 cannot be loaded again: unknown column `palce`\. Did you mean `place`\?/,
      );
      assert.match(
        await refusal(table("id;day;place").replaceAll("load;;", "load;1.2E+19;")),
        /^names-bad\.csv:2 .* its `reject_id`, "1\.2E\+19", is no name of a reject: export it again/,
      );
      const [, one = ""] = lines.split("\n");
      assert.match(
        await refusal(`${one}\n${one}\n`, "names-bad.ndjson"),
        /^names-bad\.ndjson:2 cannot be loaded again: it is the same record as names-bad\.ndjson:1\./,
      );

      await writeFile(
        join(folder, "names-noted.csv"),
        table("id;day;place")
          .replace("place\n", "place;my note\n")
          .replace(/(Lyon|Ain)/g, "$1;x"),
      );
      const noted = await go(yaml, database(), "names-noted.csv");
      assert.equal(noted.flows[0]?.inserted, 2, messageOf(noted.error));
      assert.match(noted.said.join("\n"), /^Left out of .*names-noted\.csv, .*: `my note`\.$/m);
    });

    test("that are all loaded already are said to be, and no warning says that none got through", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "known.csv"), "id,day\n1,a\n");
      for (const mode of ["append", "upsert"] as const) {
        const yaml = pipeline(
          `known_${mode}`,
          "csv: { path: known.csv }",
          SINKS[mode](`k_${mode}`),
        );
        const first = await go(yaml, database());
        const mend = (day: string) =>
          repaired(first, join(folder, "known.ndjson"), (fields) => ({ ...fields, day }));
        await mend("2024-01-01");
        assert.equal((await go(yaml, database(), "known.ndjson")).flows[0]?.inserted, 1);
        // Not the same file to the letter, or the sink would know it as a whole.
        await mend("2024-01-02");
        const again = await go(yaml, database(), "known.ndjson");
        assert.equal(again.status, "done", messageOf(again.error));
        assert.match(
          again.said.join("\n"),
          /^1 record of .* is loaded already, .*: left as it is\.$/,
        );
        const [{ read, unchanged, filtered } = assert.fail()] = again.flows;
        assert.deepEqual([read, unchanged, filtered], [1, 1, 0]);
      }
    });

    test("may come in a table as a spreadsheet saves it, and be planned first", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "sheet.csv"), "id,day\n1,a\n");
      const yaml = pipeline("sheet", "csv: { path: sheet.csv }", SINKS.append("sheet"));
      await go(yaml, database());
      await writeFile(
        join(folder, "sheet-repaired.csv"),
        '\ufeffreject_flow;id;day;note\r\nload;1;"2024-01-01";\r\n',
      );
      const rehearsal = await rehearsePipeline(await planFrom(yaml, database()), {
        database: database().opened,
        replay: join(folder, "sheet-repaired.csv"),
        signal: new AbortController().signal,
        log: quiet,
        lockTimeoutSecs: 5,
      });
      assert.deepEqual([rehearsal.error, rehearsal.flows[0]?.inserted], [undefined, 1]);
      const run = await go(yaml, database(), "sheet-repaired.csv");
      assert.equal(run.flows[0]?.inserted, 1);
      assert.deepEqual(
        await rowsOf(
          database(),
          `select replay is not null as is_replay from runner.run where run = ${run.run}`,
        ),
        [{ is_replay: true }],
      );
    });

    test("of a flow that failed whole are not remembered as loaded", async () => {
      const folder = database().folder;
      await writeFile(join(folder, "strict.csv"), "id,day\n1,a\n2,b\n");
      const source = "csv: { path: strict.csv }";
      const first = await go(pipeline("strict", source, SINKS.upsert("strict")), database());
      await repaired(first, join(folder, "strict.ndjson"), (fields) =>
        fields.id === "1" ? { ...fields, day: "2024-01-01" } : fields,
      );
      const strict = pipeline("strict", source, SINKS.upsert("strict"), "{ max: 0 }");
      assert.equal((await go(strict, database(), "strict.ndjson")).status, "failed");
      assert.deepEqual(
        await rowsOf(database(), "select * from runner.replayed where pipeline = 'strict'"),
        [],
      );
    });

    test("need a flow of the pipeline, values by column, and no value outside of them", async () => {
      const yaml = pipeline("wrong", "csv: { path: none.csv }", SINKS.append("wrong"));
      const failure = async (content: string) => {
        await writeFile(join(database().folder, "wrong.ndjson"), content);
        return messageOf((await go(yaml, database(), "wrong.ndjson")).error);
      };
      assert.match(
        await failure('{"flow":"laod","fields":{}}\n'),
        /^wrong\.ndjson:1: The pipeline has no flow `laod`\. Did you mean `load`\?/,
      );
      assert.match(
        await failure('{"flow":"load","fields":null}\n'),
        /^wrong\.ndjson:1 cannot be loaded again: it has no values by column/,
      );
      assert.match(
        await failure('{"fields":{"id":"1"}}\n'),
        /^wrong\.ndjson:1 .*nothing says of which flow it is/,
      );
      assert.match(
        await failure('{"flow":"load","fields":{"id":"1","(3)":"x"}}\n'),
        /`\(3\)` is no column/,
      );
      assert.match(await failure("\n"), /it has no record/);
    });

    test("cannot be added to a file that each run writes anew", async () => {
      const yaml = pipeline("filed", "csv: { path: none.csv }", "file: { path: out.tsv }");
      await writeFile(
        join(database().folder, "filed.ndjson"),
        '{"flow":"load","fields":{"id":"1","day":"2024"}}\n',
      );
      const { error } = await go(yaml, database(), "filed.ndjson");
      assert.match(messageOf(error), /out\.tsv is written anew by each run/);
    });
  });
});
