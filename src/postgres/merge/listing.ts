/** Every row that is inserted and every value that is updated, for `plan --csv`; a run lists nothing. */

import { inserted, keepListed, listUpdates } from "./listing-sql.ts";
import type { Merge } from "./merge.ts";
import { LISTED } from "./temporary.ts";

/** Notes old and new of the rows that are to be updated, while the target still has the old. */
export const noteUpdates = async ({ session, settings, where }: Merge): Promise<void> => {
  if (settings.listedAs === undefined) return;
  await session.script(`truncate ${LISTED}`);
  await session.query(listUpdates(settings.shape, where));
};

/** Makes findings of what was written, once it is known what the server refused. */
export const findWritten = async ({ session, settings }: Merge): Promise<void> => {
  const { shape, run, listedAs } = settings;
  if (listedAs === undefined) return;
  await session.query(keepListed(shape), [run, listedAs]);
  await session.query(inserted(shape), [run, listedAs]);
};
