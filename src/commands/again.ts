/** How a command that is suggested names the pipeline and the database: as the user has named them. */

import { resolve } from "node:path";
import { fileLabel, shellWord, withoutPasswords } from "../core/place.ts";

/** `pipelines/inat.yaml`, with ` --database …` behind it when the user gave one; a password is never repeated. */
export const named = (file: string, database: string | undefined): string =>
  `${shellWord(fileLabel(resolve(file)))}${databaseWords(database)}`;

/** ` --database X`; without the password, which `PGPASSWORD` or `~/.pgpass` can give. */
export const databaseWords = (database: string | undefined): string => {
  if (database === undefined) return "";
  const masked = withoutPasswords(database);
  if (masked !== database && database === process.env.DATABASE_URL)
    return ' --database "$DATABASE_URL"';
  const text = masked.replace(/:\*\*\*@/, "@").replace(/(\?|&)(?:ssl)?password=\*\*\*&?/g, "$1");
  const bare = text.replace(/[?&]$/, "");
  return ` --database ${shellWord(bare)}`;
};
