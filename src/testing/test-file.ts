/** Reads a test file and the pipeline that it tests, and says all that is wrong with both. */

import { basename, dirname, join } from "node:path";
import {
  type Complain,
  type Complaint,
  credible,
  distinct,
  inOrder,
  renamed,
} from "../core/complaint.ts";
import type { Component } from "../core/component.ts";
import { type Place, suggestion } from "../core/errors.ts";
import { codeMeant } from "../core/limits-file.ts";
import { partsOf } from "../core/options-check.ts";
import { loadPipeline } from "../core/pipeline-file.ts";
import { fileLabel } from "../core/place.ts";
import type { FlowPlan, Plan, StagePlan } from "../core/plan.ts";
import { readYaml } from "../core/yaml-file.ts";
import {
  entryOf,
  unsetIn,
  valueAt,
  type YamlMap,
  type YamlPath,
  type YamlValue,
} from "../core/yaml-value.ts";
import {
  type GivenCells,
  type GivenTables,
  type TestCaseOptions,
  type TestFileOptions,
  testFileOptions,
} from "./test-schema.ts";

/** A row of a test and where it stands. */
export interface GivenRow {
  readonly place: Place;
  readonly values: ReadonlyMap<string, string | null>;
  /** The columns that it names itself, and has not from its base. */
  readonly own: readonly string[];
  /** Where the name of a column stands in it. */
  readonly placeOf: (column: string) => Place;
}

/** One test: what goes into which transforms, and what is to come out. */
export interface TestCase {
  readonly name: string;
  readonly place: Place;
  readonly flow: FlowPlan;
  readonly transforms: readonly StagePlan[];
  readonly rows: readonly GivenRow[];
  readonly tables: GivenTables;
  /** Where a table's rows stand. */
  readonly placeOfTable: (table: string) => Place;
  readonly expect: Omit<TestCaseOptions["expect"], "rows"> & {
    readonly rows: readonly GivenRow[] | undefined;
  };
}

export interface TestFile {
  readonly file: string;
  /** Scripts that make the database. */
  readonly setup: readonly string[];
  /** Those that can be run: none when there are complaints. */
  readonly cases: readonly TestCase[];
  /** Those that are right by themselves, whatever else is wrong with the file. */
  readonly readable: readonly TestCase[];
  readonly complaints: readonly Complaint[];
}

interface Reading {
  readonly value: YamlValue;
  readonly options: TestFileOptions;
  readonly plan: Plan;
  readonly complain: Complain;
}

/** Reads a test file, offline: variables have the values that it gives. */
export const loadTestFile = async (
  file: string,
  components: readonly Component[],
): Promise<TestFile> => {
  const complaints: Complaint[] = [];
  const complain: Complain = (code, place, message, details) =>
    complaints.push({ code, place, message, ...details });
  const raw = await readYaml(file, complain);
  const parts = raw ? partsOfTests(raw, file, complain) : [];
  const options = parts[0]?.options;
  const plan = options && (await planOf(file, options, { components, complaints }));
  const cases = parts.flatMap((part) =>
    plan === undefined
      ? []
      : part.options.tests.map((_, index) => caseOf(index, { ...part, plan, complain })),
  );
  const readable = cases.filter((one) => one !== undefined);
  return {
    file,
    setup: options?.setup ?? [],
    cases: complaints.length > 0 ? [] : readable,
    readable,
    complaints: inOrder(credible(distinct(complaints))),
  };
};

type Part = Pick<Reading, "value" | "options">;

/** The file as a whole; where something in it is not beyond doubt, each test that is so, with what all share. */
const partsOfTests = (raw: YamlValue, file: string, complain: Complain): Part[] => {
  if (raw.kind !== "map") {
    complain("no_tests", raw.place, "A test file is a map with `tests`.");
    return [];
  }
  const head = { name: fileLabel(file), place: raw.place, complain };
  const whole = wholePart(raw, head);
  if (whole !== undefined) return [whole];
  const tests = entryOf(raw, "tests")?.value;
  if (tests?.kind !== "list") return [];
  // All that is wrong with them was told with the whole.
  const quiet = { ...head, complain: () => undefined };
  return tests.items.flatMap((test) => wholePart(withTest(raw, test), quiet) ?? []);
};

/** Tests take values as they stand: one that could not be read is none. */
const wholePart = (
  raw: YamlMap,
  head: { name: string; place: Place; complain: Complain },
): Part | undefined => {
  const { value, options, isWhole } = partsOf(raw, testFileOptions, head);
  if (!isWhole || unsetIn(raw).length > 0) return undefined;
  return { value, options: options as unknown as TestFileOptions };
};

const withTest = ({ place, entries }: YamlMap, test: YamlValue): YamlMap => ({
  kind: "map",
  place,
  entries: entries.map((entry) =>
    entry.key === "tests"
      ? { ...entry, value: { kind: "list", place: entry.value.place, items: [test] } }
      : entry,
  ),
});

