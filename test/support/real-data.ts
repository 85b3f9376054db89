import { existsSync } from "node:fs";
import { join } from "node:path";

/** A folder of the real archives that `REAL_DATA` names; `skip` says why there is none. */
export const realData = (name: string): { path: string; skip: string | false } => {
  const root = process.env.REAL_DATA;
  if (root === undefined || root === "") {
    return { path: "", skip: "REAL_DATA does not name the folder of real archives" };
  }
  const path = join(root, name);
  return { path, skip: existsSync(path) ? false : `${path} is not there` };
};
