import { relative } from "node:path";
import type { Complaint } from "../core/complaint.ts";
import { fileLabel } from "../core/place.ts";

/** An annotation at the line of a pull request, as GitHub reads it from a command's output. */
export const annotation = ({ code, message, place, isWarning }: Complaint): string => {
  const { line, column } = place;
  const at = `file=${escaped(inRepository(place.file), /[%\r\n:,]/g)},line=${line},col=${column}`;
  return `::${isWarning ? "warning" : "error"} ${at},title=${code}::${escaped(message, /[%\r\n]/g)}`;
};

/** GitHub looks for the file from the top of the repository, wherever the step is at work (`working-directory`). */
const inRepository = (file: string): string => {
  const top = process.env.GITHUB_WORKSPACE;
  const path = top ? relative(top, file) : "";
  return path === "" || path.startsWith("..") ? fileLabel(file) : path;
};

/** As GitHub wants it: percent-encoded, but only what would end the field. */
const escaped = (text: string, unsafe: RegExp): string =>
  text.replace(unsafe, (character) => encodeURIComponent(character));
