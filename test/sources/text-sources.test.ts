import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Batch } from "../../src/core/batch.ts";
import { csv } from "../../src/sources/csv.ts";
import { json } from "../../src/sources/json.ts";
import { rejectsOf } from "../support/flow.ts";
import { contextAlone, valuesOf } from "../support/transform.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
after(() => rm(folder, { recursive: true }));

const read = async (
  source: (options: never) => ReturnType<typeof csv.create>,
  content: string | Buffer,
  options: object,
) => {
  const path = join(folder, "in.txt");
  await writeFile(path, content);
  const said: string[] = [];
  const batches: Batch[] = [];
  const values: (string | null)[][] = [];
  for await (const batch of source({ path, ...options } as never)(contextAlone(said))) {
    batches.push(batch);
    values.push(...valuesOf(batch));
  }
  assert.ok(batches.length > 0, "a source gives at least one batch");
  return {
    names: batches[0]?.names,
    values,
    places: batches.flatMap((batch) => [...batch.rows].map((row) => batch.record(row).place)),
    rejects: batches.flatMap((batch) => rejectsOf(batch)),
    fields: batches.flatMap(({ rejects }) => rejects.map(({ fields }) => fields?.())),
    read: batches.reduce((sum, batch) => sum + batch.read, 0),
    identity: await batches[0]?.input.identity(),
    said,
  };
};

