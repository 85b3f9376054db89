/** What iNaturalist answers, as records. */

import type { Batch, Input, Rejected } from "../core/batch.ts";
import { type TextRecord, textBatch } from "../core/text-batch.ts";
import type { Answers } from "./api.ts";
import { textAt } from "./fields.ts";

/** The columns of its records, for fields by their columns. */
export const columnsOf = (fields: Readonly<Record<string, string>>): string[] => [
  "id_inaturalist",
  ...Object.keys(fields),
  "status",
  "asked_at",
];

/** The records of one answer: an id that was asked for and is not in it is `missing`. */
export const batchMaker =
  (input: Input, fields: Readonly<Record<string, string>>) =>
  (asked: readonly { readonly id: string }[], { found, failed }: Answers): Batch => {
    const reasons = new Map(failed.map(({ id, reason }) => [id, reason]));
    const now = new Date().toISOString();
    const records: TextRecord[] = [];
    const rejects: Rejected[] = [];
    for (const { id } of asked) {
      const place = `https://www.inaturalist.org/observations/${id}`;
      const result = found.get(id);
      const reason = reasons.get(id);
      const raw = JSON.stringify(result ?? { id });
      if (reason !== undefined) {
        const message = `iNaturalist cannot be asked for ${id}: ${reason}.`;
        rejects.push({ place, raw, code: "request_failed", message });
        continue;
      }
      const values = Object.values(fields).map((path) => textAt(result, path));
      records.push({ place, raw, values: [id, ...values, result ? "found" : "missing", now] });
    }
    return textBatch(columnsOf(fields), records, { input, bytes: asked.length, rejects });
  };

/** A value that is no id: nobody is asked for it. */
export const unreadableId = (value: string): Rejected => ({
  place: `iNaturalist id ${JSON.stringify(value)}`,
  raw: value,
  code: "no_observation_id",
  message: `${JSON.stringify(value)} is neither a number nor the link of an observation.`,
});
