/** What to change in the YAML when a flow ends for its rejects, where that shows. */

import type { Rejected } from "./core/batch.ts";
import { RunnerError, withAdvice } from "./core/errors.ts";
import { formatPlace } from "./core/place.ts";
import type { FlowPlan } from "./core/plan.ts";
import type { Tally } from "./core/tally.ts";
import { typeOf } from "./guess/column-guess.ts";

/** More say nothing new. */
const LOOKED_AT = 1000;

/** What a value that is none of its column's type is rejected with. */
const OF_TYPE =
  /^(invalid_text_representation|invalid_datetime_format|datetime_field_overflow|numeric_value_out_of_range|string_data_right_truncation)$/;

/** As `refusalMessage` writes it. */
const VALUE_AND_COLUMN = /^Postgres refused: (?:.*?: |value )?(?:"(.*)")?.*\(column "(.+)"\)\.$/s;

/** A tally that has the advice added when there are too many rejects. */
export const advised = (flow: FlowPlan): ((tally: Tally) => Tally) => {
  const refused: Rejected[] = [];
  const telling = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof RunnerError && error.code === "too_many_rejects"
        ? withAdvice(error, adviceOn(flow, refused, error))
        : error;
    }
  };
  return (tally) => ({
    ...tally,
    refuse: (session, rejected) => {
      refused.push(...rejected.slice(0, LOOKED_AT - refused.length));
      return telling(() => tally.refuse(session, rejected));
    },
    commit: (session, counts) => telling(() => tally.commit(session, counts)),
  });
};

const adviceOn = (flow: FlowPlan, refused: readonly Rejected[], { place }: RunnerError) => {
  const values = new Map<string, string[]>();
  for (const { code, message } of refused) {
    const [, value, column = ""] = (OF_TYPE.test(code) && VALUE_AND_COLUMN.exec(message)) || [];
    const known = values.get(column) ?? [];
    if (column !== "") values.set(column, value === undefined ? known : [...known, value]);
  }
  const [[column, some] = ["", []]] = [...values].sort(([, a], [, b]) => b.length - a.length);
  const type = typeUnderCreate(flow, column);
  return {
    isShared: place?.includedFrom !== undefined,
    type:
      type === undefined
        ? undefined
        : {
            column,
            type,
            where: formatPlace(flow.sink.locate(`${column}: ${type}`)),
            values: [...new Set(some)].slice(0, 2),
            better: [...new Set([typeOf(some), "text"])].filter((one) => one !== type),
          },
  };
};

const typeUnderCreate = ({ sink }: FlowPlan, column: string): string | undefined => {
  const { create } = sink.options as { create?: { columns?: Readonly<Record<string, string>> } };
  return create?.columns?.[column.replaceAll('""', '"')];
};
