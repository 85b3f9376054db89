import { knownColumns, readTable, tableOptions } from "../archive/read-table.ts";
import type { Batch } from "../core/batch.ts";
import { type Context, defineSource } from "../core/component.ts";
import type { Document } from "../core/document.ts";
import {
  gbifAccountMissing,
  gbifNotFetched,
  RunnerError,
  recordsDiffer,
  taxonKeysCannotJoin,
} from "../core/errors.ts";
import { document, oneOf, path as pathOption } from "../core/options.ts";
import { Secret } from "../core/secret.ts";
import { type Static, Type } from "../core/type.ts";
import { fileUse } from "../core/uses.ts";
import { type Account, type DownloadStatus, gbifApi } from "../gbif/api.ts";
import { archiveCache } from "../gbif/archive.ts";
import { cachedDownload, finishedDownload } from "../gbif/downloads.ts";
import { examineGbif } from "../gbif/examine.ts";
import { checkRequest, readRequest } from "../gbif/request.ts";
import { cacheFolder } from "../http/cache.ts";
import { openClient } from "../http/client.ts";

const GB = 1e9;
const CORE = "occurrence.txt";

/** What people call an account that is none of a pipeline's. */
const WORDS_FOR_ACCOUNTS = ["user", "username", "password", "pwd", "email", "account", "auth"];
const ACCOUNT =
  "Accounts do not go into a pipeline: set `GBIF_USER`, `GBIF_PWD` and `GBIF_EMAIL` in the environment.";

/** What people write for a download that they have asked for, and for a condition of a query. */
const WORDS_FOR_DOWNLOADS = ["key", "download", "download_key", "doi"];
const DOWNLOAD =
  "A download that GBIF has made already: fetch its zip, and read it with the source `dwca`, or name it under `archive` beside its query.";
const WORDS_FOR_CONDITIONS = ["dataset", "dataset_key", "datasetKey", "taxon_key", "country"];
const CONDITION =
  "What to ask for stands in `query`: `query: { type: equals, key: DATASET_KEY, value: … }`.";

const options = Type.Object({
  query: {
    ...document(
      "What to ask GBIF for: a request or a predicate of its download API, as a file (JSON or YAML) or written here.",
    ),
    hints: {
      ...Object.fromEntries(WORDS_FOR_ACCOUNTS.map((word) => [word, ACCOUNT])),
      ...Object.fromEntries(WORDS_FOR_CONDITIONS.map((word) => [word, CONDITION])),
      ...Object.fromEntries(WORDS_FOR_DOWNLOADS.map((word) => [word, DOWNLOAD])),
    },
  },
  archive: Type.Unsafe<string>({
    type: "string",
    runner: "path",
    default: "",
    description:
      "An archive that is here already, read instead of asking GBIF: a zip or a folder. Empty for none.",
  }),
  ...tableOptions,
  reuse_days: Type.Number({
    default: 7,
    minimum: 0,
    description:
      "A download of the same query that is younger is used again; `runner run --fresh` asks anew.",
  }),
  taxon_keys: oneOf(["backbone", "any"], {
    default: "backbone",
    description:
      "`backbone` stops when the taxon keys are not the numbers of the GBIF backbone, which `taxref_liens` has; `any` takes them as they are.",
  }),
  poll_secs: Type.Number({
    default: 20,
    exclusiveMinimum: 0,
    description: "Time between two questions whether the download is ready.",
  }),
  max_wait_hours: Type.Number({
    default: 24,
    exclusiveMinimum: 0,
    description: "How long to wait for a download; the next run goes on waiting.",
  }),
  cache: Type.Optional(
    pathOption(
      "The folder where archives stay; `sinp-runner` in the user's cache folder when absent.",
    ),
  ),
  cache_max_gb: Type.Number({
    default: 20,
    exclusiveMinimum: 0,
    description: "The archives that were not used for longest are removed above this size.",
  }),
  url: Type.String({
    default: "https://api.gbif.org/v1",
    pattern: "^https?://",
    form: "a URL, `https://…`",
    description: "GBIF's API.",
  }),
});