describe("csv", () => {
  const readCsv = (content: string | Buffer, options: object = {}) =>
    read(csv.create, content, { quote: '"', encoding: "utf-8", skip_lines: 0, ...options });

  test("reads quoted values with separators, quotes and line ends inside, and knows their lines", async () => {
    const found = await readCsv('id,note\r\n1,"a, ""b""\nc"\r\n2,\r\n"3",d\n');
    assert.deepEqual(found.names, ["id", "note"]);
    assert.deepEqual(found.values, [
      ["1", 'a, "b"\nc'],
      ["2", null],
      ["3", "d"],
    ]);
    assert.deepEqual(found.places, ["in.txt:2", "in.txt:4", "in.txt:5"]);
  });

  test("finds out the separator, and takes `\\t` in single quotes for a tab", async () => {
    assert.deepEqual((await readCsv("a;b\n1;2,5\n")).values, [["1", "2,5"]]);
    assert.deepEqual((await readCsv("a\tb,c\n1\t2\n", { delimiter: "\\t" })).names, ["a", "b,c"]);
  });

  test("reads single quotes, no quotes, and names given instead of a header", async () => {
    const single = await readCsv("a|b\n'x|y'|it''s\n", { quote: "'", delimiter: "|" });
    assert.deepEqual(single.values, [["x|y", "it''s"]]);
    const none = await readCsv('"1,2\n', { quote: null, delimiter: ",", columns: ["a", "b"] });
    assert.deepEqual([none.names, none.values], [["a", "b"], [['"1', "2"]]]);
  });

  test("skips lines before the header, a byte order mark and U+0085 and U+2028 inside values", async () => {
    const found = await readCsv("\ufeffExport of today\na,b\n1\u0085,\u20282\n", { skip_lines: 1 });
    assert.deepEqual([found.names, found.values], [["a", "b"], [["1\u0085", "\u20282"]]]);
  });

  test("reads UTF-16 and windows-1252", async () => {
    const utf16 = Buffer.from("\ufeffa,b\né,🐝\n", "utf16le");
    assert.deepEqual((await readCsv(utf16, { encoding: "utf-16le" })).values, [["é", "🐝"]]);
    const latin = Buffer.from("a,b\né,x\n", "latin1");
    assert.deepEqual((await readCsv(latin, { encoding: "windows-1252" })).values, [["é", "x"]]);
  });

  test("names the line of the first byte that is none, wherever the file is cut into chunks", async () => {
    // Characters of two to four bytes, of which one lies on each border of what is read at a time.
    for (const lines of [1, 3000, 20_011]) {
      for (const character of ["é", "€", "🐝"]) {
        const good = `a,b\n${`1,${character.repeat(7)}\n`.repeat(lines)}`;
        const bytes = Buffer.concat([Buffer.from(good), Buffer.from("2,Gérard\n3,é\n", "latin1")]);
        await assert.rejects(readCsv(bytes), {
          message: new RegExp(
            `^in\\.txt:${lines + 2} is not valid UTF-8\\. In windows-1252 it reads "2,Gérard"`,
          ),
        });
        const cut = Buffer.from(`${good}${character}`).subarray(0, -1);
        await assert.rejects(readCsv(cut), {
          message: new RegExp(`^in\\.txt:${lines + 2} is not valid UTF-8\\.`),
        });
      }
    }
  });

  test("a delimiter that separates nothing is said, with the one that would", async () => {
    await assert.rejects(readCsv("id;date\n1;2\n", { delimiter: "," }), {
      code: "delimiter_wrong",
      subject: "delimiter",
      message:
        'in.txt has only one column, as `delimiter` is ","; it looks as if it were separated by ";": "id;date". Write `delimiter: ";"`, or leave it out.',
    });
    const columns = ["id", "date"];
    await assert.rejects(readCsv("1\t2\n", { delimiter: ";", columns }), {
      code: "delimiter_wrong",
    });
    const latin = Buffer.from("espèce;date\nx;1\n", "latin1");
    await assert.rejects(readCsv(latin, { delimiter: "," }), { message: /"espèce;date"/ });
    const names = { delimiter: ";", columns: ["name"] };
    assert.deepEqual((await readCsv("Lasius niger (Linnaeus, 1758)\n", names)).values, [
      ["Lasius niger (Linnaeus, 1758)"],
    ]);
    assert.deepEqual((await readCsv("name\na\n", { delimiter: ";" })).values, [["a"]]);
  });

  test("says what to declare when the bytes are not in the encoding", async () => {
    await assert.rejects(readCsv(Buffer.from("a,b\n1,2\né,x\n", "latin1")), {
      code: "not_in_encoding",
      message:
        'in.txt:3 is not valid UTF-8. In windows-1252 it reads "é,x": if that is right, write `encoding: windows-1252`.',
    });
    await assert.rejects(
      readCsv(Buffer.from("a\0\n\0\0\xd8a\0", "latin1"), { encoding: "utf-16le" }),
      {
        message:
          "in.txt:2 is not valid UTF-16LE. If it is in another encoding, say so with `encoding`, such as `encoding: windows-1252`.",
      },
    );
    await assert.rejects(readCsv("a,b\n", { encoding: "klingon" }), { code: "encoding_unknown" });
  });

  test("rejects a line of the wrong width with its line, and a value with a NUL", async () => {
    const found = await readCsv('a,b\n1,2,3\n"x\0",y\n4,5\n');
    assert.deepEqual(found.values, [["4", "5"]]);
    assert.deepEqual(found.rejects, [
      {
        place: "in.txt:2",
        code: "wrong_width",
        message: "The line has 3 fields, the table has 2.",
      },
      {
        place: "in.txt:3",
        code: "nul_character",
        message: "A NUL character in the record: PostgreSQL stores none.",
      },
    ]);
    assert.equal(found.read, 3);
  });

  test("a line of the wrong width keeps its values: what is missing is left out, what is left over is numbered", async () => {
    const wanted = [{ a: "1", b: "2", "(3)": "x", "(4)": "y" }, { a: 'say "1"' }];
    const quoted = await readCsv('a,b\n1,2,x,y\n"say ""1"""\n5,6\n');
    assert.deepEqual(quoted.fields, wanted);
    const plain = await readCsv('a,b\n1,2,x,y\n"say ""1"""\n5,6\n', { quote: null });
    assert.deepEqual(plain.fields, wanted);
  });

  test("a quote in the middle of a value does not take the next records with it", async () => {
    const found = await readCsv('a,b\n"x"y,1\nz,2\n');
    assert.deepEqual(
      found.values.map(([, b]) => b),
      ["1", "2"],
    );
  });

  test("a quote that is never closed, two columns of one name, an empty file and none are errors", async () => {
    await assert.rejects(readCsv('a,b\n1,z\n1,"x\n2,y\n'), {
      code: "csv_invalid",
      message:
        'in.txt:3 cannot be read as CSV: the record that begins in this line opens a quote, `"`, that is never closed. Close it, or write `quote: null` if quotes enclose nothing in this file.',
    });
    const many = `a,b\n${'1,"x\n""y"\n'.repeat(1000)}`;
    await assert.rejects(readCsv(`${many}1,"z\n2,y\n`), { message: /^in\.txt:2002 cannot be/ });
    await assert.rejects(readCsv(`a,b\n1,x\n2,"${"y\n".repeat(9e6)}`), {
      code: "line_too_long",
      message: /^Line 3 of .* is longer than 16 MB\..* each quote closed\?$/,
    });
    await assert.rejects(readCsv("a,b,a\n1,2,3\n"), {
      code: "duplicate_columns",
      message: "in.txt has two columns named `a`.",
    });
    await assert.rejects(
      csv
        .create({ path: "/none.csv" } as never)(contextAlone())
        [Symbol.asyncIterator]()
        .next(),
      {
        code: "archive_missing",
        message: "There is no file or folder /none.csv.",
      },
    );
  });

  test("a header alone gives one empty batch with its columns", async () => {
    const found = await readCsv("a,b\n");
    assert.deepEqual([found.names, found.values], [["a", "b"], []]);
  });

  test("the same content has the same identity, other content another", async () => {
    const first = (await readCsv("a\n1\n")).identity;
    assert.equal((await readCsv("a\n1\n")).identity, first);
    assert.notEqual((await readCsv("a\n2\n")).identity, first);
  });
});

