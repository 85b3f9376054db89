/** `validate` and the columns of files that are here. */

import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { loadPipeline } from "../../src/core/pipeline-file.ts";
import { components } from "../../src/registry.ts";

describe("the columns of a local input", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const flow = (name: string, source: string, column: string, path = "-") =>
    `  - name: ${name}\n    source: { ${source} }\n    transforms: [ { filter: { column: ${column}, present: true } } ]\n    sink: { file: { path: "${path}" } }\n`;
  const found = async (...flows: string[]) => {
    const file = join(folder, "p.yaml");
    await writeFile(file, `name: p\nflows:\n${flows.join("")}`);
    const { complaints, warnings } = await loadPipeline(file, {
      components,
      environment: {},
      isOffline: true,
    });
    return [...complaints, ...warnings]
      .filter(({ code }) => code !== "input_missing")
      .map(
        ({ place, message, isWarning }) =>
          `${place.line}: ${isWarning ? "Warning: " : ""}${message}`,
      );
  };

  test("are those of the file as it is now, also when it has changed since", async () => {
    const file = join(folder, "a.csv");
    await writeFile(file, "id,nam\n1,x\n");
    assert.deepEqual(await found(flow("a", "csv: { path: a.csv }", "name")), [
      "5: There is no column `name` here. Did you mean `nam`?",
    ]);
    await writeFile(file, "id,name\n1,x\n");
    await utimes(file, 1, 1);
    assert.deepEqual(await found(flow("a", "csv: { path: a.csv }", "name")), []);
  });

  test("are not known of a file that an earlier flow writes, whatever lies there now", async () => {
    await writeFile(join(folder, "made.csv"), "old\n1\n");
    await writeFile(join(folder, "a.csv"), "id\n1\n");
    const flows = [
      flow("first", "csv: { path: a.csv }", "id", "made.csv"),
      flow("second", "csv: { path: made.csv }", "id"),
    ];
    assert.deepEqual(await found(...flows), []);
  });

  test("are not known of what is not here, damaged, empty or a tar: the damaged one is a warning", async () => {
    await writeFile(join(folder, "damaged.zip"), "PK\u0003\u0004 and no more");
    await writeFile(join(folder, "empty.json"), "[]");
    await writeFile(join(folder, "nothing.zip"), "");
    await writeFile(join(folder, "a.tgz"), gzipSync("a tar"));
    const sources = [
      "dwca: { path: elsewhere.zip }",
      "dwca: { path: damaged.zip }",
      "dwca: { path: a.tgz }",
      "dwca: { path: nothing.zip }",
      "json: { path: empty.json }",
    ];
    const flows = sources.map((source, index) => flow(`f${index}`, source, "any"));
    const [warning = "", ...others] = await found(...flows);
    assert.match(
      warning,
      /^8: Warning: damaged\.zip is damaged or was cut off: .*\. Fetch it again\.$/,
    );
    assert.deepEqual(others, []);
  });

  test("cannot be read in a wrong encoding, which is a mistake of the pipeline as it is in a run, at the option if there is one", async () => {
    await writeFile(join(folder, "latin.csv"), Buffer.from("id,lieu\n1,Forêt\n", "latin1"));
    await writeFile(join(folder, "odd.csv"), Buffer.from("\0\xd8a\0", "latin1"));
    const flows = ["csv: { path: latin.csv }", "csv: { path: odd.csv, encoding: utf-16le }"];
    assert.deepEqual(await found(...flows.map((source, at) => flow(`f${at}`, source, "id"))), [
      '4: latin.csv:2 is not valid UTF-8. In windows-1252 it reads "1,Forêt": if that is right, write `encoding: windows-1252`.',
      "8: odd.csv:1 is not valid UTF-16LE. If it is in another encoding, say so with `encoding`, such as `encoding: windows-1252`.",
    ]);
  });

  test("are told together, each where it stands, and the list stays known behind them", async () => {
    await writeFile(join(folder, "a.csv"), "id,nom,date\n");
    const file = join(folder, "p.yaml");
    await writeFile(
      file,
      `name: p
flows:
  - name: a
    source: { csv: { path: a.csv } }
    transforms:
      - project: { columns: { a: idd, b: nmo, c: date } }
      - filter: { column: d, present: true }
    sink: { file: { path: "-" } }
`,
    );
    const { complaints } = await loadPipeline(file, {
      components,
      environment: {},
      isOffline: true,
    });
    assert.deepEqual(
      complaints.map(({ place, message, fix }) => [
        place.line,
        place.column,
        message,
        fix?.becomes,
      ]),
      [
        [6, 34, "There is no column `idd` here. Did you mean `id`?", undefined],
        [6, 42, "There is no column `nmo` here. Did you mean `nom`?", undefined],
        [7, 27, "There is no column `d` here. There is `a`, `b` and `c`.", undefined],
      ],
    );
  });
});
