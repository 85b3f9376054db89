import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { explainLines } from "../../src/commands/explain.ts";
import { explained, explanationOf, readCodes } from "../../src/core/codes.ts";
import { runRunner } from "../support/runner.ts";

const root = new URL("../../", import.meta.url).pathname;

/** The ways in which the source gives a code to a message or a reject. */
const GIVEN = [
  /new RunnerError\(\s*"(\w+)"/g,
  /\bcomplain\(\s*"(\w+)"/g,
  /new Reject\(\s*"(\w+)"/g,
  /\bcode: (?:"(\w+)"|[\w.? ]+ : "(\w+)")/g,
];

const sources = async (folder: string, ending: string): Promise<string[]> => {
  const files = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return Promise.all(
    files
      .filter((file) => file.isFile() && file.name.endsWith(ending))
      .map((file) => readFile(join(file.parentPath, file.name), "utf8")),
  );
};

describe("docs/codes.yaml", () => {
  const groups = readCodes();
  const known = groups.flatMap(({ codes }) => Object.keys(codes));

  test("explains every code that the source gives to a message or a reject, each once", async () => {
    const given = new Set<string>();
    for (const text of await sources("src", ".ts")) {
      for (const pattern of GIVEN) {
        for (const [, code, other] of text.matchAll(pattern)) given.add(code ?? other ?? "");
      }
    }
    const conditions = await readFile(join(root, "src/postgres/sqlstate.ts"), "utf8");
    for (const [, code = ""] of conditions.matchAll(/^ {2}\w+|"(\w+)",$/gm)) given.add(code);
    for (const text of await sources("pipelines", ".yaml")) {
      for (const [, code = ""] of text.matchAll(/^\s+code: ([a-z_]+)$/gm)) given.add(code);
    }
    given.delete("");
    // The name of a column of repaired records.
    given.delete("reject_code");
    // A word of the page of the mapping, which is a nomenclature's code.
    given.delete("code");
    assert.ok(given.size > 150, String(given.size));
    assert.deepEqual([...given].filter((code) => !known.includes(code)).sort(), []);
    assert.deepEqual(
      known.filter((code, index) => known.indexOf(code) !== index),
      [],
    );
  });

  test("says of every code that it explains it, and of no other word", () => {
    assert.deepEqual(explained([...known, "cause", "codes", "of_my_own", "sqlstate_23514"]), [
      ...known,
      "sqlstate_23514",
    ]);
    assert.deepEqual(explained([]), []);
  });

  test("has no code that the source has not", async () => {
    const all = [...(await sources("src", ".ts")), ...(await sources("pipelines", ".yaml"))].join();
    const gone = known.filter((code) => !new RegExp(`\\b${code}(_\\$\\{|\\b)`).test(all));
    assert.deepEqual(gone, []);
  });

  test("says cause and cure of each code in full sentences, in English and in French", () => {
    for (const { title, codes } of groups) {
      assert.deepEqual(Object.keys(title), ["en", "fr"]);
      for (const [code, { cause, cure }] of Object.entries(codes)) {
        for (const texts of [cause, cure]) {
          assert.deepEqual(Object.keys(texts), ["en", "fr"], code);
          for (const text of Object.values(texts))
            assert.match(text, /^([\p{Lu}`]|iNat).*[.…?]$/u, code);
          assert.notEqual(texts.en, texts.fr, code);
        }
        // What is to be typed is the same in both languages, but for placeholders.
        assert.equal(cure.en.split("`").length, cure.fr.split("`").length, `${code}: backticks`);
      }
    }
  });

  test("explains an SQLSTATE that has no word of its own", () => {
    assert.ok(explanationOf("sqlstate_2200g", groups)?.cause.en.includes("Appendix") === false);
    assert.ok(explanationOf("sqlstate_2200g", groups)?.cure.en.includes("Appendix A"));
    assert.equal(explanationOf("constructor", groups), undefined);
  });
});

describe("runner explain", () => {
  test("prints cause and cure, in French where the shell speaks it", async () => {
    const english = await runRunner(["explain", "taxon_unknown", "bad_date"], {
      environment: { LC_ALL: "C" },
    });
    assert.equal(english.code, 0, english.stderr);
    assert.match(english.stdout, /^taxon_unknown\n {2}No `cd_nom`.*\n {2}→ .*\n\nbad_date\n/);
    const french = await runRunner(["explain", "taxon_unknown"], {
      environment: { LC_ALL: "", LC_MESSAGES: "", LANG: "fr_FR.UTF-8" },
    });
    assert.match(french.stdout, /^taxon_unknown\n {2}Aucun `cd_nom`/);
    const chosen = await runRunner(["explain", "--language", "fr", "defect"], {
      environment: { LC_ALL: "C" },
    });
    assert.match(chosen.stdout, /Quelque chose/);
  });

  test("names the nearest code when there is none such", async () => {
    const { code, stderr } = await runRunner(["explain", "unmapped_valeu"], {});
    assert.equal(code, 2);
    assert.equal(stderr, "There is no code `unmapped_valeu`. Did you mean `unmapped_value`?\n");
    const french = await runRunner(["explain", "unmapped_valeu"], {
      environment: { LC_ALL: "fr_FR.UTF-8" },
    });
    assert.equal(
      french.stderr,
      "Il n'y a pas de code `unmapped_valeu`. Vouliez-vous dire `unmapped_value` ?\n",
    );
    const own = await runRunner(["explain", "no_habitat"], {});
    assert.equal(
      own.stderr,
      "There is no code `no_habitat`. All are in docs/errors.md, but for those that a pipeline gives itself, with `code` of `lookup` or of `unique`.\n",
    );
  });

  test("is not offered for codes that a pipeline gives itself", () => {
    assert.deepEqual(explainLines(["no_habitat", "bad_date", "sqlstate_22p05"], "en"), [
      "Cause and cure: `runner explain bad_date sqlstate_22p05`",
    ]);
    assert.deepEqual(explainLines(["no_habitat"], "en"), []);
  });

  test("is named below a complaint of a pipeline, in the language of the shell", async () => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    const file = join(folder, "p.yaml");
    await writeFile(file, "name: 5x\nflows: []\n");
    for (const [LC_ALL, line] of [
      ["C", "Cause and cure: `runner explain wrong_form wrong_value`"],
      ["fr_FR.UTF-8", "Cause et remède : `runner explain wrong_form wrong_value`"],
    ]) {
      for (const words of [["validate", file], [file]]) {
        const { code, stderr } = await runRunner(words, { environment: { LC_ALL } });
        assert.equal(code, 2);
        assert.ok(stderr.trimEnd().endsWith(line ?? ""), stderr);
      }
    }
    await rm(folder, { recursive: true });
  });
});
