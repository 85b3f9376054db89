/** `runner init`: what it writes is a pipeline that validates, and loads. */

import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { begin, unlessLeft } from "../../src/commands/init.ts";
import { beginningOf, pipelineName } from "../../src/scaffold/begin-with.ts";
import { copyTemplate } from "../support/database.ts";
import { runRunner } from "../support/runner.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const KEY = "50c9509d-22c7-4a22-a47d-8c48425ef4a7";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

const init = (...words: string[]) =>
  runRunner(["init", ...words], { cwd: folder, environment: { DATABASE_URL: "", GBIF_EMAIL: "" } });

const written = (path: string) => readFile(join(folder, path), "utf8");

describe("for an archive", () => {
  beforeEach(() => cp(join(root, "samples/demo.zip"), join(folder, "0012150-26.zip")));

  test("init writes a pipeline that validates as it is, and loads all records", async () => {
    const { code, stdout, stderr } = await init("0012150-26.zip", "--name", "Mes papillons");
    assert.equal(stderr, "");
    assert.match(stdout, /^Written: pipelines\/mes_papillons\.yaml\.$/m);
    assert.match(stdout, /^pipelines\/mes_papillons\.yaml: 2 flows, all right\.$/m);
    assert.equal(code, 0);
    await copyTemplate(join(folder, "pipelines", ".runner", "db"));
    const run = await runRunner(["pipelines/mes_papillons.yaml"], {
      cwd: folder,
      environment: { DATABASE_URL: "" },
    });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /^occurrence: 2,000 read, (1,99\d|2,000) inserted/m);
    assert.match(run.stderr, /^multimedia: 3,364 read, 3,364 inserted/m);
  });

  test("it has the schema for editors, ids, dates, the link's number and guessed types", async () => {
    await init("0012150-26.zip", "--name", "moths");
    const text = await written("pipelines/moths.yaml");
    assert.match(text, /^# yaml-language-server: \$schema=\.\.\/schema\/pipeline\.schema\.json\n/);
    const schema = JSON.parse(await written("schema/pipeline.schema.json"));
    assert.equal(schema.title, "pipeline");
    const [occurrence, multimedia] = parse(text).flows;
    assert.deepEqual(occurrence.source, {
      dwca: { path: "../0012150-26.zip", table: "occurrence" },
    });
    assert.deepEqual(occurrence.transforms.slice(0, 2), [
      { parse_dates: { from: "eventDate", min: "date_min", max: "date_max", missing: null } },
      {
        extract_id: {
          from: "references",
          to: "id_inaturalist",
          pattern: "/observations/(\\d+)/?$",
          missing: null,
        },
      },
    ]);
    const { create, table } = occurrence.sink.postgres_copy;
    assert.equal(table, "moths.occurrence");
    assert.deepEqual(create.primary_key, ["gbif_id"]);
    const { gbif_id, individual_count, catalog_number, taxon_key, dataset_key, date_min } =
      create.columns;
    assert.deepEqual(
      [gbif_id, individual_count, catalog_number, taxon_key, dataset_key, date_min],
      ["bigint", "integer", "text", "text", "uuid", "timestamp"],
    );
    assert.equal(multimedia.sink.postgres_copy.create.primary_key, undefined);
    // The number of a photo, which is not that of the observation.
    assert.equal(multimedia.sink.postgres_copy.create.columns.id_inaturalist_photos, "bigint");
  });

  test("init never overwrites a pipeline, except with --force", async () => {
    await mkdir(join(folder, "pipelines"));
    await writeFile(join(folder, "pipelines/moths.yaml"), "mine\n");
    const { code, stderr } = await init("0012150-26.zip", "--name", "moths");
    assert.match(
      stderr,
      /^pipelines\/moths\.yaml is there already, and nothing was written\. Give the pipeline another name with `--name`, or overwrite the file with `--force`\.$/m,
    );
    assert.equal(code, 2);
    assert.equal(await written("pipelines/moths.yaml"), "mine\n");
    assert.equal((await init("0012150-26.zip", "--name", "moths", "--force")).code, 0);
    assert.match(await written("pipelines/moths.yaml"), /^name: moths$/m);
  });
});

