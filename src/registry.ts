import type { Component } from "./core/component.ts";
import { postgresCopy } from "./sinks/postgres-copy.ts";

/** Every component there is. The order is that of the reference. */
export const components: readonly Component[] = [
  // sources
  // transforms
  // sinks
  postgresCopy,
];