/** Asks GBIF for a download, waits for it, fetches it and reads a table of it. */
export const gbif = defineSource({
  name: "gbif",
  summary:
    "Asks GBIF for a download, waits until it is ready, fetches it and reads one of its tables.",
  options,
  example: "gbif: { query: queries/inat.json, table: occurrence }",
  columns: knownColumns,
  uses: ({ archive }) => fileUse(archive, "read"),
  check: ({ query }, complain) => checkRequest(query, complain),
  examine: (settings, view) => examineGbif(settings, knownColumns(settings), view),
  create: (settings) =>
    async function* (context) {
      if (settings.archive !== "") {
        const table = checkedTable(settings.archive, { records: undefined }, settings, context);
        yield* wholeExport(table, await scopeOf(settings.query, context), context);
        return;
      }
      const request = await readRequest(settings.query, context);
      const cache = archiveCache(
        {
          folder: settings.cache ?? cacheFolder(),
          maxBytes: settings.cache_max_gb * GB,
        },
        context,
      );
      const { url, reuse_days: reuseDays } = settings;
      if (context.mode !== "run") {
        const known = await cachedDownload(request, { url, context, reuseDays });
        if (!known || !(await cache.has(known))) throw gbifNotFetched(request.canonical);
        context.reads({ scope: request.canonical, identity: known.key });
        yield* checkedTable(cache.pathOf(known), known, settings, context);
        return;
      }
      await using client = openClient({ contact: process.env.GBIF_EMAIL });
      const api = gbifApi(url, client, {
        signal: context.signal,
        log: context.log,
        deadlineMs: Date.now() + settings.max_wait_hours * 3_600_000,
      });
      const download = await finishedDownload(request, {
        api,
        account: accountOf,
        context,
        patience: {
          reuseDays,
          pollMs: settings.poll_secs * 1000,
          maxWaitHours: settings.max_wait_hours,
        },
        isHere: cache.has,
      });
      const path = await cache.fetch(download, { url: api.archiveUrl(download.key), client });
      await context.cite(citationOf(download, request.canonical));
      context.reads({ scope: request.canonical, identity: download.key });
      try {
        yield* checkedTable(path, download, settings, context);
      } catch (error) {
        if (error instanceof RunnerError && /^(archive|entry)_broken$/.test(error.code)) {
          await cache.remove(download);
          context.log.warn(
            `${download.key}.zip was removed from the cache: the next run fetches it again.`,
          );
        }
        throw error;
      }
    },
});

/** What an archive that is here already answers; undefined when that cannot be told. */
const scopeOf = async (query: Document, context: Context): Promise<string | undefined> => {
  try {
    return (await readRequest(query, context)).canonical;
  } catch (error) {
    // The archive is read all the same: nobody is asked.
    if (error instanceof RunnerError) return undefined;
    throw error;
  }
};

async function* wholeExport(
  batches: AsyncIterable<Batch>,
  scope: string | undefined,
  context: Context,
): AsyncGenerator<Batch> {
  let isTold = scope === undefined;
  for await (const batch of batches) {
    if (!isTold && scope !== undefined) {
      context.reads({ scope, identity: await batch.input.identity() });
    }
    isTold = true;
    yield batch;
  }
}

/** The records of the table, as many as GBIF announced, with taxon keys that can be joined. */
async function* checkedTable(
  path: string,
  { records }: Pick<DownloadStatus, "records">,
  { table, max_gb, max_ratio, taxon_keys }: Static<typeof options>,
  context: Context,
): AsyncGenerator<Batch> {
  let read = 0;
  let input = "";
  const choice = { ...(table === undefined ? {} : { table }), max_gb, max_ratio };
  for await (const batch of readTable(path, choice, context)) {
    if (taxon_keys === "backbone" && read === 0) checkTaxonKeys(batch);
    read += batch.read;
    input = batch.input.name;
    yield batch;
  }
  if (input === CORE && records !== undefined && read !== records) {
    throw recordsDiffer(input, read, records);
  }
}

const checkTaxonKeys = (batch: Batch): void => {
  if (!batch.names.includes("taxonKey")) return;
  const keys = batch.column("taxonKey");
  for (const row of batch.rows) {
    const key = keys.text(row);
    if (key !== null && !/^\d+$/.test(key)) throw taxonKeysCannotJoin(batch.input.name, key);
  }
};

const accountOf = (): Account => {
  const { GBIF_USER, GBIF_PWD, GBIF_EMAIL } = process.env;
  const account = { GBIF_USER, GBIF_PWD, GBIF_EMAIL };
  const missing = Object.entries(account).filter(([, value]) => !value);
  if (!GBIF_USER || !GBIF_PWD || !GBIF_EMAIL) {
    throw gbifAccountMissing(missing.map(([name]) => name));
  }
  return { user: GBIF_USER, password: new Secret(GBIF_PWD), email: GBIF_EMAIL };
};

/** The form that GBIF asks for: https://www.gbif.org/citation-guidelines */
const citationOf = ({ key, doi, license, records, created }: DownloadStatus, request: string) => {
  const date = new Date(created).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  const link = doi ? `https://doi.org/${doi}` : `https://www.gbif.org/occurrence/download/${key}`;
  return {
    doi,
    license,
    text: `GBIF.org (${date}) GBIF Occurrence Download ${link}`,
    records,
    request: JSON.parse(request) as object,
  };
};
