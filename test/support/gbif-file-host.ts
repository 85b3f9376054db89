/** The server that GBIF's API redirects to: files with ranges, as Apache serves them. */

import { statSync } from "node:fs";
import type { Answer, Fault, Received } from "./http-double.ts";

/** What can go wrong with a file. */
export interface FileFault extends Fault {
  /** The whole file with status 200, whatever range was asked for. */
  readonly ignoresRange?: true;
  /** The `Content-Range` of a 206, the right one or not. */
  readonly contentRange?: string;
  /** From this request on every download is this file, so with another ETag. */
  readonly replaceWith?: string;
}

/** Answers with a file, or the part of it that the request asks for. */
export const answerFile = (path: string, request: Received, fault: FileFault = {}): Answer => {
  const { size, mtime, mtimeMs, ino } = statSync(path);
  const etag = `"${[ino, size, Math.floor(mtimeMs * 1000)].map((n) => n.toString(16)).join("-")}"`;
  const headers = {
    "Last-Modified": mtime.toUTCString(),
    ETag: etag,
    "Accept-Ranges": "bytes",
    "Content-Type": "application/zip",
  };
  const whole = { status: 200, headers, body: { path, start: 0, end: size } };
  const { range, "if-range": condition } = request.headers;
  const isSame =
    condition === undefined || [etag, headers["Last-Modified"]].includes(`${condition}`);
  const asked = isSame && !fault.ignoresRange ? rangeOf(range, size) : undefined;
  if (asked === undefined) return whole;
  if (asked.start >= asked.end) {
    return { status: 416, headers: { "Content-Range": `bytes */${size}` }, body: "" };
  }
  const { contentRange = `bytes ${asked.start}-${asked.end - 1}/${size}` } = fault;
  return {
    status: 206,
    headers: { ...headers, "Content-Range": contentRange },
    body: { path, ...asked },
  };
};

/** The bytes of a single range; a header with several, or none that is understood, has no effect. */
const rangeOf = (
  header: string | undefined,
  size: number,
): { start: number; end: number } | undefined => {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first !== "") {
    const end = last === "" ? size : Math.min(size, Number(last) + 1);
    return { start: Number(first), end };
  }
  return last === "" ? undefined : { start: Math.max(0, size - Number(last)), end: size };
};
