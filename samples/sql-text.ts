/** A value as SQL writes it; null for what is empty. */
export const sqlText = (value: string | number | null): string => {
  if (value === null || value === "") return "null";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
};

/** The rows of a `values` list, one per line. */
export const sqlRows = (rows: readonly (readonly (string | number | null)[])[]): string =>
  rows.map((row) => `  (${row.map(sqlText).join(", ")})`).join(",\n");