describe("of the tables of an archive", () => {
  const withTables = async (occurrence: string, multimedia: string, second = "references") => {
    const table = (kind: string, type: string, { file, term }: { file: string; term: string }) =>
      `<${kind} rowType="http://rs.tdwg.org/dwc/terms/${type}" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" ignoreHeaderLines="1"><files><location>${file}</location></files><${kind === "core" ? "id" : "coreid"} index="0"/><field index="0" term="http://rs.gbif.org/terms/1.0/gbifID"/><field index="1" term="http://purl.org/dc/terms/${term}"/></${kind}>`;
    await mkdir(join(folder, "archive"));
    await writeFile(
      join(folder, "archive/meta.xml"),
      `<archive xmlns="http://rs.tdwg.org/dwc/text/">${table("core", "Occurrence", { file: "occurrence.txt", term: second })}${table("extension", "Multimedia", { file: "multimedia.txt", term: "references" })}</archive>`,
    );
    const head = (term: string) => `gbifID\t${term}\n`;
    await writeFile(join(folder, "archive/occurrence.txt"), head(second) + occurrence);
    await writeFile(join(folder, "archive/multimedia.txt"), head("references") + multimedia);
    return init("archive", "--name", "moths");
  };

  test("one without records gets no flow, and init says so", async () => {
    const { code, stdout, stderr } = await withTables("1\ta\n", "");
    assert.equal(stderr, "");
    assert.match(stdout, /^multimedia has no records and was left out\.$/m);
    assert.match(stdout, /^pipelines\/moths\.yaml: 1 flow, all right\.$/m);
    assert.equal(code, 0);
  });

  test("ids have one type in all, though one has a space, dates are text, and no name needs quotes", async () => {
    const ids = Array.from({ length: 3 }, (_, index) => `${index + 1}\t2024-05-0${index + 1}\n`);
    await withTables(ids.join(""), "1\ta\n2 \tb\n1\tc\n", "eventDate");
    const { stdout } = await runRunner(["guess", "archive"], { cwd: folder });
    assert.match(stdout, /^ {2}`gbifID` leads to the core \(bigint\)\.$/m);
    assert.match(stdout, /^ {2}`gbifID` has "2 ", with spaces around it: loaded as the number\.$/m);
    const [occurrence, multimedia] = parse(await written("pipelines/moths.yaml")).flows.map(
      (flow: { sink: { postgres_copy: { create: { columns: unknown } } } }) =>
        flow.sink.postgres_copy.create.columns,
    );
    assert.deepEqual([occurrence.gbif_id, multimedia.gbif_id], ["bigint", "bigint"]);
    assert.equal(occurrence.event_date, "text");
    await copyTemplate(join(folder, "pipelines", ".runner", "db"));
    const environment = { DATABASE_URL: "" };
    const run = await runRunner(["pipelines/moths.yaml"], { cwd: folder, environment });
    assert.equal(run.code, 0, run.stderr);
    const query = "select references_ from moths.occurrence join moths.multimedia using (gbif_id)";
    const words = ["sql", "pipelines/moths.yaml", `${query} order by 1`, "--csv"];
    const joined = await runRunner(words, { cwd: folder, environment });
    assert.deepEqual(joined.stdout.trim().split(/\r?\n/), ["references_", "a", "b", "c"]);
  });

  test("ids are text in all tables when one value is no number", async () => {
    await withTables("1\ta\n2\tb\n", "1\ta\n2x\tb\n");
    const text = await written("pipelines/moths.yaml");
    assert.equal(text.match(/gbif_id: text/g)?.length, 2);
    const { stdout } = await runRunner(["guess", "archive"], { cwd: folder });
    assert.match(stdout, /because of "2x": all tables have it as text\.$/m);
  });

  test("verbatim, the core once more, gets no flow, and init says so", async () => {
    const { stdout } = await init(join(root, "samples/demo.zip"), "--name", "moths");
    assert.match(
      stdout,
      /^verbatim has the records of occurrence once more, as they were published, and was left out\.$/m,
    );
  });

  test("nothing is written when all records are damaged, and init says why", async () => {
    const { code, stderr } = await withTables("1\n2\n", "");
    assert.match(
      stderr,
      /^No table of archive has records that can be read, so there is no pipeline for it: occurrence has only damaged records \(2\): The line has 1 field, the table has 2\.$/m,
    );
    assert.equal(code, 2);
    await assert.rejects(written("pipelines/moths.yaml"), { code: "ENOENT" });
  });
});

