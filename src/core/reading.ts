/** What the parts of a pipeline share while they are read out of its files. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { absolutePath } from "./absolute-path.ts";
import type { Complain } from "./complaint.ts";
import type { Component } from "./component.ts";
import { type Place, RunnerError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { fileLabel } from "./place.ts";
import { checksIn, readSql, sqlFilesOf } from "./sql-file.ts";
import { checkGivesRows } from "./sql-text.ts";
import { entryOf, isUnknown, unsetIn, type YamlScalar, type YamlValue } from "./yaml-value.ts";

/** With what a pipeline is read. */
export interface ReadingOptions {
  readonly components: readonly Component[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether variables may be unset: for `validate`, which needs no secrets. */
  readonly isOffline: boolean;
}

/** And what is noted on the way. */
export interface Reading extends ReadingOptions {
  readonly complain: Complain;
  /** Variables without a value. */
  readonly unset: Set<string>;
  /** Where each flow has its name. */
  readonly names: Map<string, Place>;
  /** Absolute paths of the files that are included. */
  readonly included: Set<string>;
}

/** Notes the variables without a value. Parameters and aliases were complained of where they stand. */
export const noteUnset = (value: YamlValue, { unset }: Reading): void => {
  for (const name of unsetIn(value)) if (/^\w+$/.test(name)) unset.add(name);
};

/** The text of an entry; undefined when there is none, or its variables have no value. */
export const textIn = (value: YamlValue, key: string): string | undefined => {
  const text = entryOf(value, key)?.value;
  return text?.kind === "scalar" && text.value !== null && !isUnknown(text)
    ? String(text.value)
    : undefined;
};

const missingScript = (text: string, path: string): string => {
  if (/^(alter|create|delete|drop|grant|insert|select|set|truncate|update|with)\s/i.test(text))
    return "This is SQL, and the name of a file with SQL is wanted: put it into one, `sql/setup.sql`.";
  const folder = dirname(path);
  const beside = existsSync(folder) ? readdirSync(folder) : [];
  const [near] = nearest(
    basename(path),
    beside.filter((name) => name.endsWith(".sql")),
  );
  const meant = near === undefined ? "" : ` Did you mean \`${join(dirname(text), near)}\`?`;
  return `The script ${fileLabel(path)} is not there.${meant}`;
};

/** The absolute paths of a list of SQL scripts; complains of those that are not there or cannot be read. */
export const scriptsOf = (
  value: YamlValue | undefined,
  complain: Complain,
  check: (script: string) => void = sqlFilesOf,
): string[] => {
  const scripts = value?.kind === "list" ? value.items : [];
  return scripts
    .filter((item): item is YamlScalar => item.kind === "scalar")
    .map((item) => {
      if (item.unset?.length) return String(item.value);
      const path = absolutePath(String(item.value), item);
      if (!existsSync(path)) {
        complain("file_missing", item.place, missingScript(String(item.value), path));
        return path;
      }
      try {
        check(path);
      } catch (error) {
        if (!(error instanceof RunnerError)) throw error;
        const { code, place, message } = error;
        complain(code, place ? { ...place, includedFrom: item.place } : item.place, message);
      }
      return path;
    });
};

/** The same for checks, of which each is one statement that gives rows. */
export const checksOf = (value: YamlValue | undefined, complain: Complain): string[] =>
  scriptsOf(value, complain, (script) => {
    for (const file of checksIn(script)) checkGivesRows(readSql(file), file);
  });
