/** Writes `demo.zip`, the archive that `pipelines/demo.yaml` loads: `npm run sample`. */

import { fileURLToPath } from "node:url";
import { writeArchive } from "./archive.ts";

export const DEMO = { rows: 2000, seed: 2026, mode: "small" } as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeArchive(fileURLToPath(new URL("demo.zip", import.meta.url)), DEMO);
}
