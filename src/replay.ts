/** Repaired records instead of a flow's source: the same transforms, the same sink. */

import type { Input } from "./core/batch.ts";
import { defineSource } from "./core/component.ts";
import { unknownFlow } from "./core/errors.ts";
import { withoutShares } from "./core/limits.ts";
import { fileLabel } from "./core/place.ts";
import type { FlowPlan, Plan, StagePlan } from "./core/plan.ts";
import { count } from "./core/progress.ts";
import { type Repaired, readRepaired, repairedIdentity } from "./core/repaired.ts";
import { rejectedColumns, replayedRejects } from "./core/replayed.ts";
import type { Database } from "./core/session.ts";
import { textBatch } from "./core/text-batch.ts";
import { Type } from "./core/type.ts";

/** What comes again. */
export interface Replay {
  /** Those flows of the plan that have records, each with these records as its source. */
  readonly flows: readonly FlowPlan[];
  /** The names of the records by flow. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  /** The file, for people. */
  readonly file: string;
}

/** Reads a file of repaired records for a plan; every flow that it names must be in the plan. */
export const replayOf = async (plan: Plan, path: string, signal: AbortSignal): Promise<Replay> => {
  const label = fileLabel(path);
  const repaired = await readRepaired(path, signal);
  const known = plan.flows.map(({ name }) => name);
  for (const flow of repaired.keys()) {
    if (!known.includes(flow)) throw unknownFlow(flow, known);
  }
  const flows = plan.flows.flatMap((flow): FlowPlan[] => {
    const own = repaired.get(flow.name);
    if (own === undefined) return [];
    const source = repairedSource(own, { pipeline: plan.name, flow: flow.name, label });
    const place = { place: flow.place, locate: () => flow.place, times: () => 0 };
    return [{ ...flow, source: { ...source, ...place }, rejects: withoutShares(flow.rejects) }];
  });
  const ids = [...repaired].map(
    ([flow, { records }]) => [flow, records.map(({ id }) => id)] as const,
  );
  return { flows, ids: new Map(ids), file: label };
};

/** A batch has so many records. */
const BATCH_RECORDS = 5000;

const repairedSource = (
  repaired: Repaired,
  { pipeline, flow, label }: { pipeline: string; flow: string; label: string },
): Pick<StagePlan, "component" | "options"> => {
  const input: Input = {
    name: label,
    sizeBytes: undefined,
    identity: async () => repairedIdentity(repaired),
  };
  const component = defineSource({
    name: "repaired",
    summary: "Records that were rejected and have been repaired.",
    options: Type.Object({}),
    example: "repaired: {}",
    create: () =>
      async function* ({ database, log, signal }) {
        const { loaded, columns } = await knownBefore(() => database.session(), pipeline, flow);
        if (!repaired.isWhole && columns === undefined) log.warn(columnsUntold(label, flow));
        const known = repaired.records.filter(({ id }) => loaded.has(`${flow} ${id}`)).length;
        if (known > 0) {
          log.info(
            `${known === 1 ? "1 record" : `${count(known)} records`} of ${label} ${known === 1 ? "is" : "are"} loaded already, by an earlier run of repaired records: left as ${known === 1 ? "it is" : "they are"}.`,
          );
        }
        const { names, records } = repaired.isWhole ? repaired : withNames(repaired, columns ?? []);
        for (let first = 0; first < records.length; first += BATCH_RECORDS) {
          signal.throwIfAborted();
          const part = records.slice(first, first + BATCH_RECORDS);
          const left = part.filter(({ id }) => !loaded.has(`${flow} ${id}`));
          const batch = textBatch(names, left, { input, bytes: 0 });
          yield batch.andUnchanged(part.length - left.length);
        }
      },
  });
  return { component, options: {} };
};

/** Which rejects of the flow are loaded by now, and which columns its rejects had. */
const knownBefore = async (open: Database["session"], pipeline: string, flow: string) => {
  await using session = await open();
  return {
    loaded: await replayedRejects(session, pipeline, [flow]),
    columns: await rejectedColumns(session, pipeline, flow),
  };
};

const columnsUntold = (label: string, flow: string): string =>
  `${label} has no line \`{"flow":"${flow}","columns":[…]}\`, which stands in a run's own file before the flow's first reject: ` +
  "columns in which none of these records has a value count as not there. Take that line along, or use what `runner rejects` exports.";

/** With the other columns of the flow, which none of the records has a value in. */
const withNames = (
  { names, records }: Repaired,
  more: readonly string[],
): Omit<Repaired, "isWhole"> => {
  const others = more.filter((name) => !names.includes(name));
  const empty = others.map(() => null);
  return {
    names: [...names, ...others],
    records: records.map((record) => ({ ...record, values: [...record.values, ...empty] })),
  };
};
