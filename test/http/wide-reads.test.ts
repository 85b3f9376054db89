import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openClient } from "../../src/http/client.ts";
import { giveBack } from "../../src/http/wide-reads.ts";
import { randomFrom } from "../support/random.ts";

const BYTES = 30_000_000;
const SLOT_BYTES = 1024 * 1024;

describe("what is read of a connection", () => {
  const sent = Buffer.alloc(BYTES);
  const next = randomFrom(7);
  for (let at = 0; at < BYTES; at += 4) sent.writeInt32LE(next(2 ** 31), at);
  /** Pieces of all sizes, at times with a rest between them. */
  const server = createServer(async ({ url: path }, response) => {
    if (path === "/whole") return void response.end(sent);
    for (let at = 0; at < BYTES; ) {
      const bytes = 1 + Math.round((next(1000) / 1000) ** 4 * 1_000_000);
      if (!response.write(sent.subarray(at, at + bytes))) await once(response, "drain");
      if (next(10) === 0) await setTimeout(1);
      at += bytes;
    }
    response.end();
  });
  let url: URL;
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
  after(() => server.close());

  /** Compares while it comes; gives how many pieces of memory it came in. */
  const read = async (path: string, returns: boolean): Promise<number> => {
    await using client = openClient();
    const { body } = await client.send({
      url: new URL(path, url),
      signal: new AbortController().signal,
    });
    const memory = new Set<ArrayBufferLike>();
    let at = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      // The connection goes on reading meanwhile.
      if (path === "/pieces" && next(5) === 0) await setTimeout(2);
      assert.ok(sent.subarray(at, at + piece.length).equals(piece), `differs after byte ${at}`);
      at += piece.length;
      // Small pieces that have piled up come as one, in memory of its own.
      if (piece.buffer.byteLength === SLOT_BYTES) memory.add(piece.buffer);
      if (returns) giveBack(piece);
    }
    assert.equal(at, BYTES);
    return memory.size;
  };

  test("comes byte for byte, however it is sent and however slowly it is looked at", async () => {
    await read("/pieces", true);
    await read("/pieces", false);
  });

  test("comes through memory that goes round, where it is given back", async () => {
    const [own, round] = [await read("/whole", false), await read("/whole", true)];
    assert.ok(2 * round < own, `${round} pieces of memory that go round instead of ${own}`);
  });
});
