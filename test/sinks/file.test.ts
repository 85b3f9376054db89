/** The formats of the sink `file`, and what is said of what was written. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { messageOf } from "../../src/core/errors.ts";
import { fileLabel } from "../../src/core/place.ts";
import { file } from "../../src/sinks/file.ts";
import { onEachDatabase } from "../support/database.ts";
import { flowOf, rowsSource, run, stage } from "../support/flow.ts";

const ROWS = [
  { id: "1", name: 'a "b", c; d' },
  { id: "2", name: "line\nend\tand tab" },
  { id: "3", name: null },
];

onEachDatabase((database) => {
  const written = async (options: object) => {
    const path = join(database().folder, "out");
    const sink = stage(file, { path, ...options });
    const { status, error, said } = await run(database(), [
      flowOf({ source: rowsSource(ROWS), sink }),
    ]);
    assert.equal(status, "done", messageOf(error));
    assert.deepEqual(said, [`Written: ${fileLabel(path)}, 3 records.`]);
    return readFile(path, "utf8");
  };

  test("a file has a header and a line for each record, or an object, in its format, and is named at the end", async () => {
    assert.equal(
      await written({ format: "tsv" }),
      'id\tname\n1\ta "b", c; d\n2\tline\\nend\\tand tab\n3\t\n',
    );
    assert.equal(
      await written({ format: "ndjson" }),
      '{"id":"1","name":"a \\"b\\", c; d"}\n{"id":"2","name":"line\\nend\\tand tab"}\n{"id":"3","name":null}\n',
    );
  });

  test("CSV has commas, or semicolons and the mark of UTF-8 where a spreadsheet is to open it, and quotes where a value has one", async () => {
    const comma = 'id,name\n1,"a ""b"", c; d"\n2,"line\nend\tand tab"\n3,\n';
    assert.equal(await written({ format: "csv" }), comma);
    assert.equal(
      await written({ format: "csv", delimiter: ";" }),
      '\ufeffid;name\n1;"a ""b"", c; d"\n2;"line\nend\tand tab"\n3;\n',
    );
  });
});

test("a delimiter for a format that has its own is refused", () => {
  assert.throws(() => file.create({ path: "x", format: "tsv", delimiter: ";" }), {
    code: "delimiter_unused",
  });
});
