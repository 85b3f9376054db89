import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { downloadCut, downloadFailed, downloadRefused } from "../core/errors.ts";
import { version } from "../version.ts";

/** A file that was fetched; it is removed when it is disposed of. */
export interface Downloaded extends AsyncDisposable {
  readonly path: string;
  /** The last part of the URL. */
  readonly name: string;
}

/** Fetches a file by http(s) into a temporary folder; redirects are followed, the length is checked. */
export const download = async (location: string, signal: AbortSignal): Promise<Downloaded> => {
  const url = new URL(location);
  const label = `${url.origin}${url.pathname}`;
  const name = basename(url.pathname) || "archive";
  const folder = await mkdtemp(join(tmpdir(), "runner-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const response = await request(url, label, signal);
    const path = join(folder, name);
    await save(response.body, path, label, signal);
    const announced = response.headers.get("content-length");
    const isPlain = !response.headers.has("content-encoding");
    if (isPlain && announced !== null) await checkLength(path, Number(announced), label);
    return { path, name, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
};

const request = async (url: URL, label: string, signal: AbortSignal) => {
  // Loaded only when something is fetched: it takes memory that a local load can do without.
  const { fetch } = await import("undici");
  const headers: Record<string, string> = { "user-agent": `sinp-runner/${version}` };
  if (url.username) {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  }
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const response = await fetch(bare, { headers, signal }).catch((error: Error) => {
    signal.throwIfAborted();
    throw downloadFailed(label, error.cause ?? error);
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw downloadRefused(label, response.status, response.statusText);
  }
  return response;
};

const save = async (
  body: { [Symbol.asyncIterator](): AsyncIterator<Uint8Array> } | null,
  path: string,
  label: string,
  signal: AbortSignal,
): Promise<void> => {
  const source = body === null ? Readable.from([]) : Readable.from(body);
  try {
    await pipeline(source, createWriteStream(path), { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw downloadFailed(label, error instanceof Error ? (error.cause ?? error) : error);
  }
};

const checkLength = async (path: string, announced: number, label: string): Promise<void> => {
  const { size } = await stat(path);
  if (size !== announced) throw downloadCut(label, size, announced);
};
