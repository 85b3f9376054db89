/** Repaired records instead of a flow's source: the same transforms, the same sink. */

import type { Input } from "./core/batch.ts";
import { defineSource, type Log } from "./core/component.ts";
import { listed, unknownFlow } from "./core/errors.ts";
import { withoutShares } from "./core/limits.ts";
import { fileLabel } from "./core/place.ts";
import type { FlowPlan, Plan, StagePlan } from "./core/plan.ts";
import { RUNNER } from "./core/program.ts";
import { count, counted } from "./core/progress.ts";
import { type Repaired, readRepaired, repairedIdentity } from "./core/repaired.ts";
import { type Fitted, fittedColumns } from "./core/repaired-columns.ts";
import { REJECT_COLUMNS } from "./core/repaired-table.ts";
import { rejectedColumns, replayedRejects } from "./core/replayed.ts";
import type { Session } from "./core/session.ts";
import { textBatch } from "./core/text-batch.ts";
import { Type } from "./core/type.ts";

/** What comes again. */
export interface Replay {
  /** The names of the records by flow. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  /** The file, for people. */
  readonly file: string;
  /**
   * These flows with the records as their sources. Asks the state which of them are loaded by now and which columns
   * they had; throws for columns that are misspelt or gone, before anything of any flow is loaded.
   */
  flowsWith(
    session: Session,
    flows: readonly FlowPlan[],
    log: Pick<Log, "info" | "warn">,
  ): Promise<readonly FlowPlan[]>;
}

/** Reads a file of repaired records for a plan; every flow that it names must be in the plan. */
export const replayOf = async (plan: Plan, path: string, signal: AbortSignal): Promise<Replay> => {
  const label = fileLabel(path);
  const repaired = await readRepaired(path, signal);
  const known = plan.flows.map(({ name }) => name);
  for (const [flow, { firstAt }] of repaired) {
    if (!known.includes(flow)) throw unknownFlow(flow, known, firstAt);
  }
  const ids = [...repaired].map(
    ([flow, { records }]) => [flow, records.map(({ id }) => id)] as const,
  );
  return {
    ids: new Map(ids),
    file: label,
    async flowsWith(session, flows, log) {
      const withRecords: FlowPlan[] = [];
      for (const flow of flows) {
        const own = repaired.get(flow.name);
        if (own === undefined) continue;
        const lists = own.columns
          ? [own.columns]
          : await rejectedColumns(session, plan.name, flow.name);
        const fitted = fittedColumns(own, lists);
        tellColumns(own, fitted, { label, flow: flow.name, log });
        const loaded = await replayedRejects(session, plan.name, [flow.name]);
        const source = repairedSource(
          { ...(fitted ?? own), isLoaded: (id) => loaded.has(`${flow.name} ${id}`) },
          { name: label, sizeBytes: undefined, identity: async () => repairedIdentity(own) },
        );
        const place = { place: flow.place, locate: () => flow.place, times: () => 0 };
        const rejects = withoutShares(flow.rejects);
        withRecords.push({ ...flow, source: { ...source, ...place }, rejects });
      }
      return withRecords;
    },
  };
};

/** A batch has so many records. */
const BATCH_RECORDS = 5000;

interface Records extends Pick<Repaired, "names" | "records"> {
  readonly isLoaded: (id: string) => boolean;
}

const repairedSource = (
  { names, records, isLoaded }: Records,
  input: Input,
): Pick<StagePlan, "component" | "options"> => {
  const component = defineSource({
    name: "repaired",
    summary: "Records that were rejected and have been repaired.",
    options: Type.Object({}),
    example: "repaired: {}",
    create: () =>
      async function* ({ log, signal }) {
        const known = records.filter(({ id }) => isLoaded(id)).length;
        if (known > 0) {
          log.info(
            `${known === 1 ? "1 record" : `${count(known)} records`} of ${input.name} ${known === 1 ? "is" : "are"} loaded already, by an earlier run of repaired records: left as ${known === 1 ? "it is" : "they are"}.`,
          );
        }
        for (let first = 0; first < records.length; first += BATCH_RECORDS) {
          signal.throwIfAborted();
          const part = records.slice(first, first + BATCH_RECORDS);
          const left = part.filter(({ id }) => !isLoaded(id));
          const batch = textBatch(names, left, { input, bytes: 0 });
          yield batch.andUnchanged(part.length - left.length);
        }
      },
  });
  return { component, options: {} };
};

/** Says what there is to be said of the columns of a flow's records. */
const tellColumns = (
  { isWhole, isTable, editedAt }: Repaired,
  fitted: Fitted | undefined,
  { label, flow, log }: { label: string; flow: string; log: Pick<Log, "info" | "warn"> },
): void => {
  if (fitted === undefined && !isWhole) log.warn(columnsUntold(label, flow));
  const [first] = editedAt;
  if (first !== undefined) {
    const column = isTable ? REJECT_COLUMNS.record : "record";
    const many =
      editedAt.length === 1 ? first : `${first} and ${counted(editedAt.length - 1, "other line")}`;
    log.warn(
      `\`${column}\` is changed in ${many}. It only shows the record as it was: what is loaded is in ${isTable ? "the columns behind it" : "`fields`"}.`,
    );
  }
  if (fitted !== undefined && fitted.leftOut.length > 0) {
    const columns = listed(fitted.leftOut);
    log.info(`Left out of ${label}, as no record had it before: ${columns}.`);
  }
};

const columnsUntold = (label: string, flow: string): string =>
  `${label} has no line \`{"flow":"${flow}","columns":[…]}\`, which stands in a run's own file before the flow's first reject: ` +
  `columns in which none of these records has a value count as not there. Take that line along, or use what \`${RUNNER} rejects\` exports.`;
