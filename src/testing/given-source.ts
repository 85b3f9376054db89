import { Batch, type Columns, type Input } from "../core/batch.ts";
import { ConstantColumn, TextColumn } from "../core/columns.ts";
import { defineSource } from "../core/component.ts";
import { formatPlace } from "../core/place.ts";
import type { StagePlan } from "../core/plan.ts";
import { Type } from "../core/type.ts";
import type { GivenRow } from "./test-file.ts";

/** The rows of a test in the place of a flow's source. */
export interface GivenSource {
  readonly stage: StagePlan;
  /** What it gives. */
  readonly batch: Batch;
  /** Columns that were asked for so far. */
  readonly asked: ReadonlySet<string>;
}

/**
 * A source that gives these rows, each found at its place in the test file. A test names only the columns
 * that matter, so any other is there and empty; where the flow's own source knows its columns, only those.
 */
export const givenSource = (rows: readonly GivenRow[], own: StagePlan): GivenSource => {
  const asked = new Set<string>();
  const known = own.component.columns?.({ ...own.options });
  const names = new Set(rows.flatMap(({ values }) => [...values.keys()]));
  const given = new Map(
    [...names].map((name) => [
      name,
      new TextColumn(rows.map(({ values }) => values.get(name) ?? null)),
    ]),
  );
  const columns: Columns = {
    get: (name) => {
      asked.add(name);
      if (known && !known.includes(name)) return undefined;
      return given.get(name) ?? nothing;
    },
    keys: () => known ?? names,
  };
  const batch = batchOf(rows, columns);
  const component = defineSource({
    name: "given",
    summary: "The rows of a test.",
    options: Type.Object({}),
    example: "given: {}",
    create: () =>
      async function* () {
        yield batch;
      },
  });
  return { stage: { ...own, component, options: {} }, batch, asked };
};

const nothing = new ConstantColumn(null);

const batchOf = (rows: readonly GivenRow[], columns: Columns): Batch =>
  Batch.from({
    columns,
    size: rows.length,
    input,
    record: (row) => ({
      place: placeOf(rows[row]),
      raw: JSON.stringify(Object.fromEntries(rows[row]?.values ?? [])),
    }),
    bytes: 0,
  });

const input: Input = { name: "test", sizeBytes: undefined, identity: async () => "test" };

const placeOf = (row: GivenRow | undefined): string => (row ? formatPlace(row.place) : "");
