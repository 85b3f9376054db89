/** The shape of a pipeline file outside of its components; also what the JSON Schema is made from. */

import { meaning } from "./option-schema.ts";
import { Type } from "./type.ts";

/** Anything: looked at by whoever knows the component. */
const anything = (description: string) => Type.Unsafe<unknown>({ description, isElsewhere: true });

/** A name that goes into file names, locks and messages. */
const NAME = {
  pattern: "^[A-Za-z][A-Za-z0-9_-]*$",
  form: "a word of letters, digits, `_` and `-` that begins with a letter",
};

/** What the included flows call their limit, and other programs theirs. */
const WORDS_FOR_LIMITS = ["max_rejects", "max_errors", "max_bad_records"];

export const flowOptions = Type.Object({
  name: Type.String({
    ...NAME,
    description: "The flow's name, of letters, digits, `_` and `-`.",
  }),
  source: {
    ...anything("Where the records come from: one source."),
    hints: meaning("source", ["from", "input", "extract", "read"]),
  },
  transforms: Type.Optional(
    Type.Array(anything("One transform."), {
      description: "What happens to the records, in this order.",
      hints: meaning("transforms", ["steps", "transformations", "process"]),
    }),
  ),
  sink: {
    ...anything("Where the records go: one sink."),
    hints: meaning("sink", ["to", "into", "output", "target", "destination", "load", "write"]),
  },
  checks: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      description:
        "SQL files like those of the pipeline's `checks`, run read-only whenever the flow is done, too: what is not `ok` is told as a warning.",
    }),
  ),
  on_request: Type.Optional(
    Type.Boolean({
      description: "Whether the flow runs only when it is named: `--flow duplicates`.",
    }),
  ),
  rejects: Type.Optional(
    Type.Record(Type.String(), Type.Unsafe<string | number>({ type: ["string", "number"] }), {
      description:
        "How many records may be set aside before the flow fails: `{ max: 1000 }`, `{ max: 1% }`; " +
        "by code, `{ max: 1%, no_id: any }`. None when absent.",
      form: "a map, `{ max: 1% }`",
      hints: Object.fromEntries(
        WORDS_FOR_LIMITS.map((word) => [word, "Did you mean `rejects: { max: 1% }`?"]),
      ),
    }),
  ),
});

/** One who has but one flow writes it where the pipeline is. */
const OF_A_FLOW = [
  ...Object.keys(flowOptions.properties).filter((word) => !["name", "checks"].includes(word)),
  "include",
  "with",
].map((word) => [word, `It belongs to a flow, \`- name: …\` under \`flows\`.`]);

const LIMITS_OF_A_FLOW = WORDS_FOR_LIMITS.map((word) => [
  word,
  "Each flow has its own: `rejects: { max: 1% }` beside its `sink`.",
]);

const VARIABLES = ["variables", "vars", "env", "environment"].map((word) => [
  word,
  "A variable is one of the environment, and written `${NAME}` where its value is wanted.",
]);

export const pipelineOptions = Type.Object({
  name: Type.String({
    ...NAME,
    description:
      "The pipeline's name, of letters, digits, `_` and `-`: its runs and locks go by it.",
  }),
  description: Type.Optional(Type.String({ description: "What the pipeline does, for people." })),
  database: Type.Optional(
    Type.String({
      minLength: 1,
      form: "`embedded` or a URL, `postgresql://user@host/geonature`",
      description:
        "`embedded` (the default: a database in the folder `.runner/db` beside this file) or a URL such as `postgresql://user@host/geonature`.",
    }),
  ),
  lock: Type.Optional(
    Type.String({
      ...NAME,
      description:
        "A name for what several pipelines share, such as a staging table: those with the same lock never run at the same time.",
    }),
  ),
  setup: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      description:
        "SQL scripts that run first, each time: run again, they must change nothing (`create … if not exists`). They may use psql's `\\gexec` and `\\ir`.",
    }),
  ),
  checks: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      description:
        "SQL files that `runner doctor` runs, read-only: each a `select` of `level` (`ok`, `warning`, `problem`, `stop`) and `message`, or lines `\\ir other.sql`.",
    }),
  ),
  flows: Type.Array(anything("A flow, or an included file of flows."), {
    minItems: 1,
    description: "The flows, in the order in which they run.",
    hints: Object.fromEntries([...OF_A_FLOW, ...LIMITS_OF_A_FLOW, ...VARIABLES]),
  }),
});

export const includeOptions = Type.Object({
  include: Type.String({
    minLength: 1,
    description: "A file of flows, relative to this one.",
    hints: { name: "The flows of the file have names of their own: leave it out." },
  }),
  with: Type.Optional(
    Type.Record(Type.String(), anything("The value."), {
      description: "Values for the file's parameters.",
      hints: { "*": "The parameters of the file stand under `with`: `with: { … }`." },
    }),
  ),
});

export const includedOptions = Type.Object({
  description: Type.Optional(Type.String({ description: "What the flows do, for people." })),
  params: Type.Optional(
    Type.Record(Type.String({ minLength: 1 }), anything("The parameter."), {
      description: "The parameters that whoever includes this file can give, as `${with.name}`.",
    }),
  ),
  flows: pipelineOptions.properties.flows,
});

export const PARAMETER_TYPES = ["string", "integer", "number", "boolean", "list", "path"] as const;

export const parameterOptions = Type.Object({
  type: Type.Unsafe<(typeof PARAMETER_TYPES)[number]>({
    enum: PARAMETER_TYPES,
    description: "What it must be.",
  }),
  default: Type.Optional(anything("Its value when none is given; without it, one must be given.")),
  one_of: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      description: "The values that it can have; any of its type when absent.",
    }),
  ),
  description: Type.Optional(Type.String({ description: "What it is for." })),
});