describe("json", () => {
  const readJson = (content: string | Buffer, options: object = {}) =>
    read(json.create as never, content, options);

  test("reads an array: numbers as written, objects as JSON, absent and null as nothing", async () => {
    const found = await readJson(
      '[{"id": 12345678901234567890, "n": 1.10, "ok": true, "o": {"a": [1.0, "x"]}}, {"id": 2, "n": null}]',
    );
    assert.deepEqual(found.names, ["id", "n", "ok", "o"]);
    assert.deepEqual(found.values, [
      ["12345678901234567890", "1.10", "true", '{"a":[1.0,"x"]}'],
      ["2", null, null, null],
    ]);
    assert.deepEqual(found.places, ["in.txt#1", "in.txt#2"]);
  });

  test("finds the array inside, and values inside records", async () => {
    const found = await readJson(
      '{"total": 2, "skip": [[1], {"results": [9]}], "data": {"results": [{"taxon": {"name": "Apis"}}, {"taxon": null}]}}',
      { at: "data.results", columns: { name: "taxon.name" } },
    );
    assert.deepEqual([found.names, found.values], [["name"], [["Apis"], [null]]]);
  });

  test("reads one object per line, with line numbers and without float rounding", async () => {
    const found = await readJson('\ufeff{"a": 1.0}\n\n{"a": 9007199254740993}\r\n');
    assert.deepEqual(found.values, [["1.0"], ["9007199254740993"]]);
    assert.deepEqual(found.places, ["in.txt:1", "in.txt:3"]);
  });

  test("a line ends at a line feed alone: U+2028 may be in a value", async () => {
    const found = await readJson('{"a": "x\u2028y\u2029z\u0085"}\r\n{"a": "b"}');
    assert.deepEqual(found.values, [["x\u2028y\u2029z\u0085"], ["b"]]);
    assert.deepEqual(found.places, ["in.txt:1", "in.txt:2"]);
  });

  test("bytes that are not UTF-8 end it, and are not read as U+FFFD", async () => {
    for (const content of ['[{"a": "\xff"}]', '{"a": "b"}\n{"a": "\xe9"}\n']) {
      await assert.rejects(readJson(Buffer.from(content, "latin1")), {
        code: "json_invalid",
        message: /^in\.txt, within its first \d+ bytes, is not JSON: it is not valid UTF-8\. /,
      });
    }
  });

  test("counts keys that come too late to be columns", async () => {
    const lines = Array.from({ length: 1002 }, (_, n) =>
      n > 1000 ? '{"a":1,"late":2}' : '{"a":1}',
    );
    const found = await readJson(lines.join("\n"));
    assert.equal(found.values.length, 1002);
    assert.deepEqual(found.said, [
      "1 record of in.txt has a key `late` that the first 1000 did not have; it was left out. List it under `columns`.",
    ]);
  });

  test("rejects records that are no objects", async () => {
    const found = await readJson('[{"a": "x"}, 5]');
    assert.deepEqual(found.rejects, [
      { place: "in.txt#2", code: "no_object", message: "The record is not a JSON object." },
    ]);
  });

  test("says where JSON is broken, and where an array is missing", async () => {
    await assert.rejects(readJson('{"a": 1}\n{"a": \n'), /^RunnerError: in\.txt:2 is not JSON: /);
    await assert.rejects(readJson('[{"a": 1}, {"a": }]'), {
      code: "json_invalid",
      message: /^in\.txt, within its first 19 bytes, is not JSON: /,
    });
    await assert.rejects(readJson('{"results": {}}', { at: "results" }), {
      message: "in.txt has no array at `results`.",
    });
    await assert.rejects(readJson("[", { at: "x" }), { code: "json_invalid" });
  });

  test("an empty array gives one empty batch; an array far larger than memory needs is read in parts", async () => {
    assert.deepEqual((await readJson("[]")).values, []);
    const items = Array.from(
      { length: 30_000 },
      (_, n) => `{"n":${n},"text":"${"x".repeat(100)}"}`,
    );
    const found = await readJson(`[${items.join(",")}]`, { columns: { n: "n" } });
    assert.equal(found.values.length, 30_000);
    assert.equal(found.values[29_999]?.[0], "29999");
  });
});
