/**
 * A double of GBIF's download API and of the server that holds the files. It answers as the real one did
 * in the recordings; `now`, `polls` and faults make the rare cases happen at once.
 */

import { fileURLToPath } from "node:url";
import { MULTIMEDIA, OCCURRENCE, VERBATIM } from "../../samples/layout.ts";
import {
  describeDownload,
  type GbifDownload,
  type GbifStatus,
  UNFINISHED,
} from "./gbif-download.ts";
import { type DownloadStore, downloadStore } from "./gbif-download-store.ts";
import { answerFile, type FileFault } from "./gbif-file-host.ts";
import { type GbifRequest, Refusal, readGbifRequest } from "./gbif-request.ts";
import {
  type Answer,
  type Fault,
  type FaultOf,
  faultQueue,
  type Received,
  startHttpDouble,
} from "./http-double.ts";

export type { GbifDownload, GbifStatus } from "./gbif-download.ts";
export type { FileFault } from "./gbif-file-host.ts";
export type { GbifRequest } from "./gbif-request.ts";

export interface FakeGbifOptions {
  /** Any free one when 0, as by default; the file host always has any free one. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The file that downloads are; `samples/demo.zip` by default. */
  readonly archive: string | ((request: GbifRequest) => string);
  /** What the API says of the archive; by default what is true. */
  readonly totalRecords: number;
  readonly size: number;
  readonly license: string;
  /** What a download goes through; it stays in the last. */
  readonly states: readonly GbifStatus[];
  /** How many status requests find a download in each state; 1 by default, and 0 skips to the last. */
  readonly polls: number;
  /** Time in PREPARING, and in each later state. When one is given, polls do not count. */
  readonly prepareMs: number;
  readonly runMs: number;
  /** How many status requests of a new download are answered with 404. */
  readonly notFoundPolls: number;
  /** How many unfinished downloads a user may have; more are refused with 420. */
  readonly simultaneous: number;
  /** Downloads that are there already. */
  readonly downloads: readonly GbifDownload[];
  /** The key of the next download. */
  readonly nextKey: string;
  readonly now: () => Date;
  /** The base of `downloadLink`; by default `url`. */
  readonly publicUrl: string;
  /** What `occurrence/download/describe/dwca` says; by default the columns of the samples. */
  readonly description: unknown;
  /** What goes wrong with requests to the API, and to the file host, that no queue has a word on. */
  readonly faults: FaultOf;
  readonly fileFaults: FaultOf<FileFault>;
}

export interface FakeGbif extends AsyncDisposable {
  /** Stands for `https://api.gbif.org/v1`. */
  readonly url: string;
  /** `http://127.0.0.1:PORT` of the file host. */
  readonly fileHost: string;
  /** All that arrived, in order, at both servers. */
  readonly requests: readonly Received[];
  /** By key, as they were when last looked at. */
  readonly downloads: ReadonlyMap<string, GbifDownload>;
  /** Faults for the next requests to the API, one each; `undefined` lets a request pass. */
  readonly next: (...faults: readonly (Fault | undefined)[]) => void;
  /** Faults for the next requests to the file host. */
  readonly nextFile: (...faults: readonly (FileFault | undefined)[]) => void;
  /** Puts a download in a state for good. */
  readonly setStatus: (key: string, status: GbifStatus) => void;
}

const DEFAULTS = {
  port: 0,
  user: "fake",
  password: "fake",
  archive: fileURLToPath(new URL("../../samples/demo.zip", import.meta.url)),
  license: "http://creativecommons.org/licenses/by-nc/4.0/legalcode",
  states: ["PREPARING", "RUNNING", "SUCCEEDED"],
  polls: 1,
  notFoundPolls: 0,
  simultaneous: 3,
  downloads: [],
  nextKey: "0000001-260108223611665",
  now: () => new Date(),
} as const;

/** The options, where those with a default have a value. */
export type GbifSettings = Omit<Partial<FakeGbifOptions>, keyof typeof DEFAULTS> &
  Pick<FakeGbifOptions, keyof typeof DEFAULTS>;

