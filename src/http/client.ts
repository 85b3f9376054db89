/** HTTP as the components use it: through the network's proxy, with a name, within time, never past a redirect unseen. */

import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { proxyInvalid } from "../core/errors.ts";
import { version } from "../version.ts";
import { wideConnector } from "./wide-reads.ts";

export interface HttpRequest {
  readonly method?: "GET" | "POST" | "DELETE" | "HEAD";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  /** Has to be read or destroyed; who reads much gives each piece back (`giveBack`). */
  readonly body: Readable;
}

/** A client; disposing of it closes its connections. */
export interface HttpClient extends AsyncDisposable {
  /** Redirects are not followed: they are answers like others. Throws what the network says. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

/** A server that says nothing for so long has gone. */
const SILENCE_MS = 60_000;

/** A server that is not reached in so long is not there. */
const CONNECT_MS = 10_000;

export interface ClientOptions {
  /** An address or a page of whoever is responsible for the requests; public APIs ask for it. */
  readonly contact?: string | undefined;
  /** Longest silence before and inside an answer; a minute when absent. */
  readonly silenceMs?: number | undefined;
}

/**
 * Makes a client. It goes through the proxy of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; Node itself
 * trusts the certificates of `NODE_EXTRA_CA_CERTS`.
 */
export const openClient = ({ contact, silenceMs }: ClientOptions = {}): HttpClient => {
  const agent = `sinp-runner/${version}${contact ? ` (${contact})` : ""}`;
  let opened: Promise<Opened> | undefined;
  return {
    send: async ({ method = "GET", url, headers = {}, body, signal }) => {
      opened ??= open(silenceMs ?? SILENCE_MS);
      const { undici, dispatcher } = await opened;
      const {
        statusCode,
        headers: given,
        body: content,
      } = await undici.request(url, {
        method,
        headers: { "user-agent": agent, ...headers },
        body: body ?? null,
        signal,
        dispatcher,
      });
      // What breaks it is told to whoever reads it; a body that is thrown away must not end the process.
      content.on("error", () => undefined);
      const header = (name: string) => {
        const value = given[name];
        return Array.isArray(value) ? value[0] : value;
      };
      return { status: statusCode, header, body: content };
    },
    [Symbol.asyncDispose]: async () => {
      // Whoever sent heard that it could not be opened.
      const done = await opened?.catch(() => undefined);
      await done?.dispatcher.destroy();
    },
  };
};

interface Opened {
  readonly undici: typeof import("undici");
  readonly dispatcher: Dispatcher;
}

/** Loaded only when something is fetched: it takes memory that a local load can do without. */
const open = async (silenceMs: number): Promise<Opened> => {
  const undici = await import("undici");
  try {
    const timeouts = { headersTimeout: silenceMs, bodyTimeout: silenceMs };
    const connect = wideConnector(undici.buildConnector, CONNECT_MS);
    return { undici, dispatcher: new undici.EnvHttpProxyAgent({ ...timeouts, connect }) };
  } catch (error) {
    throw proxyInvalid(error);
  }
};

/** The whole body as text; throws when it is longer than `maxBytes`. */
export const textOf = async ({ body }: HttpResponse, maxBytes: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};
