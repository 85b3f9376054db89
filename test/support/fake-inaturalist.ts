/** A double of iNaturalist's API v2: observations by number, with the fields that are asked for. */

import { uuidOf } from "../../samples/inaturalist.ts";
import {
  type Answer,
  type Fault,
  type FaultOf,
  faultQueue,
  proxyPage,
  type Received,
  startHttpDouble,
} from "./http-double.ts";

/** The fields of an observation, in the order in which the API sends them when asked for all. */
export type Observation = { readonly uuid: string } & Readonly<Record<string, unknown>>;

export interface FakeInaturalistOptions {
  /** Any free one when 0, as by default. */
  readonly port: number;
  /** Observations that are gone or hidden; all other numbers exist. */
  readonly deleted: readonly number[] | ((id: number) => boolean);
  /** Observations that are not made up from their number. */
  readonly observations: ReadonlyMap<number, Observation>;
  /** Requests with one of these numbers get `poisonStatus`, 500 by default. */
  readonly poison: readonly number[];
  readonly poisonStatus: 422 | 500;
  /** Requests above so many a day (UTC) get `dailyStatus`, 429 by default. */
  readonly perDay: number;
  readonly dailyStatus: 403 | 429;
  /** Requests above so many in any 60 seconds get 429. */
  readonly perMinute: number;
  /** Requests without a `User-Agent` get 403. */
  readonly requiresUserAgent: boolean;
  readonly now: () => Date;
  /** What goes wrong with requests that the queue has no word on. */
  readonly faults: FaultOf;
}

export interface FakeInaturalist extends AsyncDisposable {
  /** Stands for `https://api.inaturalist.org/v2`. */
  readonly url: string;
  /** All that arrived, in order. */
  readonly requests: readonly Received[];
  /** Faults for the next requests, one each; `undefined` lets a request pass. */
  readonly next: (...faults: readonly (Fault | undefined)[]) => void;
}

