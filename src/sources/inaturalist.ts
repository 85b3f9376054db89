import { randomUUID } from "node:crypto";
import { Batch, type Input } from "../core/batch.ts";
import { type Context, defineSource } from "../core/component.ts";
import { ratesWithoutPermission } from "../core/errors.ts";
import { tableName } from "../core/options.ts";
import { count } from "../core/progress.ts";
import { checkGivesRows } from "../core/sql-text.ts";
import { textBatch } from "../core/text-batch.ts";
import { type Static, Type } from "../core/type.ts";
import { openClient } from "../http/client.ts";
import { BudgetUsedUp, observationLookup } from "../inaturalist/api.ts";
import { dayBudget, nextDay } from "../inaturalist/budget.ts";
import { fieldsText } from "../inaturalist/fields.ts";
import { examineIds, type IdsOption, wantedIds } from "../inaturalist/ids.ts";
import { batchMaker, columnsOf, unreadableId } from "../inaturalist/records.ts";
import { tableUse } from "../postgres/table-use.ts";
import { sqlUses } from "../postgres/tables-read.ts";

/** What iNaturalist asks of those who use its API: https://www.inaturalist.org/pages/api+recommended+practices */
const PUBLISHED = { per_second: 1, per_minute: 60, per_day: 10_000 };

/** Ids beyond are dropped from the page without a word. */
const MOST_PER_REQUEST = 200;

/** Ids whose uuid came with the archive cost no request: so many make a batch. */
const GIVEN_PER_BATCH = 10_000;

const rate = (fallback: number, what: string) =>
  Type.Unsafe<number | null>({
    type: ["number", "null"],
    exclusiveMinimum: 0,
    default: fallback,
    description: `${what}; \`null\` for no limit.`,
  });

const options = Type.Object({
  ids: Type.Unsafe<IdsOption>({
    anyOf: [
      Type.Object({
        table: tableName("The table that has the ids."),
        column: Type.String({
          minLength: 1,
          description: "The column of the ids: numbers, or links that end in one.",
        }),
        uuid_column: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              "A column that may have the uuid already; iNaturalist is not asked for those.",
          }),
        ),
      }),
      Type.Object({
        sql: Type.String({
          minLength: 1,
          description:
            "A statement whose first column has the ids, numbers or links; a second one may have the uuid already.",
        }),
      }),
    ],
    description: "Where the ids are: `table` and `column`, or `sql`.",
  }),
  known: Type.Object(
    {
      table: tableName("The table that the sink writes."),
      column: Type.String({ minLength: 1, description: "Its column of ids." }),
    },
    { description: "Where the answers are: what is there is not asked for again." },
  ),
  contact: Type.String({
    minLength: 3,
    description: "An address that iNaturalist can write to; it is sent with every request.",
  }),
  fields: Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
    default: { uuid: "uuid", uri: "uri" },
    minProperties: 1,
    description:
      "Column → where its value is in an observation: `{ grade: quality_grade, taxon: taxon.name }`.",
  }),
  url: Type.String({
    default: "https://api.inaturalist.org/v2/observations",
    pattern: "^https?://",
    form: "a URL, `https://…`",
    description: "The endpoint.",
  }),
  batch: Type.Integer({
    default: MOST_PER_REQUEST,
    minimum: 1,
    maximum: MOST_PER_REQUEST,
    description: "Ids per request.",
  }),
  retry_missing_days: Type.Integer({
    default: 30,
    minimum: 0,
    description: "Observations that iNaturalist no longer has are asked for again after so long.",
  }),
  per_second: rate(PUBLISHED.per_second, "Requests per second"),
  per_minute: rate(PUBLISHED.per_minute, "Requests per minute"),
  per_day: rate(PUBLISHED.per_day, "Requests per day (UTC), counted over all runs"),
  permission: Type.Optional(
    Type.String({
      minLength: 1,
      description: "Who at iNaturalist allowed you more than the published limits, and when.",
    }),
  ),
});

type Options = Static<typeof options>;

