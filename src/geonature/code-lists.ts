import type { Complain } from "../core/complaint.ts";
import { readTable, type TableFile } from "./table.ts";

/** The SINP's lists: type → code → label. */
export type CodeLists = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The lists in `nomenclatures.csv`, against which a mapping is checked without a database. */
export const readCodeLists = async (
  file: TableFile,
  complain: Complain,
): Promise<CodeLists | undefined> => {
  const rows = await readTable(file, ["type", "cd_nomenclature", "label_fr"], complain);
  if (rows === undefined) return undefined;
  const lists = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const list = lists.get(row.text("type")) ?? new Map<string, string>();
    lists.set(row.text("type"), list.set(row.text("cd_nomenclature"), row.text("label_fr")));
  }
  return lists;
};