test("columns with names that no table can have are renamed, which is said once and in the pipeline, and load", async () => {
  const long =
    "Qui a fait cette observation, avec quelles autres personnes, et pour quel organisme";
  await writeFile(
    join(folder, "mes obs.csv"),
    `id;Order;order;xmin;${long} (1);${long} (2);eventDate;date_min\n1;a;b;3;c;d;2024-05;x\n`,
  );
  const { code, stdout } = await init("mes obs.csv");
  assert.equal(code, 0, stdout);
  const told = stdout.split("\n").filter((line) => / → /.test(line));
  assert.equal(told.length, 6);
  assert.match(
    stdout,
    /^ {2}`order` → `order__2`: `order_` is the name of another column \(mes_obs\)$/m,
  );
  const text = await written("pipelines/mes_obs.yaml");
  assert.match(text, /^ +xmin_: xmin # `xmin` is a word of SQL$/m);
  await copyTemplate(join(folder, "pipelines", ".runner", "db"));
  const environment = { DATABASE_URL: "" };
  const run = await runRunner(["pipelines/mes_obs.yaml"], { cwd: folder, environment });
  assert.equal(run.code, 0, run.stderr);
  const query = "select order_, order__2, xmin_, date_min, date_min_2 from mes_obs.mes_obs";
  const words = ["sql", "pipelines/mes_obs.yaml", query, "--csv"];
  const { stdout: rows } = await runRunner(words, { cwd: folder, environment });
  assert.equal(rows.split("\n")[1], "a;b;3;x;2024-05-01 00:00:00");
});

test("a table as French people keep it gets what its dates and decimal commas need, and no id of iNaturalist from links to photos", async () => {
  await writeFile(
    join(folder, "obs.csv"),
    "id;date;photo;lat\n1;12/05/2023;https://www.inaturalist.org/photos/7;48,86\n2;05/2023;https://www.inaturalist.org/photos/8;-2\n3;13.05.2023 14:30;;0,5\n",
  );
  const { code, stdout } = await init("obs.csv");
  assert.equal(code, 0, stdout);
  const [flow] = parse(await written("pipelines/obs.yaml")).flows;
  const [dates, numbers, photo] = flow.transforms;
  assert.deepEqual(numbers, { parse_numbers: { columns: ["lat"] } });
  assert.equal(flow.sink.postgres_copy.create.columns.lat, "numeric");
  assert.deepEqual(dates.parse_dates, {
    from: "date",
    min: "date_min",
    max: "date_max",
    day_first: true,
    missing: null,
  });
  assert.equal(photo.extract_id.to, "id_inaturalist_photos");
  const preview = await runRunner(["preview", "pipelines/obs.yaml", "--csv"], {
    cwd: folder,
    environment: { DATABASE_URL: "" },
  });
  assert.match(
    preview.stdout,
    /^3;13\.05\.2023 14:30;;0.5;2023-05-13 14:30:00;2023-05-13 14:30:00;$/m,
  );
});

test("a text that is no UTF-8 gets its encoding into the pipeline, guessed and said, or as it is given", async () => {
  await writeFile(join(folder, "lieux.csv"), Buffer.from("id,lieu\n1,Forêt\n2,Paris\n", "latin1"));
  const { code, stdout } = await init("lieux.csv");
  assert.equal(code, 0, stdout);
  assert.match(
    stdout,
    /^lieux: It is not in UTF-8; read as windows-1252, a guess: is "1,Forêt" right\? If not, `runner init` takes `--encoding`\.$/m,
  );
  const text = await written("pipelines/lieux.yaml");
  assert.match(text, /^ {4}# It is not in UTF-8; read as windows-1252, a guess: .*\n {4}source: /m);
  const source = { path: "../lieux.csv", encoding: "windows-1252" };
  assert.deepEqual(parse(text).flows[0].source, { csv: source });
  const environment = { DATABASE_URL: "" };
  const preview = ["preview", "pipelines/lieux.yaml", "--csv"];
  const { stdout: rows } = await runRunner(preview, { cwd: folder, environment });
  assert.match(rows, /^1;Forêt$/m);
  await init("lieux.csv", "--name", "mac", "--encoding", "macintosh");
  assert.match(
    await written("pipelines/mac.yaml"),
    /csv: \{ path: \.\.\/lieux\.csv, encoding: macintosh \}/,
  );
  const useless = await init(KEY, "--encoding", "macintosh");
  assert.equal(useless.code, 2);
  assert.match(useless.stderr, /GBIF's answer to a query is always UTF-8/);
});

test("a text file by itself gets the source csv, told that nothing is enclosed where tabs separate its values", async () => {
  await writeFile(join(folder, "tabs.txt"), 'id\tname\n1\tsaid "so\n2\tb\n');
  assert.equal((await init("tabs.txt")).code, 0);
  const text = await written("pipelines/tabs.yaml");
  assert.deepEqual(parse(text).flows[0].source, { csv: { path: "../tabs.txt", quote: null } });
  assert.doesNotMatch(text, /archive|dwca/);
  const { stdout } = await runRunner(["preview", "pipelines/tabs.yaml", "--json"], {
    cwd: folder,
    environment: { DATABASE_URL: "" },
  });
  assert.match(stdout, /said \\"so/);
});

test("a few values that are not as the others are told: they are set aside in a run, or make text of a column; so is a key that is none", async () => {
  const rows = [
    "1;03/05/2024;12,5;1;",
    "2;04/05/2024;12,75;2;",
    "2;été 2024;13;env. 300;",
    "4;05/05/2024;haut;4;",
    "5;06/05/2024;1 013,5;5;",
  ];
  await writeFile(
    join(folder, "mes-obs.csv"),
    `id_obs;date_obs;altitude;nombre;code\n${rows.join("N12\n").replace("N12", "12")}12\n`,
  );
  const doubts = [
    '`date_obs` has one value that is no date: "été 2024". A run sets such records aside (`bad_date`).',
    '`altitude` has one value that is no number: "haut". A run sets such records aside (`bad_number`).',
    '`nombre` is text because of one value that is no number: "env. 300". `parse_numbers` would read the others, and set such records aside.',
    '`id_obs` cannot be the `primary_key`: "2" is there twice.',
  ];
  const { stdout } = await init("mes-obs.csv");
  assert.deepEqual(stdout.split("\n").slice(1, 6), [
    "Its name is `mes_obs`, not `mes-obs`: letters of a to z, digits and _ only, a letter first.",
    ...doubts.map((doubt) => `mes_obs: ${doubt}`),
  ]);
  const text = await written("pipelines/mes_obs.yaml");
  assert.match(text, /^ +nombre: text # because of one value that is no number: "env\. 300"$/m);
  assert.match(text, /^ +date_obs: text$/m);
  assert.match(text, /^ +rejects: \{ max: 1%, bad_date: 20%, bad_number: 20% \}$/m);
  const { stdout: guess } = await runRunner(["guess", "mes-obs.csv"], { cwd: folder });
  for (const doubt of doubts) assert.ok(guess.replaceAll(/\n +/g, " ").includes(doubt), doubt);
  // What a number of names is else needs no word: a catalogue number has a letter sooner or later.
  assert.doesNotMatch(guess, /`code` is text/);
  const run = await runRunner(["pipelines/mes_obs.yaml"], {
    cwd: folder,
    environment: { DATABASE_URL: "" },
  });
  assert.match(run.stderr, /5 read, 3 inserted, 2 rejected \(1 bad_date, 1 bad_number\)/);
});

test("what is damaged in an archive does not stop the pipeline that is made for it, and is said", async () => {
  await writeFile(join(folder, "a.csv"), "id,name\n1,a\n2\n3,c\n");
  const { stdout } = await init("a.csv");
  assert.match(
    stdout,
    /^a: 1 of 3 records is damaged: The line has 1 field, the table has 2\. Up to 34% may be set aside \(`rejects`\)\.$/m,
  );
  const text = await written("pipelines/a.yaml");
  assert.match(text, /^ {4}# 1 of 3 records is damaged: .*\n {4}rejects: \{ max: 34% \}$/m);
  assert.equal(parse(text).flows.length, 1);
});

describe("for a data set of GBIF", () => {
  test("init writes query and pipeline, and copies all that it includes", async () => {
    const { code, stdout, stderr } = await init(KEY.toUpperCase(), "--name", "naturalists");
    assert.equal(stderr, "");
    assert.match(
      stdout,
      /^Written: pipelines\/naturalists\.yaml, pipelines\/queries\/naturalists\.json\.$/m,
    );
    assert.match(stdout, /^Copied along: \d+ files in pipelines\/flows, /m);
    assert.match(
      stdout,
      /^pipelines\/naturalists\.yaml: \d+ flows, all right\. Needs to run: GBIF_EMAIL\.$/m,
    );
    assert.equal(code, 0);
    const { predicate } = JSON.parse(await written("pipelines/queries/naturalists.json"));
    assert.deepEqual(predicate.predicates.at(-1), {
      type: "equals",
      key: "DATASET_KEY",
      value: KEY,
    });
    // iNaturalist's observations need the uuids that only it knows.
    const text = await written("pipelines/naturalists.yaml");
    assert.match(text, /include: flows\/inaturalist-uuids\.yaml/);
    assert.match(text, /\$\{NATURALISTS_ARCHIVE:-\}/);
    assert.doesNotMatch(text, /queries\/inat\.json|INAT_ARCHIVE/);
  });

  test("shared files that are there already stay as they are, and it says which differ", async () => {
    await mkdir(join(folder, "pipelines/sinp"), { recursive: true });
    await writeFile(join(folder, "pipelines/sinp/README"), "mine");
    await cp(join(root, "pipelines/sinp"), join(folder, "pipelines/sinp"), { recursive: true });
    const own = `${await written("pipelines/sinp/fields.csv")}\n`;
    await writeFile(join(folder, "pipelines/sinp/fields.csv"), own);
    const { stdout } = await init(KEY, "--force");
    assert.match(
      stdout,
      /^Yours differ from this version's, and stay as they are: pipelines\/sinp\/fields\.csv\.$/m,
    );
    assert.equal(await written("pipelines/sinp/fields.csv"), own);
  });
});

test("for a query file, init leads to it where it is", async () => {
  await cp(join(root, "pipelines/queries/observations.json"), join(folder, "my query.json"));
  const { code, stdout } = await init("my query.json", "--into", "project");
  assert.equal(code, 0, stdout);
  const [staging] = parse(await written("project/pipelines/my_query.yaml")).flows;
  assert.equal(staging.with.query, "../../my query.json");
});

test("without a terminal, init says what it must be told", async () => {
  const { code, stderr } = await init();
  assert.match(
    stderr,
    /^Say what to begin with: `runner init KEY` \(a data set of GBIF\), `runner init query\.json` or `runner init archive\.zip`\.$/m,
  );
  assert.equal(code, 2);
  const { stderr: unknown } = await init("50c9509d-22c7");
  assert.match(
    unknown,
    /^"50c9509d-22c7" is no key of a data set \(such as 50c9509d-22c7-4a22-a47d-8c48425ef4a7\), and there is no such file or folder\.$/m,
  );
});

test("a person is asked what they have, for a name, and before a file is overwritten", async () => {
  const asked: string[] = [];
  const answers = (...given: string[]) => ({
    signal: new AbortController().signal,
    ask: async (question: string, fallback?: string) => {
      asked.push(question.split("\n")[0] ?? "");
      return given.shift() ?? fallback ?? "";
    },
  });
  const flags = { into: folder };
  const { pipeline } = await begin(undefined, flags, answers(KEY));
  assert.equal(pipeline, join(folder, "pipelines/dataset_50c9509d.yaml"));
  await assert.rejects(begin(KEY, flags, answers("Dataset 50c9509d", "no")), {
    code: "init_exists",
  });
  await begin(KEY, flags, answers("dataset_50c9509d", "oui", "oui"));
  assert.deepEqual(
    asked.map((question) => question.replace(/^\S*\/(\w+\.\w+) is/, "$1 is")),
    [
      "What do you have? One of:",
      "A name for the pipeline?",
      "A name for the pipeline?",
      "dataset_50c9509d.yaml is there already. Overwrite it? (yes/no)",
      "A name for the pipeline?",
      "dataset_50c9509d.yaml is there already. Overwrite it? (yes/no)",
      "dataset_50c9509d.json is there already. Overwrite it? (yes/no)",
    ],
  );
});

test("who answers a question with Ctrl-C or Ctrl-D leaves, with the exit code of an interrupt", async () => {
  for (const key of ["\x03", "\x04"]) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const lines = createInterface({ input, output, terminal: true });
    const { signal } = new AbortController();
    const left = unlessLeft(async () => {
      await lines.question("What?", { signal });
      return 0;
    }, signal);
    input.write(key);
    assert.equal(await left, 130);
    lines.close();
  }
});

test("a wrong path is asked again, and the key of a download is told for what it is", async () => {
  const given = ["none.zip", KEY, "again"];
  const ask = async () => given.shift() ?? "";
  const { pipeline } = await begin(
    "nowhere.zip",
    { into: folder },
    { ask, signal: AbortSignal.any([]) },
  );
  assert.equal(pipeline, join(folder, "pipelines/again.yaml"));
  await assert.rejects(beginningOf("0012150-260108223611665"), {
    message:
      "0012150-260108223611665 is the key of a download. Fetch its archive, https://api.gbif.org/v1/occurrence/download/request/0012150-260108223611665.zip, and give the file.",
  });
});

test("names are letters, digits and underscores, and begin with a letter", async () => {
  assert.equal(pipelineName("Réserve de l'Île-Barbe"), "reserve_de_l_ile_barbe");
  assert.equal(pipelineName("0012150-26"), "data_0012150_26");
  assert.equal(pipelineName("···"), "data");
  assert.deepEqual(await beginningOf("https://x.org/a/Moths.ZIP?x=1"), {
    kind: "archive",
    value: "https://x.org/a/Moths.ZIP?x=1",
    name: "Moths",
  });
});
