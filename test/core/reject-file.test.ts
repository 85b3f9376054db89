import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Rejected } from "../../src/core/batch.ts";
import {
  RejectFile,
  readRejects,
  rejectId,
  type StoredReject,
} from "../../src/core/reject-file.ts";

const reject = (place: string): Rejected => ({ place, raw: "a\tb", code: "bad", message: "No." });

const written = ({ place, raw, code, message }: Rejected): Omit<StoredReject, "id"> => ({
  flow: "flow",
  code,
  message,
  place,
  record: raw,
  fields: null,
});

const withoutId = ({ id, ...rest }: StoredReject) => {
  assert.match(id, /^[0-9a-f]{20}$/);
  return rest;
};

test("a reject file has the rejects of its own run alone, and gives those between two positions", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const path = join(folder, "rejects", "x-1.ndjson");
  const other = new RejectFile(path);
  other.append("flow", [reject("other:1"), reject("other:2")]);
  other.close();
  const file = new RejectFile(path);
  assert.equal(file.sizeBytes, 0);
  file.append("flow", [reject("a:1")]);
  const position = file.sizeBytes;
  file.append("flow", [reject("a:2")]);
  const end = file.sizeBytes;
  file.append("flow", [reject("a:3")]);
  const between = (start: number, to: number) =>
    Array.fromAsync(file.between({ start, end: to }), withoutId);
  assert.deepEqual(await between(0, end), [written(reject("a:1")), written(reject("a:2"))]);
  assert.deepEqual(await between(position, end), [written(reject("a:2"))]);
  assert.deepEqual(await between(end, end), []);
  file.close();
  assert.doesNotMatch(await readFile(path, "utf8"), /other/);
  await rm(folder, { recursive: true });
});

test("a reject has its values by column, and the same name whenever the same record is rejected", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const [first, second] = ["x-1.ndjson", "x-2.ndjson"].map(
    (name) => new RejectFile(join(folder, name)),
  );
  assert.ok(first && second);
  const fields = () => ({ a: "a" });
  first.append("flow", [{ ...reject("a:1"), fields }]);
  second.append("flow", [
    { ...reject("a:1"), code: "other" },
    { ...reject("mended.csv:2"), id: "from-before" },
  ]);
  const [one] = await Array.fromAsync(first.between({ start: 0, end: first.sizeBytes }));
  const [again, repaired] = await Array.fromAsync(
    second.between({ start: 0, end: second.sizeBytes }),
  );
  assert.equal(String(one?.fields), '{"a":"a"}');
  assert.equal(again?.id, one?.id);
  assert.equal(repaired?.id, "from-before");
  first.close();
  second.close();
  await rm(folder, { recursive: true });
});

test("values pass as they are, whatever they look like", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const file = new RejectFile(join(folder, "x-1.ndjson"));
  const names = ["fields", "columns"];
  const values = { fields: '","fields":{', columns: 'é"\\\n\u0000🐝' };
  const raw = `,"fields":{"a":1}\\"${"x".repeat(300_000)}`;
  file.append("flow", [
    { ...reject(',"fields":null}'), raw, names, fields: () => values },
    { ...reject("b"), raw: "", names, fields: () => ({}) },
  ]);
  const [first, second, ...others] = await Array.fromAsync(
    file.between({ start: 0, end: file.sizeBytes }),
  );
  assert.deepEqual(JSON.parse(String(first?.fields)), values);
  assert.equal(first?.record, raw);
  assert.equal(first?.place, ',"fields":null}');
  assert.equal(String(second?.fields), "{}");
  assert.deepEqual(others, []);
  file.close();
  await rm(folder, { recursive: true });
});

test("columns are written once, and a reader finds those without a value in their places", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const file = new RejectFile(join(folder, "x-1.ndjson"));
  const names = ["a", "b", "c"];
  file.append("flow", [
    { ...reject("a:1"), names, fields: () => ({ b: "1" }) },
    { ...reject("a:2"), names, fields: () => ({ "(4)": "surplus" }) },
  ]);
  file.append("other", [reject("a:3"), { ...reject("a:4"), names, fields: () => ({}) }]);
  file.append("flow", [{ ...reject("a:5"), names: ["b", "d"], fields: () => ({ d: "2" }) }]);
  file.close();
  const lines = (await readFile(file.path, "utf8")).trim().split("\n");
  assert.equal(lines.filter((line) => "columns" in JSON.parse(line)).length, 3);
  assert.deepEqual(file.columns("flow"), ["a", "b", "c", "d"]);
  const found = await Array.fromAsync(readRejects(file.path), ({ fields }) => fields);
  assert.deepEqual(
    found.map((fields) => fields && Object.entries(fields)),
    [
      [
        ["a", null],
        ["b", "1"],
        ["c", null],
      ],
      [
        ["a", null],
        ["b", null],
        ["c", null],
        ["(4)", "surplus"],
      ],
      null,
      [
        ["a", null],
        ["b", null],
        ["c", null],
      ],
      [
        ["a", null],
        ["b", null],
        ["c", null],
        ["d", "2"],
      ],
    ],
  );
  await rm(folder, { recursive: true });
});

test("a record that is just its values is written once, and read again with both", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const file = new RejectFile(join(folder, "x-1.ndjson"));
  const raw = '{"a":"x \\"fields\\": y","b":"1"}';
  const names = ["a", "b", "c"];
  file.append("flow", [
    { ...reject("sql (a 1)"), raw, names, fields: () => JSON.parse(raw), rawIsFields: true },
  ]);
  const stored = await Array.fromAsync(file.between({ start: 0, end: file.sizeBytes }));
  assert.deepEqual(
    stored.map(({ record, fields }) => [record, String(fields)]),
    [[null, raw]],
  );
  file.close();
  const read = await Array.fromAsync(readRejects(file.path));
  assert.deepEqual(
    read.map(({ record, fields, id }) => [record, fields, id]),
    [[raw, { ...JSON.parse(raw), c: null }, rejectId("sql (a 1)", raw)]],
  );
  await rm(folder, { recursive: true });
});
