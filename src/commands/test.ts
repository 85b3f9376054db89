import { resolve } from "node:path";
import { formatComplaint } from "../core/complaint.ts";
import { messageOf } from "../core/errors.ts";
import { fileLabel, formatPlace } from "../core/place.ts";
import { components } from "../registry.ts";
import { hasPassed, type Tested } from "../testing/run-case.ts";
import { runTests, type TestedFile } from "../testing/run-tests.ts";
import { annotation } from "./annotation.ts";
import { testFiles } from "./find-tests.ts";
import { tableLines, widthOf } from "./table.ts";
import { errorText } from "./text.ts";

export interface TestFlags {
  readonly format: "text" | "json" | "github";
}

/** `runner test FILE|DIR…`: 1 when a test fails, 2 when a file is wrong. */
export const testCommand = async (
  targets: readonly string[],
  { format }: TestFlags,
  signal: AbortSignal,
): Promise<number> => {
  const files = new Set<string>();
  for (const target of targets)
    for (const file of await testFiles(resolve(target))) files.add(file);
  const done: TestedFile[] = [];
  await runTests([...files], { components, signal }, (file) => {
    done.push(file);
    if (format === "text") tellFile(file);
    else if (format === "github") for (const line of annotations(file)) console.log(line);
  });
  if (format === "json") console.log(JSON.stringify({ files: done.map(fileObject) }, null, 2));
  if (done.some(({ complaints }) => complaints.length > 0)) return 2;
  return done.every(({ tested }) => tested.every(hasPassed)) ? 0 : 1;
};

const tellFile = ({ file, complaints, tested }: TestedFile): void => {
  const label = fileLabel(file);
  for (const complaint of complaints) console.error(`${formatComplaint(complaint)}\n`);
  const failed = tested.filter((one) => !hasPassed(one));
  for (const one of failed)
    console.error(`${failureLines(one, widthOf(process.stderr)).join("\n")}\n`);
  const counted = tested.length === 1 ? "1 test" : `${tested.length} tests`;
  if (complaints.length > 0) console.error(`${label}: no test was run.`);
  else if (failed.length > 0) console.error(`${label}: ${failed.length} of ${counted} failed.`);
  else console.log(`${label}: ${counted}, all right.`);
};

/** What differs from what a test expects, for people. */
export const failureLines = (
  { test, differences, problems, error }: Tested,
  width: number,
): string[] => [
  `${formatPlace(test.place)} ${test.name}`,
  ...(error === undefined
    ? []
    : errorText(error)
        .split("\n")
        .map((line) => `  ${line}`.trimEnd())),
  ...problems.map((problem) => `  ${problem}`),
  ...(differences.length === 0
    ? []
    : tableLines(
        [
          ["row", "column", "expected", "got"],
          ...differences.map(({ row, column, expected, got }) => [
            String(row),
            column,
            ...apart(expected, got).map(shown),
          ]),
        ],
        { width, indent: "  " },
      )),
];

const LONG = 40;
const SHARED = 12;

/** Long values from shortly before they part: cut at their ends to fit, they would look the same. */
const apart = (expected: string | null, got: string | null): (string | null)[] => {
  if (expected === null || got === null || Math.max(expected.length, got.length) <= LONG) {
    return [expected, got];
  }
  const [wanted, found] = [[...expected], [...got]];
  const at = wanted.findIndex((character, index) => character !== found[index]);
  const from = (at < 0 ? wanted.length : at) - SHARED;
  if (from <= SHARED) return [expected, got];
  return [wanted, found].map((characters) => `…${characters.slice(from).join("")}`);
};

/** Blanks at the ends and empty values are to be seen. */
const shown = (value: string | null): string => {
  if (value === null) return "(empty)";
  return /^\s|\s$|[\r\n]/.test(value) ? JSON.stringify(value) : value;
};

const annotations = ({ complaints, tested }: TestedFile): string[] => [
  ...complaints.map(annotation),
  ...tested
    .filter((one) => !hasPassed(one))
    .map((one) =>
      annotation({
        code: "test_failed",
        place: one.test.place,
        message: failureLines(one, PULL_REQUEST_WIDTH).slice(1).join("\n"),
      }),
    ),
];

const PULL_REQUEST_WIDTH = 100;

const fileObject = ({ file, complaints, tested }: TestedFile) => ({
  file: fileLabel(file),
  complaints: complaints.map(({ code, message, place }) => ({
    code,
    message,
    file: fileLabel(place.file),
    line: place.line,
    column: place.column,
  })),
  tests: tested.map((one) => ({
    name: one.test.name,
    line: one.test.place.line,
    status: hasPassed(one) ? "passed" : "failed",
    differences: one.differences.map(({ place, ...difference }) => ({
      ...difference,
      line: place.line,
    })),
    problems: one.problems,
    ...(one.error === undefined ? {} : { error: messageOf(one.error) }),
  })),
});
