/**
 * Writes what `pipelines/demo.yaml` loads: the archive `demo.zip`, and in `inaturalist.json` what iNaturalist
 * would answer about its observations: `npm run sample`.
 */

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { writeArchive } from "./archive.ts";
import { recordedAnswer } from "./inaturalist.ts";

export const DEMO = { rows: 2000, seed: 2026, mode: "small" } as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeArchive(fileURLToPath(new URL("demo.zip", import.meta.url)), DEMO);
  await writeFile(new URL("inaturalist.json", import.meta.url), recordedAnswer(DEMO));
}
