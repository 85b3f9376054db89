/** Where a server may send us: a redirect must not become a way into the user's own network. */

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { redirectRefused, tooManyRedirects } from "../core/errors.ts";
import type { HttpClient, HttpRequest, HttpResponse } from "./client.ts";

const MAX_REDIRECTS = 5;

/**
 * Sends a request and follows redirects. One to another scheme or to a private address is refused,
 * unless the first URL is itself local; headers go to the first origin only, except `range` and the like.
 */
export const sendFollowing = async (
  client: HttpClient,
  request: HttpRequest,
  { onRedirect }: { onRedirect?: (url: URL) => void } = {},
): Promise<HttpResponse> => {
  const isLocal = await isPrivate(request.url);
  let { url } = request;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const headers = url.origin === request.url.origin ? request.headers : harmless(request.headers);
    const response = await client.send({ ...request, url, ...(headers ? { headers } : {}) });
    const location = response.header("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) {
      return response;
    }
    response.body.destroy();
    const next = new URL(location, url);
    await check(url, next, isLocal);
    url = next;
    onRedirect?.(next);
  }
  throw tooManyRedirects(label(request.url), MAX_REDIRECTS);
};

/** A URL without what may be secret in it: user, password, query. */
export const label = (url: URL): string => `${url.origin}${url.pathname}`;

const harmless = (headers: HttpRequest["headers"]): HttpRequest["headers"] =>
  headers &&
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !["authorization", "cookie"].includes(name)),
  );

const check = async (from: URL, to: URL, isLocal: boolean): Promise<void> => {
  const isUpgrade = from.protocol === "http:" && to.protocol === "https:";
  if (to.protocol !== from.protocol && !isUpgrade) {
    throw redirectRefused(label(from), `${to.protocol}//${to.host}`, "another scheme");
  }
  if (!isLocal && (await isPrivate(to))) {
    throw redirectRefused(label(from), label(to), "an address of a private network");
  }
};

const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv4");
  PRIVATE.addSubnet(`::ffff:${network}`, 96 + prefix, "ipv6");
}
PRIVATE.addAddress("::", "ipv6");
PRIVATE.addAddress("::1", "ipv6");
PRIVATE.addSubnet("fc00::", 7, "ipv6");
PRIVATE.addSubnet("fe80::", 10, "ipv6");

/** Whether a URL leads into this machine or a private network; a name that only the proxy knows does not. */
export const isPrivate = async ({ hostname }: URL): Promise<boolean> => {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(host)
    ? [host]
    : (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address);
  return addresses.some((address) => PRIVATE.check(address, isIP(address) === 6 ? "ipv6" : "ipv4"));
};
