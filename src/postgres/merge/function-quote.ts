/** Texts inside plpgsql. */

import type { RunnerError } from "../../core/errors.ts";

/** Stands in statements for the conditions on the target that are known only when they run. */
export const WHERE = "{{where}}";

/** An SQL text inside plpgsql, as it is. */
export const dollar = (text: string): string => {
  let tag = "$sql$";
  for (let n = 1; text.includes(tag); n++) tag = `$sql${n}$`;
  return `${tag}${text}${tag}`;
};

/** A message in which `%s` stand for what plpgsql knows. */
export const message = ({ message: text }: Error, ...values: readonly string[]): string =>
  values.length === 0 ? dollar(text) : `format(${[dollar(text), ...values].join(", ")})`;

/** The message of an error, and where it is explained. */
export const told = (error: RunnerError, ...values: readonly string[]): string =>
  `message = ${message(error, ...values)}, hint = ${dollar(`runner explain ${error.code}`)}`;

/** Without PostgreSQL's notices that what is dropped is not there; those of triggers, and ours, come through. */
export const quietly = (statement: string): string =>
  `perform set_config('client_min_messages', 'warning', true);
    ${statement}
    perform set_config('client_min_messages', v_messages, true);`;
