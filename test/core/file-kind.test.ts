import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { ZipWriter } from "../../samples/zip-writer.ts";
import { type FileKind, fileKindOf, requireText } from "../../src/core/file-kind.ts";

let folder = "";

const zipOf = async (name: string, entries: Record<string, string>): Promise<void> => {
  const zip = new ZipWriter(join(folder, name));
  for (const [entry, content] of Object.entries(entries)) {
    await zip.add(entry, content, { isStored: true });
  }
  await zip.end();
};

describe("the kind of a file", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  test("is known by its first bytes, whatever its name; a text has none", async () => {
    await zipOf("zip", { "occurrence.txt": "a\tb\n" });
    await zipOf("xlsx", { "[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<x/>" });
    await zipOf("ods", { mimetype: "application/vnd.oasis.opendocument.spreadsheet" });
    await writeFile(join(folder, "gzip"), gzipSync("a,b\n"));
    await writeFile(join(folder, "xls"), Buffer.from("d0cf11e0a1b11ae1", "hex"));
    await writeFile(join(folder, "packed"), Buffer.from("377abcaf271c", "hex"));
    await writeFile(join(folder, "pdf"), "%PDF-1.7\n");
    await writeFile(join(folder, "html"), "\n<!DOCTYPE html><html></html>");
    const kinds: FileKind[] = ["zip", "xlsx", "xls", "ods", "gzip", "packed", "pdf", "html"];
    for (const kind of kinds) assert.equal(fileKindOf(join(folder, kind)), kind);
    for (const text of ["", "a,b\n1,2\n", "PK,name\n", '{"a":"<html>"}', "\ufeffé;à\n"]) {
      await writeFile(join(folder, "text"), text);
      assert.equal(fileKindOf(join(folder, "text")), undefined, text);
    }
  });

  test("that a source cannot read is told with the source or the way that does", async () => {
    const told = (name: string, source: string) => {
      try {
        requireText(join(folder, name), source);
      } catch (error) {
        return (error as Error).message;
      }
      return assert.fail("it was taken for a text");
    };
    assert.equal(
      told("zip", "csv"),
      "zip is a zip archive, not what `csv` reads. The source `dwca` reads a zip as it is; or unpack it and name the file.",
    );
    assert.match(
      told("gzip", "json"),
      /compressed by gzip, .* `gunzip` .* `\.tgz` is read by `dwca`/,
    );
    assert.match(told("xlsx", "csv"), /an Excel workbook .* Save its sheet as CSV in UTF-8/);
    assert.match(told("html", "json"), /is a web page, .* look at it in a browser/);
  });
});
