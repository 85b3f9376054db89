import { closed, type Schema } from "../core/option-schema.ts";
import { testFileOptions } from "./test-schema.ts";

/** The JSON Schema of test files, for editors: of the same schema that they are checked with. */
export const testSchema = (): object => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Tests of a pipeline of `runner`",
  ...forEditors(closed(testFileOptions as Schema)),
});

/** What has a default is not required; the runner's own keywords are not for editors. */
const forEditors = (schema: Schema): object => {
  const { runner: _, form: __, hints: ___, ...shape } = schema;
  const { required, properties, items, patternProperties, ...rest } = shape;
  const each = (record: Readonly<Record<string, Schema>>) =>
    Object.fromEntries(Object.entries(record).map(([name, inner]) => [name, forEditors(inner)]));
  const needed = required?.filter((name) => properties?.[name]?.default === undefined) ?? [];
  return {
    ...rest,
    ...(needed.length > 0 ? { required: needed } : {}),
    ...(properties ? { properties: each(properties) } : {}),
    ...(patternProperties ? { patternProperties: each(patternProperties) } : {}),
    ...(items ? { items: forEditors(items) } : {}),
  };
};
