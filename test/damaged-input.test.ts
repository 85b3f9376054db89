import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ZipWriter } from "../samples/zip-writer.ts";
import { messageOf } from "../src/core/errors.ts";
import { runPipeline } from "../src/runner.ts";
import { onEachDatabase } from "./support/database.ts";
import { planFrom } from "./support/plan.ts";

const PIPELINE = `
name: damaged
flows:
  - name: load
    source: { dwca: { path: in.zip } }
    sink: { postgres_copy: { table: damaged, mode: append, create: { columns: { id: int, day: text } } } }
`;

onEachDatabase((database) => {
  describe("a zip whose lines are cut in a strict flow", () => {
    /** The failure of a load; `crc` is a wrong checksum. */
    const failure = async (options: { crc?: number }): Promise<unknown> => {
      const zip = new ZipWriter(join(database().folder, "in.zip"));
      await zip.add("in.txt", "id\tday\n1\n2\t2024\n", options);
      await zip.end();
      const summary = await runPipeline(await planFrom(PIPELINE, database()), {
        database: database().opened,
        signal: new AbortController().signal,
        log: { info: () => undefined, warn: () => undefined },
      });
      assert.equal(summary.status, "failed");
      return summary.error;
    };

    test("is told as damaged where its checksum is wrong, though the flow stops before its end", async () => {
      assert.equal(
        messageOf(await failure({ crc: 1 })),
        "in.txt in in.zip is damaged: its checksum (CRC) is wrong. Nothing of it was kept; fetch the archive again.",
      );
    });

    test("is told by its first reject where the checksum is right", async () => {
      assert.match(messageOf(await failure({})), /^in\.txt:2 was rejected \(wrong_width\): /);
    });
  });
});
