/** The shape of a test file, `NAME.test.yaml`; also what its JSON Schema is made from. */

import { path, plainValue } from "../core/options.ts";
import { type Static, Type } from "../core/type.ts";

const cells = (description: string) =>
  Type.Record(Type.String({ minLength: 1 }), plainValue("The value; `~` is an empty one."), {
    description,
  });

const tables = (description: string) =>
  Type.Record(
    Type.String({ minLength: 1 }),
    Type.Array(cells("A row: column → value."), { description: "All rows of the table." }),
    { description },
  );

const expectation = Type.Object(
  {
    rows: Type.Optional(
      Type.Array(cells("A row: only the columns that are named are compared."), {
        description: "The rows that come out, in this order; not looked at when absent.",
      }),
    ),
    rejects: Type.Array(
      Type.Object({
        row: Type.Integer({ minimum: 1, description: "The number of the input row, from 1." }),
        code: Type.String({ minLength: 1, description: "The code of the reject." }),
        message: Type.Optional(
          Type.String({
            minLength: 1,
            description: "Its whole sentence; not compared when absent.",
          }),
        ),
      }),
      { default: [], description: "The rows that are set aside; any other reject is a failure." },
    ),
    filtered: Type.Optional(
      Type.Integer({ minimum: 0, description: "How many rows are left out on purpose." }),
    ),
    error: Type.Optional(
      Type.String({ minLength: 1, description: "The code of the error that ends the flow." }),
    ),
  },
  { description: "What comes out. At least one of `rows`, `rejects`, `filtered` and `error`." },
);

const testCase = Type.Object({
  name: Type.String({ minLength: 1, description: "A sentence on what is to be so." }),
  flow: Type.String({ minLength: 1, description: "The flow of the pipeline that gets the rows." }),
  transform: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Only this transform of the flow: its name, and which of several: `parse_dates`, `lookup 2`. All when absent.",
    }),
  ),
  base: Type.Optional(
    Type.String({
      minLength: 1,
      description: "A name under `bases`, for what the rows do not say.",
    }),
  ),
  rows: Type.Array(cells("A row: column → value. A column that no row has is empty."), {
    minItems: 1,
    description: "What the source would give.",
  }),
  tables: Type.Optional(tables("Tables for this test alone, instead of those of the file.")),
  expect: expectation,
});

export const testFileOptions = Type.Object({
  description: Type.Optional(Type.String({ description: "What is tested, for people." })),
  pipeline: Type.Optional(
    path(
      "The pipeline, relative to this file. `inat.yaml` when absent and this is `inat.test.yaml`.",
    ),
  ),
  variables: Type.Record(Type.String({ minLength: 1 }), Type.String(), {
    default: {},
    description: "Values for the pipeline's `${VARIABLES}`; those of the shell do not count here.",
  }),
  setup: Type.Array(path("An SQL script."), {
    default: [],
    description:
      "SQL scripts that make the database of the tests, an embedded one in memory: for what `tables` cannot say.",
  }),
  tables: Type.Optional(
    tables(
      "Tables of the database with all their rows, for `lookup` and the like. One that no script of `setup` makes is made, with types guessed from its values.",
    ),
  ),
  bases: Type.Record(Type.String({ minLength: 1 }), cells("Column → value."), {
    default: {},
    description: "Rows from which those of a test differ only in what they say.",
  }),
  tests: Type.Array(testCase, { minItems: 1, description: "The tests, each on its own." }),
});

export type TestFileOptions = Static<typeof testFileOptions>;
export type TestCaseOptions = TestFileOptions["tests"][number];
/** A row as it is written, numbers in their own digits. */
export type GivenCells = Readonly<Record<string, string | number | boolean | null>>;
export type GivenTables = Readonly<Record<string, readonly GivenCells[]>>;