/** Asks iNaturalist for observations by id, and only for those that are not known yet. */
export const inaturalist = defineSource({
  name: "inaturalist",
  summary: "Looks observations up by id in iNaturalist's API, only those that are not known yet.",
  options,
  example:
    "inaturalist: { ids: { table: pinv_gbif.tmp_gbif_data, column: id_inaturalist, uuid_column: other_catalog_numbers }, known: { table: pinv_gbif.cor_uuid_inaturalist, column: id_inaturalist }, contact: you@example.org }",
  columns: ({ fields }) => columnsOf(fields),
  check: async ({ ids }) => {
    if ("sql" in ids) checkGivesRows(ids.sql);
  },
  uses: ({ ids, known }) => [
    ...("sql" in ids
      ? sqlUses(ids.sql)
      : [
          tableUse(
            ids.table,
            "read",
            [ids.column, ids.uuid_column].filter((name) => name !== undefined),
          ),
        ]),
    tableUse(known.table, "read", [known.column]),
  ],
  examine: async (settings, { ask, coming }) => {
    await ask((session) => examineIds(session, settings, coming));
    return undefined;
  },
  create: (settings) => {
    requirePermission(settings);
    const columns = columnsOf(settings.fields);
    return async function* (context) {
      context.log.now("looking for ids that are not known yet");
      const { ids, unreadable } = await wantedIds(
        context.database,
        settings.ids,
        settings.known,
        settings.retry_missing_days,
      );
      const given = "uuid" in settings.fields ? ids.filter(({ uuid }) => uuid !== null) : [];
      const asked = ids.filter(({ uuid }) => uuid === null || given.length === 0);
      const input: Input = {
        name: "iNaturalist",
        sizeBytes: ids.length,
        unit: "ids",
        isMetered: true,
        // What a service answers is never the same input twice.
        identity: async () => randomUUID(),
      };
      const batchOf = batchMaker(input, settings.fields);
      // Also when there is nothing to reject: the day's budget may be used up before the first answer.
      const rejects = unreadable.map(unreadableId);
      yield textBatch(columns, [], { input, bytes: 0, rejects });
      for (const part of parts(given, GIVEN_PER_BATCH)) {
        const found = new Map(part.map(({ id, uuid }) => [id, { id, uuid }]));
        yield batchOf(part, { found, failed: [] });
      }
      if (asked.length === 0) return;
      const requests = parts(asked, settings.batch);
      if (context.mode === "run") yield* answers(requests, settings, { context, batchOf });
      else {
        context.log.info(
          `A run would ask iNaturalist for ${count(asked.length)} ids in ${count(requests.length)} requests.`,
        );
        yield Batch.empty(input, columns);
      }
    };
  },
});

const requirePermission = (settings: Options): void => {
  for (const [name, limit] of Object.entries(PUBLISHED)) {
    const value = settings[name as keyof typeof PUBLISHED];
    if ((value === null || value > limit) && settings.permission === undefined) {
      throw ratesWithoutPermission(name, value, limit);
    }
  }
};

type Ids = Awaited<ReturnType<typeof wantedIds>>["ids"];

/** A batch for each request, for as long as the day's budget lasts. */
async function* answers(
  requests: readonly Ids[],
  settings: Options,
  { context, batchOf }: { context: Context; batchOf: ReturnType<typeof batchMaker> },
): AsyncGenerator<Batch> {
  const { database, signal, log } = context;
  const url = new URL(settings.url);
  await using client = openClient({ contact: settings.contact });
  const { rateLimiter } = await import("../http/limiter.ts");
  using limiter = rateLimiter({
    perSecond: settings.per_second,
    perMinute: settings.per_minute,
  });
  const look = observationLookup({
    url,
    fields: fieldsText(Object.values(settings.fields)),
    client,
    limiter,
    budget: dayBudget(database, url.host, settings.per_day),
    signal,
    now: log.now,
  });
  for (const [index, part] of requests.entries()) {
    log.now(`batch ${count(index + 1)} of ${count(requests.length)}`);
    try {
      yield batchOf(part, await look(part.map(({ id }) => id)));
    } catch (error) {
      if (!(error instanceof BudgetUsedUp)) throw error;
      sayBudget(context, { left: requests.slice(index).flat().length, perDay: settings.per_day });
      return;
    }
  }
}

const parts = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

const sayBudget = (
  { log }: Context,
  { left, perDay }: { left: number; perDay: number | null },
): void => {
  log.warn(
    `The ${count(perDay ?? 0)} requests that iNaturalist allows in a day are used up: ${count(left)} ids are left. ` +
      `Run it again after ${nextDay(new Date())}; it goes on with them.`,
  );
};