export const startFakeInaturalist = async (
  options: Partial<FakeInaturalistOptions> = {},
): Promise<FakeInaturalist> => {
  const requests: Received[] = [];
  const { next, faultOf } = faultQueue(options.faults);
  const limits = limitsOf(options);
  const server = await startHttpDouble<Fault>({
    port: options.port ?? 0,
    requests,
    faultOf,
    answer: (request) => limits(request) ?? answerApi(request, options),
  });
  return {
    url: `${server.origin}/v2`,
    requests,
    next,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

/** One observation every three seconds since the site began: later numbers are younger, as in truth. */
const madeUp = (id: number): Observation => ({
  id,
  created_at: new Date(Date.UTC(2008, 2, 1) + id * 3000).toISOString().replace(".000Z", "+00:00"),
  uri: `https://www.inaturalist.org/observations/${id}`,
  uuid: uuidOf(id),
});

/** The proxy in front of the API, which refuses what is too much. */
const limitsOf = ({
  perDay = Number.POSITIVE_INFINITY,
  perMinute = Number.POSITIVE_INFINITY,
  dailyStatus = 429,
  requiresUserAgent = false,
  now = () => new Date(),
}: Partial<FakeInaturalistOptions>): ((request: Received) => Answer | undefined) => {
  const byDay = new Map<string, number>();
  let lastMinute: number[] = [];
  return ({ headers }) => {
    if (requiresUserAgent && !headers["user-agent"]) return proxyPage(403, "Forbidden");
    const moment = now();
    const day = moment.toISOString().slice(0, 10);
    byDay.set(day, (byDay.get(day) ?? 0) + 1);
    if ((byDay.get(day) ?? 0) > perDay) {
      return proxyPage(dailyStatus, dailyStatus === 403 ? "Forbidden" : "Too Many Requests");
    }
    if (perMinute === Number.POSITIVE_INFINITY) return undefined;
    lastMinute = [...lastMinute.filter((time) => time > +moment - 60_000), +moment];
    return lastMinute.length > perMinute ? proxyPage(429, "Too Many Requests") : undefined;
  };
};

const answerApi = (request: Received, options: Partial<FakeInaturalistOptions>): Answer => {
  const url = new URL(request.path, "http://localhost");
  const spaces = url.searchParams.has("pretty") ? 2 : 0;
  if (request.method !== "GET") return failure(404, "Not Found", spaces);
  const single = /^\/v2\/observations\/([^/]+)$/.exec(url.pathname)?.[1];
  if (single !== undefined) return byUuid(decodeURIComponent(single), url, options, spaces);
  if (url.pathname !== "/v2/observations") return failure(404, "Not Found", spaces);
  const asked = url.searchParams.getAll("id").flatMap((text) => text.split(","));
  if (asked.length === 0)
    return failure(422, "The double knows observations only by `id`.", spaces);
  if (!asked.every((text) => /^\d{1,15}$/.test(text))) {
    return failure(422, "request/query/id/0 must be integer", spaces);
  }
  return search(new Set(asked.map(Number)), url, options, spaces);
};

const failure = (status: number, message: string, spaces: number): Answer =>
  json(
    { status: String(status), errors: [{ errorCode: String(status), message }] },
    spaces,
    status,
  );

const json = (value: unknown, spaces: number, status = 200): Answer => ({
  status,
  headers: { "Content-Type": "application/json; charset=utf-8" },
  body: JSON.stringify(value, null, spaces),
});

const MOST_PER_PAGE = 200;

/** The observations with some numbers: the youngest first, and only those of one page. */
const search = (
  ids: ReadonlySet<number>,
  { searchParams: query }: URL,
  options: Partial<FakeInaturalistOptions>,
  spaces: number,
): Answer => {
  const { poison = [], poisonStatus = 500 } = options;
  if (poison.some((id) => ids.has(id))) return failure(poisonStatus, "Error", spaces);
  const perPage = Math.min(MOST_PER_PAGE, Number(query.get("per_page") ?? 30));
  const page = Number(query.get("page") ?? 1);
  if (!(perPage >= 0) || !(page >= 1)) return failure(422, "per_page must be integer", spaces);
  const found = [...ids]
    .filter((id) => !isDeleted(id, options))
    .map((id) => options.observations?.get(id) ?? madeUp(id))
    .sort((a, b) => createdAt(b) - createdAt(a));
  if (query.get("order") === "asc") found.reverse();
  const onPage = found.slice((page - 1) * perPage, page * perPage);
  return resultsOf(onPage, { total: found.length, page, perPage }, query, spaces);
};

const isDeleted = (id: number, { deleted = [] }: Partial<FakeInaturalistOptions>): boolean =>
  typeof deleted === "function" ? deleted(id) : deleted.includes(id);

const createdAt = ({ created_at }: Observation): number => Date.parse(String(created_at)) || 0;

/** `observations/{uuid}`; made-up observations cannot be found this way. */
const byUuid = (
  text: string,
  { searchParams: query }: URL,
  { observations = new Map() }: Partial<FakeInaturalistOptions>,
  spaces: number,
): Answer => {
  const uuids = text.split(",");
  const found = [...observations.values()].filter(({ uuid }) => uuids.includes(uuid));
  const counts = { total: found.length, page: 1, perPage: uuids.length };
  const answer = resultsOf(found, counts, query, spaces);
  return found.length === 0 ? { ...answer, status: 404 } : answer;
};

const resultsOf = (
  observations: readonly Observation[],
  { total, page, perPage }: { total: number; page: number; perPage: number },
  query: URLSearchParams,
  spaces: number,
): Answer => {
  const fields = fieldsOf(query.get("fields") ?? "");
  // Nobody looks at the fields when there is nothing to show.
  if (fields === undefined && observations.length > 0) {
    return failure(422, "invalid fields parameter", spaces);
  }
  const results = observations.map((observation) => selected(observation, fields ?? []));
  return json({ total_results: total, page, per_page: perPage, results }, spaces);
};

/** `id,uri` or `(id:!t,uri:!t)`; undefined when it is neither. Fields inside of fields are not known. */
const fieldsOf = (text: string): "all" | readonly string[] | undefined => {
  if (text === "all" || text === "(all:!t)") return "all";
  if (text === "") return [];
  if (/^[a-z_]+(,[a-z_]+)*$/.test(text)) return text.split(",");
  if (!/^\([a-z_]+:!t(,[a-z_]+:!t)*\)$/.test(text)) return undefined;
  return text
    .slice(1, -1)
    .split(",")
    .map((field) => field.replace(":!t", ""));
};

/** The uuid comes first and unasked; a field that there is not is left out. */
const selected = (
  observation: Observation,
  fields: "all" | readonly string[],
): Readonly<Record<string, unknown>> => {
  if (fields === "all") return observation;
  const picked: Record<string, unknown> = { uuid: observation.uuid };
  for (const field of fields) if (field in observation) picked[field] = observation[field];
  return picked;
};
