import type { Use } from "../core/component.ts";
import { tableParts } from "./names.ts";

/** The use of a table; `public.t` and `t` are the same one. */
export const tableUse = (table: string, how: Use["how"], columns?: readonly string[]): Use => {
  const { schema = "public", name } = tableParts(table);
  return {
    what: "table",
    name: `${schema}.${name}`,
    written: table,
    how,
    ...(columns ? { columns } : {}),
  };
};
