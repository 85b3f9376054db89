import { createHash } from "node:crypto";
import { dirname, isAbsolute, relative } from "node:path";
import type { Context } from "./component.ts";
import { placedIn } from "./flow.ts";
import type { Schema } from "./option-schema.ts";
import type { FlowPlan, StagePlan } from "./plan.ts";
import { haveConnections } from "./session.ts";

/**
 * A text that stays the same as long as the same record can only become the same row: of the program's
 * version, of what the YAML says of the flow, and of whatever else its stages look into.
 */
export const basisOf = async (
  flow: FlowPlan,
  context: Context,
  version: string,
): Promise<string> => {
  const digest = createHash("sha256").update(version);
  const stages = [flow.source, ...flow.transforms, flow.sink];
  const isAtOnce = haveConnections(context);
  const looked = isAtOnce ? stages.map((stage) => lookInto(stage, context)) : [];
  // To their end, all of them, whichever fails first: they use the database.
  await Promise.allSettled(looked);
  for (const [index, stage] of stages.entries()) {
    const found = await (looked[index] ?? lookInto(stage, context));
    digest.update(`\n${stage.component.name} ${asWritten(stage)}\n${found}`);
  }
  return digest.digest("hex");
};

const lookInto = async (stage: StagePlan, context: Context): Promise<string> => {
  try {
    return (await stage.component.basis?.({ ...stage.options }, context)) ?? "";
  } catch (error) {
    throw placedIn(stage, error);
  }
};

/**
 * Options as text, but for those of which no row depends. Another checkout of the same files is no change, so
 * paths are as in the YAML.
 */
const asWritten = ({ component, options, place }: StagePlan): string => {
  const { properties }: Schema = component.options;
  const deciding = Object.entries(options).filter(([name]) => !properties?.[name]?.makesNoRow);
  return JSON.stringify(Object.fromEntries(deciding), (_, value: unknown) => {
    if (value instanceof RegExp) return String(value);
    if (typeof value !== "string" || !isAbsolute(value)) return value;
    return relative(dirname(place.file), value);
  });
};
