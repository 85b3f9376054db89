import { parse } from "yaml";
import type { Component } from "./component.ts";
import { closed, type Schema } from "./options-check.ts";
import {
  flowOptions,
  includedOptions,
  includeOptions,
  parameterOptions,
  pipelineOptions,
} from "./pipeline-schema.ts";

/** A text with a variable, which may stand for a number or a boolean. */
const VARIABLE = { type: "string", pattern: "\\$\\{", description: "A variable, `${NAME}`." };

/**
 * The JSON Schema of pipeline files and of the files they include: completion and descriptions in
 * editors, out of the same schemas that the options are checked with.
 */
export const pipelineSchema = (components: readonly Component[]): object => {
  const flows = {
    ...withVariables(pipelineOptions.properties.flows as Schema),
    items: {
      if: { required: ["include"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: shapeOf(includeOptions as Schema),
      else: {
        ...shapeOf(flowOptions as Schema),
        properties: {
          ...shapeOf(flowOptions as Schema).properties,
          source: { $ref: "#/$defs/source" },
          transforms: {
            ...(flowOptions.properties.transforms as Schema),
            items: { $ref: "#/$defs/transform" },
          },
          sink: { $ref: "#/$defs/sink" },
        },
      },
    },
  };
  const included = shapeOf(includedOptions as Schema);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A pipeline of `runner`",
    if: { required: ["name"] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { ...withFlows(shapeOf(pipelineOptions as Schema), flows) },
    else: withFlows(
      {
        ...included,
        properties: {
          ...included.properties,
          params: {
            ...included.properties?.params,
            additionalProperties: shapeOf(parameterOptions as Schema),
          },
        },
      },
      flows,
    ),
    $defs: {
      source: stageSchema(components, "source"),
      transform: stageSchema(components, "transform"),
      sink: stageSchema(components, "sink"),
    },
  };
};

const withFlows = (schema: Schema, flows: object): object => ({
  ...schema,
  properties: { ...schema.properties, flows },
});

const shapeOf = (schema: Schema): Schema => withVariables(closed(schema));

const stageSchema = (components: readonly Component[], kind: Component["kind"]): object => ({
  type: "object",
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: Object.fromEntries(
    components
      .filter((component) => component.kind === kind)
      .map((component) => [
        component.name,
        {
          ...shapeOf(component.options as Schema),
          description: component.summary,
          examples: [parse(component.example)[component.name]],
        },
      ]),
  ),
});

/** Numbers and booleans may be variables; the runner's own keyword is not for editors. */
const withVariables = (schema: Schema): Schema => {
  const { runner: _, format: __, ...rest } = schema as Schema & { format?: string };
  const inner = {
    ...rest,
    ...(rest.items ? { items: withVariables(rest.items) } : {}),
    ...(rest.properties ? { properties: mapValues(rest.properties, withVariables) } : {}),
    ...(rest.patternProperties
      ? { patternProperties: mapValues(rest.patternProperties, withVariables) }
      : {}),
  };
  const isTyped = ["number", "integer", "boolean"].includes(String(schema.type)) || schema.enum;
  if (!isTyped || schema.type === "string") return inner;
  const { description, default: fallback, ...bare } = inner;
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [bare, VARIABLE],
  } as Schema;
};

const mapValues = (
  record: Readonly<Record<string, Schema>>,
  change: (schema: Schema) => Schema,
): Record<string, Schema> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
