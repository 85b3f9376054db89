/** A name as SQL wants it, quoted. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `schema.table` as it stands in YAML: its parts without quotes, in lower case where unquoted. */
export const tableParts = (table: string): { schema: string | undefined; name: string } => {
  const parts = table.match(/"(?:[^"]|"")+"|[^".]+/g) ?? [];
  const [first = "", second] = parts.map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase(),
  );
  return second === undefined
    ? { schema: undefined, name: first }
    : { schema: first, name: second };
};

/** The table's name for SQL, each part quoted. */
export const quotedTable = (table: string): string => {
  const { schema, name } = tableParts(table);
  return schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
};

/** A list of columns for SQL. */
export const quotedList = (names: readonly string[]): string => names.map(quoted).join(", ");
