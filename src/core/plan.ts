/** A pipeline as the runner takes it: read, checked, variables replaced, included flows in their place. */

import type { Component } from "./component.ts";
import type { Place } from "./errors.ts";
import type { RejectLimits } from "./limits.ts";
import type { Secret } from "./secret.ts";
import type { Lacking } from "./variables.ts";

export interface Plan {
  readonly name: string;
  /** Where the name stands in the file. */
  readonly namePlace?: Place | undefined;
  readonly description: string | undefined;
  /** Absolute path of the YAML file. */
  readonly file: string;
  /** `embedded` or a URL, which may hold a password. */
  readonly database: Secret;
  /** Pipelines with the same lock never run at the same time. */
  readonly lock?: string | undefined;
  /** Absolute paths of SQL scripts, run in this order before the first flow. */
  readonly setup: readonly string[];
  /** Absolute paths of SQL files whose rows say what is well and what is not; `runner doctor` runs them. */
  readonly checks?: readonly string[];
  /** In the order in which they run. */
  readonly flows: readonly FlowPlan[];
}

export interface FlowPlan {
  readonly name: string;
  readonly place: Place;
  readonly source: StagePlan;
  readonly transforms: readonly StagePlan[];
  readonly sink: StagePlan;
  readonly rejects: RejectLimits;
  /** The limit for a code, or that for all together, as the user can change it. */
  readonly limitFor?: (code: string | undefined) => LimitPlace;
  /** Absolute paths of SQL files whose rows are told when the flow is done, and by `runner doctor`. */
  readonly checks?: readonly string[];
  /** Whether it runs only when it is named. */
  readonly isOnRequest?: boolean;
}

/** Where a limit of rejects is changed. */
export interface LimitPlace {
  readonly place: Place;
  /** The parameter of an included file that gives it; undefined where it is in `rejects` of the flow. */
  readonly parameter?: string | undefined;
}

export interface StagePlan {
  readonly component: Component;
  /** Valid for the component's schema, and turned into what its `create` takes. */
  readonly options: object;
  readonly place: Place;
  /**
   * Where in this component's YAML a name stands, or of a longer text the character at a position, from 1; the
   * component's own place when it does not.
   */
  locate(subject: string, position?: number): Place;
  /** How often a name stands in this component's YAML, as a value or as a key. */
  times(subject: string): number;
  /** Variables without a value; their text, `${NAME}`, stands in the options. Only offline, never in a run. */
  readonly unset?: readonly string[];
  /** Whether some of its options were complained of and are left out; never in a run. */
  readonly isPartial?: boolean;
}

/** A flow as far as its YAML is right: a stage of which nobody can tell what it is meant to be is undefined. */
export interface FlowDraft extends Omit<FlowPlan, "source" | "transforms" | "sink"> {
  readonly source: StagePlan | undefined;
  readonly transforms: readonly (StagePlan | undefined)[];
  readonly sink: StagePlan | undefined;
  /** The variables without a value that anything in it needs; none when absent. */
  readonly lacking?: readonly Lacking[];
}
