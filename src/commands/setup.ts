import { setUpPipeline, uninstallPipeline } from "../setup.ts";
import { loadToRun } from "./load.ts";
import { warningText } from "./text.ts";

export interface SetupFlags {
  readonly database?: string;
  readonly uninstall?: boolean;
}

/** `runner setup PIPELINE`: the exit code. */
export const setupCommand = async (
  file: string,
  { database, uninstall = false }: SetupFlags,
  signal: AbortSignal,
): Promise<number> => {
  const { plan } = await loadToRun(file, database);
  if (plan === undefined) return 2;
  const say = (text: string) => console.error(text);
  const options = {
    signal,
    log: { info: say, warn: (text: string) => say(warningText(text)) },
  };
  if (uninstall) {
    const removed = await uninstallPipeline(plan, options);
    for (const sentence of removed) say(`Removed: ${sentence}`);
    say(removed.length === 0 ? "There was nothing to remove." : "Tables and their data stay.");
    return 0;
  }
  for (const sentence of await setUpPipeline(plan, options)) say(`Made: ${sentence}`);
  say(`The database is set up for ${plan.name}; no flow was run.`);
  return 0;
};
