/** What several commands have in common. */

import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";

/** How a command ends. */
export interface Ending {
  readonly end: (code: number) => void;
  /** Asked once by a command that may be interrupted. */
  readonly interrupted: () => AbortSignal;
}

/** An option that may be given several times. */
export const several = (value: string, previous: readonly string[] = []): string[] => [
  ...previous,
  value,
];

/** The value of an option that is a whole number from 1 on. */
export const wholeNumber = (value: string): number => {
  if (!/^[1-9]\d*$/.test(value))
    throw new InvalidArgumentError("It must be a whole number from 1 on.");
  return Number(value);
};

/** The name of an encoding. */
const encodingName = (value: string): string => {
  try {
    new TextDecoder(value);
    return value;
  } catch {
    throw new InvalidArgumentError("UTF-8, UTF-16 and windows-1252 are known, among others.");
  }
};

/** For commands that look at a text which may not be UTF-8. */
export const encodingOption = () =>
  new Option(
    "--encoding <name>",
    "how its text is encoded, such as `windows-1252`; what `meta.xml` says, or a guess, when absent",
  ).argParser(encodingName);

/** A file that Prometheus' node exporter reads: it passes over all others. */
export const promFile = (value: string): string => {
  if (!value.endsWith(".prom"))
    throw new InvalidArgumentError(
      "It must end with `.prom`: Prometheus' node exporter reads no other.",
    );
  return value;
};

/** A pipeline's file, with a number behind it: the two are easily mistaken for each other. */
export const pipelineFirst = (value: string): string => {
  if (/^\d+$/.test(value) && !existsSync(value))
    throw new InvalidArgumentError(
      "The pipeline's file comes first, the number of the run behind it.",
    );
  return value;
};

/** Where a command looks, instead of where the pipeline says. */
export const databaseOption = () =>
  new Option("--database <url>", "a server's URL or `embedded`, instead of the pipeline's own");

/** A command about one pipeline, in its own database or in another. */
export const pipelineCommand = (main: Command, name: string, read = (file: string) => file) =>
  main.command(name).argument("<pipeline>", "the YAML file", read).addOption(databaseOption());

/** For commands whose findings go to people, programs or a pull request. */
export const formatOption = () =>
  new Option("--format <format>", "how to tell")
    .choices(["text", "json", "github"])
    .default("text");

/** The same for a spreadsheet; a comma is a French decimal separator, so it separates no values. */
export const csvOption = (does = "print it for a spreadsheet", other = "json") =>
  new Option(
    "--csv",
    `${does}; separated by semicolons, as LibreOffice and Excel in French expect`,
  ).conflicts(other);

/** For commands that print what people read at length. */
export const languageOption = () =>
  new Option("--language <language>", "instead of the shell's").choices(["en", "fr"]);
