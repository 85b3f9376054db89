import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { parseYaml } from "../../src/core/yaml-parse.ts";
import { isPartial, plain, scalarsOf, type YamlValue } from "../../src/core/yaml-value.ts";

const place = { file: "/folder/p.yaml", line: 1, column: 1 };

const read = (text: string): { value: YamlValue | undefined; codes: string[] } => {
  const codes: string[] = [];
  const value = parseYaml(text, place, (code) => codes.push(code));
  return { value, codes };
};

/** The places of whose scalars the text does not have what they say. */
const misplaced = (value: YamlValue, text: string): string[] => {
  const lines = text.split("\n");
  return [...scalarsOf(value)]
    .filter(({ source, unset }) => unset === undefined && source !== "" && !source.includes("\n"))
    .filter(({ place: { line, column }, source }) => {
      const behind = (lines[line - 1] ?? "").slice(column - 1);
      // A text of several lines begins below its place.
      return (
        !/^[>|]/.test(behind) && !behind.replace(/^["']/, "").startsWith(source.split(" ")[0] ?? "")
      );
    })
    .map(({ source }) => source);
};

describe("a text that is almost YAML", () => {
  test("is read but for what is wrong with it, which stands for anything", () => {
    const text = "a: { b: 1 \nc: 2\nd: @x\ne: [3, ${F}]\n";
    const { value, codes } = read(text);
    assert.ok(value);
    assert.deepEqual(plain(value), { a: "${}", c: 2, d: "${}", e: [3, "${F}"] });
    assert.deepEqual(codes, ["yaml_syntax", "yaml_syntax", "unquoted_variable"]);
    assert.equal(isPartial(value), true);
  });

  test("is not read at all where nothing of it can be made out, and only its first mistake is told", () => {
    for (const text of ["]", "{ a: [ }\n}"]) {
      const { value, codes } = read(text);
      assert.equal(codes.length, 1, text);
      assert.ok(value === undefined || isPartial(value), text);
    }
  });

  test("has two lists of one name as one, and under any other name that stands twice nobody knows what", () => {
    const { value } = read("a: [1]\nb: 2\nb: 3\na: [4]\n");
    assert.ok(value);
    assert.deepEqual(plain(value), { a: [1, 4], b: "${}" });
  });

  const PIPELINE = `name: x
flows:
  - name: a
    source: { csv: { path: a.csv } }
    transforms:
      - filter: { column: a, present: true }
      - filter:
          column: b
          in: [x]
    sink:
      file:
        path: out
        format: tsv
`;

  test("has each tab told as a tab, whichever line it indents, and taken for the spaces that are meant", () => {
    const lines = PIPELINE.split("\n");
    for (const [index, line] of lines.entries()) {
      const spaces = /^ */.exec(line)?.[0] ?? "";
      for (const indent of spaces === "" ? [] : ["\t", `${spaces.slice(2)}\t`]) {
        const text = lines.with(index, indent + line.trimStart()).join("\n");
        const told: string[] = [];
        const value = parseYaml(text, place, (_code, { line: at }, message) =>
          told.push(`${at} ${message}`),
        );
        assert.deepEqual(told, [`${index + 1} YAML is indented with spaces, not with tabs.`]);
        assert.deepEqual(value && plain(value), parse(PIPELINE), text);
      }
    }
  });

  test("may be indented with tabs throughout", () => {
    const text = PIPELINE.replace(/^ +/gm, (spaces) => "\t".repeat(spaces.length / 2));
    const { value, codes } = read(text);
    assert.deepEqual(value && plain(value), parse(PIPELINE));
    assert.equal(codes.length, PIPELINE.match(/^ /gm)?.length);
  });

  test("never makes the rest stand elsewhere, whichever character of a pipeline is missing or too many", async () => {
    const text = await readFile(new URL("../../pipelines/demo.yaml", import.meta.url), "utf8");
    for (let at = 0; at < text.length; at += 3) {
      const without = text.slice(0, at) + text.slice(at + 1);
      for (const changed of [
        without,
        ...["'", "{", "\t"].map((more) => text.slice(0, at) + more + text.slice(at)),
      ]) {
        const { value } = read(changed);
        if (value) assert.deepEqual(misplaced(value, changed), [], `character ${at}:\n${changed}`);
      }
    }
  });
});