const planOf = async (
  file: string,
  { pipeline, variables }: TestFileOptions,
  { components, complaints }: { components: readonly Component[]; complaints: Complaint[] },
): Promise<Plan | undefined> => {
  const beside = join(dirname(file), basename(file).replace(/\.test(\.ya?ml)$/, "$1"));
  const loaded = await loadPipeline(pipeline ?? beside, {
    components,
    environment: variables,
    isOffline: true,
    database: "embedded",
  });
  complaints.push(...loaded.complaints);
  return loaded.plan;
};

const caseOf = (index: number, reading: Reading): TestCase | undefined => {
  const { value, options, plan, complain } = reading;
  const test = options.tests[index] as TestCaseOptions;
  const of = (...path: YamlPath) => valueAt(value, ["tests", index, ...path]) ?? value;
  const at = (...path: YamlPath): Place => of(...path).place;
  const { rows, rejects, filtered, error } = test.expect;
  if (rows === undefined && rejects.length === 0 && filtered === undefined && !error) {
    const message =
      "The test expects nothing. Give at least one of `rows`, `rejects`, `filtered` and `error`.";
    complain("nothing_expected", at("expect"), message);
  }
  const flow = plan.flows.find(({ name }) => name === test.flow);
  for (const [number, { row, code }] of rejects.entries()) {
    const meant =
      flow && codeMeant(code, [flow.source, ...flow.transforms, flow.sink].flatMap(codesOf));
    if (meant !== undefined) {
      const message = `No record of this flow is rejected with the code \`${code}\`.${meant}`;
      complain("unknown_reject_code", at("expect", "rejects", number, "code"), message);
    }
    if (row <= test.rows.length) continue;
    const message = `There is no row ${row}: the test has ${test.rows.length}.`;
    complain("row_unknown", at("expect", "rejects", number, "row"), message);
  }
  const base = baseOf(test, reading, at("base"));
  if (flow === undefined) {
    const names = plan.flows.map(({ name }) => name);
    const message = `The pipeline has no flow \`${test.flow}\`.${suggestion(test.flow, names)}`;
    complain("unknown_flow", at("flow"), message, renamed(at("flow"), test.flow, names));
    return undefined;
  }
  const transforms = transformsOf(flow, test, { complain, place: at("transform") });
  for (const name of new Set(transforms.flatMap(({ unset }) => unset ?? []))) {
    const message = `The flow needs the variable \`${name}\`: give it a value under \`variables\`.`;
    complain("variable_unset", at("flow"), message);
  }
  const hasOwn = (table: string) => test.tables?.[table] !== undefined;
  return {
    name: test.name,
    place: at("name"),
    flow,
    transforms,
    rows: test.rows.map((cells, row) => givenRow(cells, of("rows", row), base)),
    tables: { ...options.tables, ...test.tables },
    placeOfTable: (table) =>
      (
        valueAt(value, hasOwn(table) ? ["tests", index, "tables", table] : ["tables", table]) ??
        value
      ).place,
    expect: {
      ...test.expect,
      rows: rows?.map((cells, row) => givenRow(cells, of("expect", "rows", row))),
    },
  };
};

/** The codes that a stage gives itself: the values of all `code` in its options. */
const codesOf = ({ options }: StagePlan): string[] => codesWithin(options);

const codesWithin = (options: unknown): string[] =>
  typeof options !== "object" || options === null
    ? []
    : Object.entries(options).flatMap(([key, value]) =>
        key === "code" && typeof value === "string" ? [value] : codesWithin(value),
      );

const baseOf = (
  { base }: TestCaseOptions,
  { options: { bases }, complain }: Reading,
  place: Place,
): GivenCells => {
  if (base === undefined) return {};
  const found = bases[base];
  if (found === undefined) {
    const known = Object.keys(bases);
    complain("unknown_base", place, `There is no base \`${base}\`.${suggestion(base, known)}`);
  }
  return found ?? {};
};

const givenRow = (cells: GivenCells, row: YamlValue, base: GivenCells = {}): GivenRow => ({
  place: row.place,
  placeOf: (column) => entryOf(row, column)?.keyPlace ?? row.place,
  values: new Map(
    Object.entries({ ...base, ...cells }).map(([name, value]) => [name, textOf(value)]),
  ),
  own: Object.keys(cells),
});

/** Empty text is no value, as everywhere. */
const textOf = (value: GivenCells[string]): string | null =>
  value === null || value === "" ? null : String(value);

/** All transforms of a flow, or the one that is named, `lookup 2` being the second of that name. */
const transformsOf = (
  { transforms }: FlowPlan,
  { transform: wanted }: TestCaseOptions,
  { complain, place }: { complain: Complain; place: Place },
): readonly StagePlan[] => {
  if (wanted === undefined) return transforms;
  const names = transforms.map(({ component: { name } }, index) => {
    const same = transforms.filter(({ component }) => component.name === name);
    return same.length === 1 ? name : `${name} ${same.indexOf(transforms[index] as StagePlan) + 1}`;
  });
  const found = transforms[names.indexOf(wanted)];
  if (found) return [found];
  complain(
    "unknown_transform",
    place,
    `The flow has no transform \`${wanted}\`.${suggestion(wanted, names)}`,
  );
  return [];
};
