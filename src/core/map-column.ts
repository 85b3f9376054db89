import { type Batch, Reject } from "./batch.ts";
import { TextColumn } from "./columns.ts";
import type { Transform } from "./component.ts";

/** A value for each new column, or the reason why the record is set aside. */
export type Change<Values> = (text: string | null) => Values | Reject;

/** A transform that makes a column out of the text of another (or of itself). */
export const mapColumn = (from: string, to: string, change: Change<string | null>): Transform =>
  async function* (batches) {
    for await (const batch of batches) {
      const column = batch.column(from);
      const values = emptyValues(batch);
      const rejects = new Map<number, Reject>();
      for (const row of batch.rows) {
        const value = change(column.text(row));
        if (value instanceof Reject) rejects.set(row, value);
        else values[row] = value;
      }
      yield batch.reject(rejects).with(to, new TextColumn(values));
    }
  };

/** A value for every row number of a batch, to be filled. */
export const emptyValues = (batch: Batch): (string | null)[] =>
  new Array((batch.rows.at(-1) ?? -1) + 1).fill(null);
