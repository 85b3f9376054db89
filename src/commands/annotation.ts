import type { Complaint } from "../core/complaint.ts";
import { fileLabel } from "../core/place.ts";

/** An annotation at the line of a pull request, as GitHub reads it from a command's output. */
export const annotation = ({ code, message, place, isWarning }: Complaint): string => {
  const { line, column } = place;
  const at = `file=${escaped(fileLabel(place.file), /[%\r\n:,]/g)},line=${line},col=${column}`;
  return `::${isWarning ? "warning" : "error"} ${at},title=${code}::${escaped(message, /[%\r\n]/g)}`;
};

/** As GitHub wants it: percent-encoded, but only what would end the field. */
const escaped = (text: string, unsafe: RegExp): string =>
  text.replace(unsafe, (character) => encodeURIComponent(character));
