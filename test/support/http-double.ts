/** What the doubles of web services share: a real server that records what arrives and can misbehave. */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A request as it arrived; `number` counts from 1 for each server. */
export interface Received {
  readonly number: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A part of a file, from `start` up to but without `end`. */
export interface FilePart {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** What is sent back. `Content-Length` is added, except to an answer that has no body. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | FilePart;
}

/** What goes wrong with a request. Several at once are possible; without any, nothing does. */
export interface Fault {
  /** This is answered instead. */
  readonly answer?: Answer;
  readonly delayMs?: number;
  /** No answer ever. */
  readonly hangs?: true;
  /** The connection is reset before a byte is answered. */
  readonly resets?: true;
  /** The connection is closed in good order after so many bytes of the body, all of which arrive. */
  readonly closesAfterBytes?: number;
  /** The connection is reset (RST) after so many bytes of the body, most of which arrive. */
  readonly resetsAfterBytes?: number;
  /** The body ends here, and `Content-Length` agrees: half a JSON document, say. */
  readonly cutsBodyAt?: number;
  /** Added to `Content-Length`, while the body stays as it is. */
  readonly lengthOff?: number;
  readonly bytesPerSecond?: number;
}

/** Which fault a request meets. */
export type FaultOf<F extends Fault = Fault> = (request: Received) => F | undefined;

/** Faults in a queue, one for each request to come, then what the function says. */
export const faultQueue = <F extends Fault>(otherwise: FaultOf<F> = () => undefined) => {
  const queue: (F | undefined)[] = [];
  return {
    /** `undefined` lets a request pass. */
    next: (...faults: readonly (F | undefined)[]): void => void queue.push(...faults),
    faultOf: (request: Received): F | undefined =>
      queue.length > 0 ? queue.shift() : otherwise(request),
  };
};

const retryAfter = (wait: number | Date | undefined): Record<string, string> =>
  wait === undefined
    ? {}
    : { "Retry-After": typeof wait === "number" ? String(wait) : wait.toUTCString() };

/** The page of a proxy, as nginx makes them. */
export const proxyPage = (status: number, reason: string, wait?: number | Date): Answer => ({
  status,
  headers: { "Content-Type": "text/html", ...retryAfter(wait) },
  body: `<html>\r\n<head><title>${status} ${reason}</title></head>\r\n<body>\r\n<center><h1>${status} ${reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
});

/** A proxy's refusal; `wait` is in seconds, or a date. */
export const tooManyRequests = (wait?: number | Date): Fault => ({
  answer: proxyPage(429, "Too Many Requests", wait),
});

export const serverError = (status = 500, wait?: number | Date): Fault => ({
  answer: proxyPage(status, REASONS[status] ?? "Internal Server Error", wait),
});

const REASONS: Readonly<Record<number, string>> = {
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

/** A page for people, with status 200. */
export const htmlPage: Fault = { answer: proxyPage(200, "We will be right back") };

export const redirectTo = (location: string): Fault => ({
  answer: { status: 302, headers: { Location: location }, body: `${location}\n` },
});

export interface HttpDouble extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
}

/**
 * Starts a server on a port of 127.0.0.1, any free one for 0. Disposing of it closes all connections,
 * also those that wait for an answer.
 */
export const startHttpDouble = async <F extends Fault>(options: {
  readonly port: number;
  readonly requests: Received[];
  readonly faultOf: (request: Received) => F | undefined;
  readonly answer: (request: Received, fault: F | undefined) => Promise<Answer> | Answer;
}): Promise<HttpDouble> => {
  let count = 0;
  const server = createServer(async (incoming, response) => {
    response.on("error", () => undefined);
    const chunks = await Array.fromAsync(incoming).catch(() => undefined);
    if (chunks === undefined) return;
    count += 1;
    const request: Received = {
      number: count,
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    options.requests.push(request);
    const fault = options.faultOf(request);
    if (fault?.hangs) return;
    if (fault?.resets) return void incoming.socket.resetAndDestroy();
    try {
      await send(response, fault?.answer ?? (await options.answer(request, fault)), fault ?? {});
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain" });
      response.end(`The double itself failed: ${error}`);
    }
  });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

const send = async (response: ServerResponse, answer: Answer, fault: Fault): Promise<void> => {
  if (fault.delayMs !== undefined) await sleep(fault.delayMs);
  const body = cut(answer.body ?? "", fault.cutsBodyAt);
  const length = lengthOf(body);
  const { lengthOff = 0 } = fault;
  response.writeHead(answer.status, {
    ...(answer.body === undefined ? {} : { "Content-Length": String(length + lengthOff) }),
    // Whoever waits for bytes that were announced in error learns that none will come.
    ...(lengthOff === 0 ? {} : { Connection: "close" }),
    ...answer.headers,
  });
  if (response.req.method === "HEAD") return void response.end();
  const stopAt = fault.closesAfterBytes ?? fault.resetsAfterBytes;
  const isWhole = await write(response, cut(body, stopAt), fault.bytesPerSecond);
  if (!isWhole) return;
  if (fault.closesAfterBytes !== undefined) return void response.socket?.end();
  if (fault.resetsAfterBytes !== undefined) {
    // A reset overtakes what the other side has not read yet.
    await sleep(50);
    return void response.socket?.resetAndDestroy();
  }
  response.end();
};

type Body = Buffer | FilePart;

const cut = (body: string | Body, at = Number.POSITIVE_INFINITY): Body => {
  if (typeof body === "string") return Buffer.from(body).subarray(0, at);
  if (Buffer.isBuffer(body)) return body.subarray(0, at);
  return { ...body, end: Math.min(body.end, body.start + at) };
};

const lengthOf = (body: Body): number =>
  Buffer.isBuffer(body) ? body.length : body.end - body.start;

/** Sends the body and waits until it is gone; false if the other side went first. */
const write = async (
  response: ServerResponse,
  body: Body,
  bytesPerSecond: number | undefined,
): Promise<boolean> => {
  for await (const chunk of chunksOf(body)) {
    for (const piece of bytesPerSecond === undefined ? [chunk] : bytesOf(chunk)) {
      if (bytesPerSecond !== undefined) await sleep(1000 / bytesPerSecond);
      if (response.destroyed) return false;
      const error = await new Promise((resolve) => response.write(piece, resolve));
      if (error) return false;
    }
  }
  return true;
};

async function* chunksOf(body: Body): AsyncGenerator<Buffer> {
  if (lengthOf(body) === 0) return;
  if (Buffer.isBuffer(body)) yield body;
  else
    yield* createReadStream(body.path, {
      start: body.start,
      end: body.end - 1,
      // A sender that waits for its disk more often than its receivers for theirs would be what a bench measures.
      highWaterMark: 1024 * 1024,
    });
}

const bytesOf = (chunk: Buffer): Buffer[] =>
  Array.from(chunk, (_, index) => chunk.subarray(index, index + 1));
