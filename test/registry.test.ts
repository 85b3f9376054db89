import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { parse, stringify } from "yaml";
import { closed } from "../src/core/option-schema.ts";
import { checkedOptions } from "../src/core/options-check.ts";
import { componentPage } from "../src/core/reference.ts";
import { parseYaml } from "../src/core/yaml-parse.ts";
import { entryOf } from "../src/core/yaml-value.ts";
import { components } from "../src/registry.ts";

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe("the registry", () => {
  test("has every component file once, under the name of file and export", async () => {
    for (const kind of ["source", "transform", "sink"] as const) {
      const files = (await readdir(new URL(`../src/${kind}s/`, import.meta.url))).sort();
      const registered = components.filter((component) => component.kind === kind);
      assert.deepEqual(
        files,
        registered.map(({ name }) => `${name.replaceAll("_", "-")}.ts`).sort(),
      );
      for (const component of registered) {
        const file = `../src/${kind}s/${component.name.replaceAll("_", "-")}.ts`;
        const module = await import(file);
        assert.equal(module[camel(component.name)], component, file);
      }
    }
  });

  for (const component of components) {
    test(`${component.name} has a summary, described options and an example that is right`, () => {
      assert.match(component.summary, /^[A-Z].*\.$/);
      const { properties = {} } = closed(component.options as never);
      for (const [name, option] of Object.entries(properties)) {
        assert.match(option.description ?? "", /^[`A-Z].*\.$/, name);
        assert.match(name, /^[a-z][a-z_]*$/);
      }
      assert.deepEqual(Object.keys(parse(component.example)), [component.name]);
      const complaints: string[] = [];
      const complain = (_code: string, _place: unknown, message: string) =>
        complaints.push(message);
      const start = { file: "example.yaml", line: 1, column: 1 };
      const checked = (text: string) => {
        const value = entryOf(parseYaml(text, start, complain), component.name)?.value;
        assert.ok(value);
        return checkedOptions(value, component.options, {
          name: component.name,
          place: start,
          complain,
        });
      };
      const options = checked(component.example);
      assert.deepEqual(complaints, []);
      assert.ok(options);
      component.create(options);
      const [given] = Object.values(parse(component.example) as Record<string, object>);
      for (const [name, { examples = [] }] of Object.entries(properties)) {
        for (const example of examples) {
          checked(stringify({ [component.name]: { ...given, [name]: example } }));
          assert.deepEqual(complaints, [], `the example of ${name}`);
          assert.ok(
            componentPage(component).includes(
              `\n${stringify({ [name]: example }, { lineWidth: 0 })}`,
            ),
          );
        }
      }
    });
  }
});
