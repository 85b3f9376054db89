/** Whether a folder can be written, and how much fits; asked without making it. */

import { access, constants, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { diskSmall, folderForbidden } from "./errors.ts";
import { judgedHere, type Verdict, well } from "./examination.ts";
import { fileLabel } from "./place.ts";
import { size } from "./progress.ts";

/** What a folder is for, and how much may come into it. */
export interface FolderUse {
  /** "Archives": what goes there, for people. */
  readonly purpose: string;
  readonly wantedBytes: number;
  /** What to do when there is less. */
  readonly advice?: string;
}

/** A verdict on a folder, or on the nearest one above it that is there. */
export const examineFolder = async (
  folder: string,
  { purpose, wantedBytes, advice = "a run may need more. Make room." }: FolderUse,
): Promise<Verdict> => {
  const present = await nearestPresent(folder);
  try {
    await access(present, constants.W_OK | constants.X_OK);
  } catch (error) {
    return judgedHere("problem", folderForbidden(fileLabel(folder), purpose, error));
  }
  const { bavail, bsize } = await statfs(present);
  const free = bavail * bsize;
  if (free < wantedBytes) {
    return judgedHere("warning", diskSmall(fileLabel(folder), size(free), advice));
  }
  return {
    ...well("disk", `${purpose} go into ${fileLabel(folder)}, which has ${size(free)} free.`),
    isLocal: true,
  };
};

const nearestPresent = async (folder: string): Promise<string> => {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : nearestPresent(dirname(folder));
};