export const startFakeGbif = async (given: Partial<FakeGbifOptions> = {}): Promise<FakeGbif> => {
  const options: GbifSettings = { ...DEFAULTS, ...given };
  const requests: Received[] = [];
  const store = downloadStore(options);
  const api = faultQueue(options.faults);
  const files = faultQueue(options.fileFaults);
  let replacement: string | undefined;
  await using started = new AsyncDisposableStack();
  const fileHost = await startHttpDouble<FileFault>({
    port: 0,
    requests,
    faultOf: files.faultOf,
    answer: (request, fault) => {
      replacement = fault?.replaceWith ?? replacement;
      const key = /^\/occurrence\/download\/request\/([^/]+)\.zip$/.exec(request.path)?.[1];
      const download = key === undefined ? undefined : store.look(key);
      if (download?.status !== "SUCCEEDED") return plain(404, "Not Found\n");
      return answerFile(replacement ?? store.archiveOf(download), request, fault);
    },
  });
  started.use(fileHost);
  const server = await startHttpDouble<Fault>({
    port: options.port,
    requests,
    faultOf: api.faultOf,
    answer: (request) =>
      answerApi(request, {
        options,
        store,
        url: `http://${request.headers.host}/v1`,
        fileHost: fileHost.origin,
      }),
  });
  started.use(server);
  const servers = started.move();
  return {
    url: `${server.origin}/v1`,
    fileHost: fileHost.origin,
    requests,
    downloads: store.downloads,
    next: api.next,
    nextFile: files.next,
    setStatus: store.setStatus,
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
};

interface Api {
  readonly options: GbifSettings;
  readonly store: DownloadStore;
  readonly url: string;
  readonly fileHost: string;
}

const answerApi = async (request: Received, api: Api): Promise<Answer> => {
  const { pathname, searchParams } = new URL(request.path, "http://localhost");
  const path = /^\/v1\/occurrence\/download(\/.*)$/.exec(pathname)?.[1] ?? "";
  const [, part, name = ""] = /^\/(request|user|describe)\/?(.*)$/.exec(path) ?? [];
  try {
    switch (`${request.method} ${part ?? ""}`) {
      case "POST request":
        return await create(request, api);
      case "GET request":
        return redirect(name.replace(/\.zip$/, ""), api);
      case "DELETE request":
        return cancel(name, request, api);
      case "GET user":
        return list(decodeURIComponent(name), searchParams, request, api);
      case "GET describe":
        return name === "dwca" ? json(api.options.description ?? describeSamples()) : notFound();
      case "GET ":
        return status(path.slice(1), request, api);
      default:
        return plain(405, "Method Not Allowed\n");
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // No recording has a type for what is said of users.
    if (error.status === 401) return { status: 401, body: error.message };
    return plain(error.status, error.message);
  }
};

const plain = (status: number, body: string): Answer => ({
  status,
  headers: { "Content-Type": "text/plain;charset=UTF-8" },
  body,
});

const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: { "Content-Type": "application/json" },
  body: typeof value === "string" ? value : JSON.stringify(value),
});

const notFound = (): Answer => ({ status: 404, body: "" });

/** Who sent a request, by basic authentication; undefined for nobody. */
const userOf = ({ headers }: Received, { options }: Api): string | undefined => {
  const [, encoded] = /^Basic (.+)$/i.exec(headers.authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const [, user = "", password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  if (user === options.user && password === options.password) return user;
  throw new Refusal(401, `Failed to authenticate user ${user}\r\n`);
};

const loggedIn = (request: Received, api: Api): string => {
  const user = userOf(request, api);
  if (user === undefined) throw new Refusal(401, "");
  return user;
};

/** The key is all there is in the body, which is no JSON although it says so. */
const create = async (request: Received, api: Api): Promise<Answer> => {
  const user = loggedIn(request, api);
  if (!request.headers["content-type"]?.startsWith("application/json")) {
    return plain(415, "Unsupported Media Type\n");
  }
  const asked = readGbifRequest(request.body, user);
  const key = api.store.keyOfSame(asked) ?? (await api.store.create(asked));
  return json(key, 201);
};

const status = (key: string, request: Received, api: Api): Answer => {
  const user = userOf(request, api);
  const download = api.store.poll(key);
  if (download === undefined) return notFound();
  return json(describeDownload(download, baseOf(api), user === download.request.creator));
};

const baseOf = ({ options, url }: Api): string => options.publicUrl ?? url;

const redirect = (key: string, { store, fileHost }: Api): Answer => {
  const download = store.look(key);
  if (download === undefined) return plain(404, `Download ${key} doesn't exist\n`);
  if (download.status === "FILE_ERASED") return plain(410, `Download ${key} has been erased\n`);
  if (download.status !== "SUCCEEDED") return plain(404, `Download ${key} is not ready yet\n`);
  const location = `${fileHost}/occurrence/download/request/${key}.zip`;
  return {
    status: 302,
    headers: {
      Location: location,
      "Last-Modified": download.modified.toUTCString(),
      "Content-Type": "application/octet-stream",
    },
    body: `${location}\n`,
  };
};

/** A download that has ended already stays as it is. */
const cancel = (key: string, request: Received, api: Api): Answer => {
  const user = loggedIn(request, api);
  const download = api.store.look(key);
  if (download === undefined) return notFound();
  const { creator } = download.request;
  if (creator !== user) throw new Refusal(401, `${user} may not cancel a download of ${creator}`);
  if (UNFINISHED.includes(download.status)) api.store.setStatus(key, "CANCELLED");
  return { status: 204 };
};

const list = (user: string, query: URLSearchParams, request: Received, api: Api): Answer => {
  const login = loggedIn(request, api);
  if (login !== user) throw new Refusal(401, `${login} may not list downloads of ${user}`);
  const [limit, offset] = [Number(query.get("limit") ?? 20), Number(query.get("offset") ?? 0)];
  const all = api.store.ofUser(user);
  return json({
    offset,
    limit,
    endOfRecords: offset + limit >= all.length,
    count: all.length,
    results: all
      .slice(offset, offset + limit)
      .map((download) => describeDownload(download, baseOf(api), true)),
  });
};

const describeSamples = (): unknown => {
  const table = (columns: readonly { name: string; uri: string }[]) => ({
    fields: columns.map(({ name, uri }, index) => ({
      name,
      type: "STRING",
      term: uri,
      nullable: index > 0,
    })),
  });
  return {
    verbatim: table(VERBATIM),
    multimedia: table(MULTIMEDIA),
    interpreted: table(OCCURRENCE),
    verbatimExtensions: [],
  };
};
