import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { guessedEncoding } from "../../src/guess/text-encoding.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

describe("the guessed encoding", () => {
  test("is none for UTF-8, be it plain ASCII or cut inside a character", () => {
    assert.equal(guessedEncoding(Buffer.from("id\tlieu\n1\tParis\n")), undefined);
    const text = Buffer.from("id\tlieu\n1\tForêt\n2\tchâtaigne");
    for (let end = 0; end <= text.length; end++) {
      assert.equal(guessedEncoding(text.subarray(0, end)), undefined, `${end}`);
    }
  });

  test("is windows-1252 with a text that people can judge, for Latin-1 too", () => {
    assert.deepEqual(
      guessedEncoding(latin1("id\tlieu\n1\tParis\n2\tForêt de Tronçais en Bourbonnais\n")),
      {
        encoding: "windows-1252",
        example: "2 Forêt de Tronçais en",
      },
    );
    assert.equal(guessedEncoding(latin1("Forêt"))?.example, "Forêt");
    assert.equal(
      guessedEncoding(latin1("12;Saint-Martin-d'Hères le Vieux-Château de la Brillanne\n"))
        ?.example,
      "Saint-Martin-d'Hères le Vieux-Château",
    );
  });

  test("stays UTF-8 where a few lines are damaged", () => {
    const lines = [Buffer.from("Forêt\nchâtaigne\n"), latin1("Forêt\n")];
    assert.equal(guessedEncoding(Buffer.concat(lines)), undefined);
  });

  test("is UTF-16 where the text begins with its mark", () => {
    const text = Buffer.from("\ufeffid\tForêt\n", "utf16le");
    assert.deepEqual(guessedEncoding(text), { encoding: "utf-16le", example: "id Forêt" });
    assert.equal(guessedEncoding(Buffer.from(text).swap16())?.encoding, "utf-16be");
  });
});
