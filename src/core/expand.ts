import { dirname, isAbsolute, relative } from "node:path";
import { stringify } from "yaml";
import type { Document } from "./document.ts";
import { type Limit, limitText, type RejectLimits } from "./limits.ts";
import type { Schema } from "./option-schema.ts";
import { withoutPasswords } from "./place.ts";
import type { FlowPlan, Plan, StagePlan } from "./plan.ts";
import { Secret } from "./secret.ts";
import { plain } from "./yaml-value.ts";

/**
 * The pipeline as one YAML file: includes in their places, defaults filled in, secrets as `***`. Paths
 * are relative to the pipeline's folder, so that it does the same when it is kept beside it.
 */
export const expandPipeline = (plan: Plan): string => {
  const folder = dirname(plan.file);
  return stringify(
    {
      name: plan.name,
      ...(plan.description === undefined ? {} : { description: plan.description }),
      database: withoutPasswords(plan.database.reveal()),
      ...(plan.lock === undefined ? {} : { lock: plan.lock }),
      ...(plan.setup.length === 0 ? {} : { setup: plan.setup.map((file) => near(file, folder)) }),
      ...(plan.checks?.length ? { checks: plan.checks.map((file) => near(file, folder)) } : {}),
      flows: plan.flows.map((flow) => expandedFlow(flow, folder)),
    },
    { lineWidth: 100 },
  );
};

const expandedFlow = (flow: FlowPlan, folder: string) => ({
  name: flow.name,
  source: expandedStage(flow.source, folder),
  ...(flow.transforms.length === 0
    ? {}
    : { transforms: flow.transforms.map((transform) => expandedStage(transform, folder)) }),
  sink: expandedStage(flow.sink, folder),
  ...(flow.checks?.length ? { checks: flow.checks.map((file) => near(file, folder)) } : {}),
  ...(flow.isOnRequest ? { on_request: true } : {}),
  rejects: expandedLimits(flow.rejects),
});

const expandedStage = ({ component, options, unset = [] }: StagePlan, folder: string) => ({
  [component.name]: readable(options, component.options as Schema, {
    folder,
    // A variable without a value stands as it was written; any other `${` is meant literally.
    isLiteral: unset.length === 0,
  }),
});

const expandedLimits = ({ max, byCode }: RejectLimits) =>
  Object.fromEntries([
    ["max", limitValue(max)],
    ...[...byCode].map(([code, limit]) => [code, limitValue(limit)]),
  ]);

const limitValue = (limit: Limit): number | string =>
  limit !== "any" && "rows" in limit ? limit.rows : limitText(limit);

/** Options as they would be written; a secret is not. */
const readable = (
  value: unknown,
  schema: Schema | undefined,
  way: { folder: string; isLiteral: boolean },
): unknown => {
  if (value instanceof Secret) return "***";
  if (value instanceof RegExp) return readable(value.source.replaceAll("\\/", "/"), undefined, way);
  if (schema?.runner === "document" && typeof value === "object") {
    const { written } = value as Document;
    const isFile = typeof written === "string";
    return isFile ? readable(written, schema, way) : readable(plain(written), undefined, way);
  }
  if (Array.isArray(value)) return value.map((item) => readable(item, schema?.items, way));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        readable(inner, schema?.properties?.[key] ?? patternSchema(schema), way),
      ]),
    );
  }
  if (typeof value !== "string") return value;
  const text = schema?.runner ? near(value, way.folder) : value;
  return way.isLiteral ? text.replaceAll("${", () => "$${") : text;
};

const patternSchema = (schema: Schema | undefined): Schema | undefined =>
  Object.values(schema?.patternProperties ?? {})[0];

const near = (file: string, folder: string): string =>
  isAbsolute(file) ? relative(folder, file) || "." : file;
