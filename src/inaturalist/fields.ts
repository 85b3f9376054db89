/** The fields of an observation that are wanted: column → where its value is, `{ taxon: taxon.name }`. */

/** The API's own notation: `id,uri,uuid`, and `(id:!t,taxon:(name:!t))` for what lies deeper. */
export const fieldsText = (paths: readonly string[]): string => {
  const all = [...new Set(["id", ...paths])].sort();
  if (!all.some((path) => path.includes("."))) return all.join(",");
  const nested = (own: readonly string[]): string => {
    const keys = [...new Set(own.map((path) => path.split(".")[0] ?? path))];
    const text = keys.map((key) => {
      const deeper = own
        .filter((path) => path.startsWith(`${key}.`))
        .map((path) => path.slice(key.length + 1));
      return `${key}:${deeper.length > 0 ? nested(deeper) : "!t"}`;
    });
    return `(${text.join(",")})`;
  };
  return nested(all);
};

/** The value at a path, as text. */
export const textAt = (
  result: Record<string, unknown> | undefined,
  path: string,
): string | null => {
  const value = path
    .split(".")
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null)?.[key], result);
  if (value === undefined || value === null || value === "") return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};
