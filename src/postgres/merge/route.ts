import type { Route } from "../routed-chunks.ts";
import type { MergeShape } from "./shape.ts";

/**
 * Which session each row goes to: by a hash of the value that no two rows share, where there is one, else
 * by a hash of the key. So rows that are one row to the table meet in one session, in their order.
 *
 * It is no more than that: texts that are one value to PostgreSQL (`01` and `1`) may part. What makes sure
 * of each key is the track table, which all sessions share.
 */
export const routeByHash =
  ({ key, unique, derived }: MergeShape, lanes: number): Route =>
  (batch) => {
    const keys = key.map(({ name }) => batch.column(name));
    const isGiven =
      unique !== undefined &&
      batch.names.includes(unique.column) &&
      !derived.some(({ column }) => column.name === unique.column);
    const value = isGiven ? batch.column(unique.column) : undefined;
    return (row) => {
      const text = value?.text(row);
      if (text) return hashOf(text, 0) % lanes;
      return keys.reduce((hash, column) => hashOf(column.text(row) ?? "", hash), 0) % lanes;
    };
  };

/** FNV-1a, its bits mixed: of its own, the lowest one knows only the lowest of each character. */
const hashOf = (text: string, seed: number): number => {
  let hash = seed ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
};
