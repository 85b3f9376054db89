/** How a user writes an option, for messages that tell which one to change. */

import { valueAt, type YamlPath, type YamlValue } from "./yaml-value.ts";

/**
 * What options were made of. Beside them and not in them: a component gets plain values, and few messages ask for more.
 */
const origins = new WeakMap<object, YamlValue>();

/** Notes what a component's options were made of. */
export const noteOrigin = (options: object, value: YamlValue): void => {
  origins.set(options, value);
};

/**
 * An option with a value, as it is to be written: `validated: apply` where a parameter of an included file gives it, as
 * whoever includes the file does not see the option itself; else `hold_when: { action: apply }`.
 */
export const asWritten = (
  options: object,
  path: readonly string[],
  value: string | number,
): string => {
  const origin = origins.get(options);
  for (const [index] of path.entries()) {
    const parameter = valueAt(origin, path.slice(0, index + 1))?.parameter;
    if (parameter !== undefined) return nested([parameter, ...path.slice(index + 1)], value);
  }
  return nested(path, value);
};

const nested = (path: YamlPath, value: string | number): string => {
  const [first, ...others] = path.toReversed();
  return others.reduce<string>((inner, key) => `${key}: { ${inner} }`, `${first}: ${value}`);
};
