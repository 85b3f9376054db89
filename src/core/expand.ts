import { stringify } from "yaml";
import { type Limit, limitText, type RejectLimits } from "./limits.ts";
import { fileLabel, withoutPasswords } from "./place.ts";
import type { FlowPlan, Plan, StagePlan } from "./plan.ts";
import { Secret } from "./secret.ts";

/** The pipeline as one YAML file: includes in their places, defaults filled in, secrets as `***`. */
export const expandPipeline = (plan: Plan): string =>
  stringify(
    {
      name: plan.name,
      ...(plan.description === undefined ? {} : { description: plan.description }),
      database: withoutPasswords(plan.database.reveal()),
      ...(plan.setup.length === 0 ? {} : { setup: plan.setup.map(fileLabel) }),
      flows: plan.flows.map(expandedFlow),
    },
    { lineWidth: 100 },
  );

const expandedFlow = (flow: FlowPlan) => ({
  name: flow.name,
  source: expandedStage(flow.source),
  ...(flow.transforms.length === 0 ? {} : { transforms: flow.transforms.map(expandedStage) }),
  sink: expandedStage(flow.sink),
  rejects: expandedLimits(flow.rejects),
});

const expandedStage = ({ component, options }: StagePlan) => ({
  [component.name]: readable(options),
});

const expandedLimits = ({ max, byCode }: RejectLimits) =>
  Object.fromEntries([
    ["max", limitValue(max)],
    ...[...byCode].map(([code, limit]) => [code, limitValue(limit)]),
  ]);

const limitValue = (limit: Limit): number | string =>
  limit !== "any" && "rows" in limit ? limit.rows : limitText(limit);

/** Options as they would be written; a secret is not. */
const readable = (value: unknown): unknown => {
  if (value instanceof RegExp) return value.source;
  if (value instanceof Secret) return "***";
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
  }
  return value;
};
