import { parse } from "yaml";
import type { Component } from "./component.ts";
import { closed, type Schema } from "./option-schema.ts";
import {
  flowOptions,
  includedOptions,
  includeOptions,
  parameterOptions,
  pipelineOptions,
} from "./pipeline-schema.ts";

/** A text with a variable, which may stand for a number or a boolean. */
const VARIABLE = { type: "string", pattern: "\\$\\{", description: "A variable, `${NAME}`." };

/** The one key of `rejects` that is no code. */
const MAX = {
  type: ["string", "number"],
  description:
    "How many records may be set aside, whatever the reason: a number, or a share of those that were read. Beside it, a code may have a limit of its own: `bad_date: any`.",
  examples: ["1%", 1000, 0],
};

/**
 * The JSON Schema of pipeline files and of the files they include: completion and descriptions in
 * editors, out of the same schemas that the options are checked with.
 */
export const pipelineSchema = (components: readonly Component[]): object => {
  const flow = shapeOf(flowOptions as Schema);
  const flows = {
    ...shapeOf(pipelineOptions as Schema).properties?.flows,
    items: {
      if: { required: ["include"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: shapeOf(includeOptions as Schema),
      else: {
        ...flow,
        title: "flow",
        properties: {
          ...flow.properties,
          rejects: { ...flow.properties?.rejects, properties: { max: MAX } },
          source: { $ref: "#/$defs/source" },
          transforms: {
            ...flow.properties?.transforms,
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
    title: "pipeline",
    if: { required: ["name"] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { ...withFlows(shapeOf(pipelineOptions as Schema), flows) },
    else: withFlows(
      {
        ...included,
        properties: {
          ...included.properties,
          params: {
            type: "object",
            description: included.properties?.params?.description,
            additionalProperties: shapeOf(parameterOptions as Schema),
          },
        },
      },
      flows,
    ),
    $defs: {
      source: stageSchema(components, "source", flowOptions.properties.source as Schema),
      transform: stageSchema(components, "transform", flowOptions.properties.transforms as Schema),
      sink: stageSchema(components, "sink", flowOptions.properties.sink as Schema),
    },
  };
};

const withFlows = (schema: Schema, flows: object): object => ({
  ...schema,
  properties: { ...schema.properties, flows },
});

const shapeOf = (schema: Schema): Schema => withVariables(closed(schema));

const stageSchema = (
  components: readonly Component[],
  kind: Component["kind"],
  { description }: Schema,
): object => ({
  type: "object",
  description,
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
          // What an editor writes above each of its options.
          title: component.name,
          description: component.summary,
          examples: [parse(component.example)[component.name]],
        },
      ]),
  ),
});

/**
 * What an editor may accept: what has a default is not required, and a variable may stand for any value
 * that is more than free text. The runner's own keywords are not for editors.
 */
const withVariables = (schema: Schema): Schema => {
  const {
    runner: _,
    form: __,
    hints: ___,
    makesNoRow: ____,
    isElsewhere: ______,
    format: _____,
    ...rest
  } = schema as Schema & {
    format?: string;
  };
  const { required, properties } = rest;
  const inner = {
    ...rest,
    ...(required
      ? { required: required.filter((name) => properties?.[name]?.default === undefined) }
      : {}),
    ...(rest.anyOf ? { anyOf: rest.anyOf.map(withVariables) } : {}),
    ...(rest.items ? { items: withVariables(rest.items) } : {}),
    ...(properties ? { properties: mapValues(properties, withVariables) } : {}),
    ...(rest.patternProperties
      ? { patternProperties: mapValues(rest.patternProperties, withVariables) }
      : {}),
  };
  if (acceptsVariable(inner)) return inner;
  const { description, default: fallback, ...bare } = inner;
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [bare, VARIABLE],
  } as Schema;
};

/** Free text does, and so does what has no type; a map is never given by a variable. */
const acceptsVariable = (schema: Schema & { pattern?: string }): boolean => {
  if (schema.enum || schema.pattern) return false;
  const types = [schema.type ?? "string"].flat();
  return types.includes("string") || types.includes("object");
};

const mapValues = (
  record: Readonly<Record<string, Schema>>,
  change: (schema: Schema) => Schema,
): Record<string, Schema> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
