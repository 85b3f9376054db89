import { fileURLToPath } from "node:url";

/** A file of the package by its path in it; the package is above both `src/` and `dist/`. */
export const shippedFile = (path: string): string =>
  fileURLToPath(new URL(`../${path}`, import.meta.url));
