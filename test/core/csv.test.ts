import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import { csvBatches } from "../../src/core/csv.ts";
import { inputNamed } from "../support/flow.ts";
import { cutAtRandom, type Random, randomFrom } from "../support/random.ts";

const VALUES = ["", "a", "é🐝", '"b, c"', '"two\nlines"', '"d ""e"""', '"\r\n"', 'f"g', "h\\"];

const randomCsv = (random: Random): string =>
  Array.from({ length: 1 + random(12) }, () => {
    const values = Array.from({ length: 3 }, () => VALUES[random(VALUES.length)]);
    return `${values.join(",")}${random(2) === 0 ? "\n" : "\r\n"}`;
  }).join("");

/** The records of a text in chunks: where each is, how it stands there, its values and those that are read again. */
const recordsOf = async (text: string, random: Random) => {
  const batches = csvBatches(
    cutAtRandom(Buffer.from(text), random),
    { delimiter: ",", quote: '"', skipLines: 0 },
    {
      input: inputNamed("in.csv"),
      namesOf: () => ["a", "b", "c"],
      fieldsOf: () => ({
        names: ["a", "b", "c"],
        read: (values) => Object.fromEntries(values.map((value, index) => [`${index}`, value])),
      }),
    },
  );
  const records: object[] = [];
  let bytes = 0;
  for await (const batch of batches) {
    bytes += batch.bytes;
    for (const row of batch.rows) {
      const { place, raw, fields } = batch.record(row);
      const values = ["a", "b", "c"].map((name) => batch.column(name).text(row) ?? "");
      records.push({ place, raw, values, again: Object.values(fields?.() ?? {}) });
    }
  }
  return { records, bytes };
};

test("a record is told as it stands in the input and with its first line, wherever that is cut", async () => {
  const random = randomFrom(11);
  for (let round = 0; round < 300; round++) {
    const text = randomCsv(random);
    const whole = parse(text, { raw: true, relax_quotes: true, record_delimiter: ["\r\n", "\n"] });
    let line = 1;
    const expected = (whole as unknown as { record: string[]; raw: string }[]).map(
      ({ record, raw }) => {
        const place = `in.csv:${line}`;
        line += raw.replace(/\r$/, "\n").split("\n").length - 1;
        // Of a `\r\n` at the end, it gives the first half.
        return { place, raw: raw.replace(/\r?\n?$/, ""), values: record, again: record };
      },
    );
    const { records, bytes } = await recordsOf(text, random);
    assert.deepEqual(records, expected, JSON.stringify(text));
    assert.equal(bytes, Buffer.byteLength(text));
  }
});

test("who takes no more records closes the input", async () => {
  let isClosed = false;
  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from("1,2\n".repeat(100_000));
    } finally {
      isClosed = true;
    }
  }
  const batches = csvBatches(
    bytes(),
    { delimiter: ",", quote: '"', skipLines: 0 },
    {
      input: inputNamed("in.csv"),
      namesOf: () => ["a", "b"],
      fieldsOf: () => ({ names: ["a", "b"], read: () => ({}) }),
    },
  );
  assert.equal((await batches.next()).done, false);
  await batches.return(undefined);
  assert.equal(isClosed, true);
});
