import { readFileSync } from "node:fs";
import { shippedFile } from "./shipped-file.ts";

/** The package's version. */
export const version: string = JSON.parse(
  readFileSync(shippedFile("package.json"), "utf8"),
).version;
