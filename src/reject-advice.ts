/** What to change in the YAML when a flow ends for its rejects, where that shows. */

import type { RefusedValue } from "./core/batch.ts";
import { RunnerError, withAdvice } from "./core/errors.ts";
import { formatPlace } from "./core/place.ts";
import type { FlowPlan } from "./core/plan.ts";
import type { Tally } from "./core/tally.ts";
import { typeOf } from "./guess/column-guess.ts";

/** More say nothing new. */
const LOOKED_AT = 1000;

const TOO_LONG = "string_data_right_truncation";

/** What a value that is none of its column's type is rejected with. */
const OF_TYPE = [
  "invalid_text_representation",
  "invalid_datetime_format",
  "datetime_field_overflow",
  "numeric_value_out_of_range",
  TOO_LONG,
];

/** A value that its column's type refuses. */
interface Misfit extends RefusedValue {
  readonly isTooLong: boolean;
}

/** A tally that has the advice added when there are too many rejects. */
export const advised = (flow: FlowPlan): ((tally: Tally) => Tally) => {
  const misfits: Misfit[] = [];
  const telling = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof RunnerError && error.code === "too_many_rejects"
        ? withAdvice(error, adviceOn(flow, misfits, error))
        : error;
    }
  };
  return (tally) => ({
    ...tally,
    refuse: (session, rejected) => {
      for (const { code, refused } of rejected) {
        if (misfits.length === LOOKED_AT) break;
        if (refused && OF_TYPE.includes(code))
          misfits.push({ ...refused, isTooLong: code === TOO_LONG });
      }
      return telling(() => tally.refuse(session, rejected));
    },
    commit: (session, counts) => telling(() => tally.commit(session, counts)),
  });
};

const adviceOn = (flow: FlowPlan, misfits: readonly Misfit[], { place }: RunnerError) => {
  const isShared = place?.includedFrom !== undefined;
  const byColumn = [...Map.groupBy(misfits, ({ column }) => column)];
  const [most] = byColumn.sort(([, a], [, b]) => b.length - a.length);
  const type = most && typeUnderCreate(flow, most[0]);
  if (most === undefined || type === undefined) return { isShared };
  const [column, ofColumn] = most;
  const values = ofColumn.map(({ value }) => value ?? "");
  // Values that are too long may be digits, each; the others of their column are not.
  const better = ofColumn.some(({ isTooLong }) => isTooLong) ? [] : [typeOf(values)];
  return {
    isShared,
    type: {
      column,
      type,
      where: formatPlace(flow.sink.locate(`${column}: ${type}`)),
      values: [...new Set(values)].slice(0, 2),
      better: [...new Set([...better, "text"])].filter((one) => one !== type),
    },
  };
};

const typeUnderCreate = ({ sink }: FlowPlan, column: string): string | undefined => {
  const { create } = sink.options as { create?: { columns?: Readonly<Record<string, string>> } };
  return create?.columns?.[column];
};
