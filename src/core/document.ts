import type { Complain } from "./complaint.ts";
import { fileLabel } from "./place.ts";
import { readYaml } from "./yaml-file.ts";
import { isPartial, type YamlScalar, type YamlValue } from "./yaml-value.ts";

/** A value that stands in a file of its own, or in the pipeline where it is used. */
export interface Document {
  /** For people: the file it stands in. */
  readonly label: string;
  /** As the pipeline has it: the file's path, absolute, or the value itself. */
  readonly written: string | YamlValue;
  /** What it says, with the place of each part; undefined when it cannot be read, with complaints. */
  read(complain: Complain): Promise<YamlValue | undefined>;
}

/** A document written in place. */
export const inlineDocument = (value: YamlValue): Document => ({
  label: fileLabel(value.place.file),
  written: value,
  read: async () => value,
});

/** A document in a file; `scalar` is where the file is named. */
export const fileDocument = (file: string, { place }: YamlScalar): Document => ({
  label: fileLabel(file),
  written: file,
  read: async (complain) => {
    const value = await readYaml(file, complain, place);
    // What it lacks may stand where it could not be read.
    return value && isPartial(value) ? undefined : value;
  },
});
