import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fixAll } from "../../src/commands/fix.ts";
import { runRunner } from "../support/runner.ts";

describe("runner validate --fix", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    await writeFile(join(folder, "a.csv"), "a\n1\n");
  });
  after(() => rm(folder, { recursive: true }));

  /** The file and what was said, after `--fix`. */
  const fixed = async (text: string) => {
    await writeFile(join(folder, "p.yaml"), text);
    const ended = await runRunner(["validate", "p.yaml", "--fix"], { cwd: folder });
    return { ...ended, text: await readFile(join(folder, "p.yaml"), "utf8") };
  };

  const CASES: readonly [what: string, wrong: string, right: string][] = [
    ["a misspelt option", "csv: { pth: a.csv }", "csv: { path: a.csv }"],
    ["a misspelt component", "cvs: { path: a.csv }", "csv: { path: a.csv }"],
    ["a variable without quotes", "csv: { path: ${A:-a}.csv }", 'csv: { path: "${A:-a}.csv" }'],
    ["a missing space", "csv: {path:a.csv}", "csv: {path: a.csv}"],
    [
      "a number that is a text",
      "csv: { path: a.csv, columns: [1] }",
      'csv: { path: a.csv, columns: ["1"] }',
    ],
    [
      "a list of one without brackets",
      "csv: { path: a.csv, columns: a }",
      "csv: { path: a.csv, columns: [a] }",
    ],
    [
      "a number without brackets and quotes, one after the other",
      "csv: { path: a.csv, columns: 1 }",
      'csv: { path: a.csv, columns: ["1"] }',
    ],
    ["a misspelt name in quotes, which stay", 'csv: { "pth": a.csv }', 'csv: { "path": a.csv }'],
  ];

  const pipeline = (source: string) =>
    `# The first line.\nname:   p   # as it was\nflows:\n  - name: a\n\n    source: { ${source} }  # kept\n    sink: { file: { path: "-" } }\n`;

  for (const [what, wrong, right] of CASES) {
    test(`mends ${what}, and keeps comments and layout`, async () => {
      const { code, text, stderr } = await fixed(pipeline(wrong));
      assert.equal(text, pipeline(right));
      assert.equal(code, 0);
      assert.ok(
        stderr.includes(
          `@@ -6 +6 @@\n-    source: { ${wrong} }  # kept\n+    source: { ${right} }  # kept\n`,
        ),
      );
    });
  }

  test("mends a pattern in double quotes, `yes`, a misspelt choice and tabs, one after the other", async () => {
    const wrong =
      'name: p\nflows:\n  - name: a\n\tsource: { csv: { path: a.csv } }\n    transforms:\n      - extract_id: { from: a, to: b, pattern: "(\\d+)" }\n      - filter: { column: b, present: yes }\n    sink: { file: { path: "-", format: tvs } }\n';
    const { code, text } = await fixed(wrong);
    assert.equal(
      text,
      wrong
        .replace("\t", "    ")
        .replace('"(\\d+)"', "'(\\d+)'")
        .replace("yes", "true")
        .replace("tvs", "tsv"),
    );
    assert.equal(code, 0);
  });

  test("mends a column that is a slip of the pen, and none that is merely like another", async () => {
    await writeFile(join(folder, "b.csv"), "eventDate,decimalLongitude,date_min,speciesKey\n");
    const columns = (...names: string[]) =>
      `name: p\nflows:\n  - name: a\n    source: { csv: { path: b.csv } }\n    transforms:\n      - distinct: { columns: [${names.join(", ")}] }\n    sink: { file: { path: "-" } }\n`;
    const slips = await fixed(columns("event_date", "decimalLongitdue", "specieKey"));
    assert.equal(slips.text, columns("eventDate", "decimalLongitude", "speciesKey"));
    assert.equal(slips.code, 0);
    const others = await fixed(columns("decimalLatitude", "date_max"));
    assert.equal(others.text, columns("decimalLatitude", "date_max"));
    assert.match(others.stderr, /no column `date_max` here\. Did you mean `date_min`\?/);
    assert.equal(others.code, 2);
  });

  test("leaves a column whose name stands elsewhere in its component, too", async () => {
    await writeFile(join(folder, "b.csv"), "references\n");
    const wrong =
      'name: p\nflows:\n  - name: a\n    source: { csv: { path: b.csv } }\n    transforms:\n      - extract_id: { to: refrences, from: refrences, pattern: "(.)" }\n    sink: { file: { path: "-" } }\n';
    const { code, text } = await fixed(wrong);
    assert.equal(text, wrong);
    assert.equal(code, 2);
  });

  const list = (...items: string[]) =>
    `name: p\nflows:\n  - name: a\n    source: { csv: { path: a.csv } }\n    transforms:\n${items.map((item) => `${item}\n`).join("")}    sink: { file: { path: "-" } }\n`;
  const filter = "- filter: { column: a, present: true }";

  test("mends what it can of a file that has a mistake of YAML besides", async () => {
    const wrong = `${list(`      ${filter}`)}  - name: {\n`;
    const { code, text, stderr } = await fixed(wrong.replace("sink", "sinc"));
    assert.equal(text, wrong);
    assert.equal(code, 2);
    assert.match(stderr, /^- {4}sinc: .*\n\+ {4}sink: /m);
  });

  test("puts a space behind a dash", async () => {
    const { code, text } = await fixed(list(`      ${filter}`, `      ${filter.replace(" ", "")}`));
    assert.equal(text, list(`      ${filter}`, `      ${filter}`));
    assert.equal(code, 0);
  });

  for (const place of [0, 1, 2]) {
    test(`puts item ${place + 1} of a list, behind a tab, below the other items`, async () => {
      const right = [0, 1, 2].map(() => `      ${filter}`);
      const { code, text } = await fixed(list(...right.with(place, `\t${filter}`)));
      assert.equal(text, list(...right));
      assert.equal(code, 0);
    });
  }

  test("leaves a tab before an item that may belong to either of two lists", async () => {
    const wrong = `${list(`      ${filter}`, `\t${filter}`)}  - name: b\n    source: { csv: { path: a.csv } }\n    sink: { file: { path: "-" } }\n`;
    const { code, text, stderr } = await fixed(wrong);
    assert.equal(text, wrong);
    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /^---|@@/m);
  });

  test("takes a change back that leaves more complaints, or the file no more readable", async () => {
    const file = join(folder, "p.yaml");
    const place = { file, line: 1, column: 1 };
    const fix = { place, was: "a", becomes: "b" };
    const wrong = (code: string) => ({ code, place, message: "Wrong." });
    for (const [before, after] of [
      ["wrong_value", [wrong("x"), wrong("y")]],
      ["yaml_syntax", [wrong("yaml_syntax")]],
    ] as const) {
      await writeFile(file, "a\n");
      const look = async () =>
        (await readFile(file, "utf8")) === "a\n" ? [{ ...wrong(before), fix }] : after;
      assert.deepEqual(await fixAll(look), []);
      assert.equal(await readFile(file, "utf8"), "a\n");
    }
  });

  test("leaves alone what could be meant otherwise, and says nothing of changes", async () => {
    const text = pipeline("csv: { path: a.csv, skip_lines: many, quot: x, quote: null }");
    const ended = await fixed(text);
    assert.equal(ended.text, text);
    assert.equal(ended.code, 2);
    assert.doesNotMatch(ended.stderr, /^---|@@/m);
  });

  test("is offered, and the fixes are in the JSON, when it was not asked for", async () => {
    await writeFile(join(folder, "p.yaml"), pipeline("csv: { pth: a.csv }"));
    const text = await runRunner(["validate", "p.yaml"], { cwd: folder });
    assert.match(text.stderr, /^`runner validate p\.yaml --fix` mends this\.$/m);
    const { stdout } = await runRunner(["validate", "p.yaml", "--format", "json"], { cwd: folder });
    assert.deepEqual(JSON.parse(stdout).complaints[0].fix, {
      line: 6,
      column: 22,
      was: "pth",
      becomes: "path",
    });
  });

  const SAID: readonly [
    what: string,
    options: string,
    before: RegExp | undefined,
    after: RegExp,
  ][] = [
    ["nothing", "quot: x, quote: null", undefined, /^`--fix` changed nothing: this is for a/m],
    [
      "all",
      "pth: a.csv, skip_line: 1",
      /`runner validate p\.yaml --fix` mends all of these\./,
      /mended 1 line\./,
    ],
    [
      "some",
      "pth: a.csv, skip_lines: many",
      /--fix` mends 1 of these\./,
      /mended 1 line; this is left for a person\./,
    ],
  ];
  for (const [what, options, before, after] of SAID) {
    test(`says before and after that it mends ${what}`, async () => {
      const wrong =
        options.includes("path") || options.includes("pth") ? options : `path: a.csv, ${options}`;
      await writeFile(join(folder, "p.yaml"), pipeline(`csv: { ${wrong} }`));
      const offered = await runRunner(["validate", "p.yaml"], { cwd: folder });
      if (before === undefined) assert.doesNotMatch(offered.stderr, /--fix/);
      else assert.match(offered.stderr, before);
      const { stderr } = await runRunner(["validate", "p.yaml", "--fix"], { cwd: folder });
      assert.match(stderr, after);
    });
  }

  test("tells in the JSON which lines it has changed", async () => {
    await writeFile(join(folder, "p.yaml"), pipeline("csv: { pth: a.csv }"));
    const { stdout } = await runRunner(["validate", "p.yaml", "--fix", "--format", "json"], {
      cwd: folder,
    });
    const { mended } = JSON.parse(stdout);
    assert.equal(mended.length, 1);
    assert.deepEqual(
      { ...mended[0], was: mended[0].was.trim(), becomes: mended[0].becomes.trim() },
      {
        file: "p.yaml",
        line: 6,
        was: "source: { csv: { pth: a.csv } }  # kept",
        becomes: "source: { csv: { path: a.csv } }  # kept",
      },
    );
  });
});
