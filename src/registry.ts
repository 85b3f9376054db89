import type { Component } from "./core/component.ts";
import { postgresCopy } from "./sinks/postgres-copy.ts";
import { dwca } from "./sources/dwca.ts";

/** Every component there is. The order is that of the reference. */
export const components: readonly Component[] = [
  // sources
  dwca,
  // transforms
  // sinks
  postgresCopy,
];
