import { entryOf, type YamlValue } from "../core/yaml-value.ts";
import { textIn } from "./predicate.ts";

/**
 * The data sets that a query is limited to: what its `and` asks of `DATASET_KEY`. Empty where it is not
 * limited, or in a way that tells no names, such as `not`.
 */
export const datasetKeys = (query: YamlValue): readonly string[] => {
  if (query.kind !== "map") return [];
  const inner = entryOf(query, "predicate")?.value;
  if (inner?.kind === "map") return datasetKeys(inner);
  const text = (name: string) => {
    const value = entryOf(query, name)?.value;
    return value === undefined ? undefined : textIn(value);
  };
  const type = text("type");
  if (type === "and") return listOf(query, "predicates").flatMap(datasetKeys);
  if (text("key") !== "DATASET_KEY") return [];
  if (type === "equals") return [text("value") ?? ""].filter(Boolean);
  return type === "in" ? listOf(query, "values").map(textIn) : [];
};

const listOf = (map: YamlValue & { kind: "map" }, key: string): readonly YamlValue[] => {
  const value = entryOf(map, key)?.value;
  return value?.kind === "list" ? value.items : [];
};
