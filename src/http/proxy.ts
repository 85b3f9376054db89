import { listed } from "../core/errors.ts";

/** The variables that name a proxy; those in lower case come first, as for `curl`. */
const VARIABLES = [
  ["https_proxy", "HTTPS_PROXY"],
  ["http_proxy", "HTTP_PROXY"],
] as const;

interface Proxy {
  readonly variable: string;
  readonly hostname: string;
  readonly port: string;
}

/**
 * Says of an error of the network that it is the proxy's: which variables name it, and its host and port,
 * never its password. Undefined when the proxy has no part in it.
 */
export const proxyBlamed = (
  error: unknown,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined => {
  const proxies = VARIABLES.flatMap((names) => proxyOf(names, environment));
  const message = error instanceof Error ? error.message : "";
  // Only a tunnel is refused so, and a tunnel is what https goes through.
  const [, status] = /^Proxy response \((\d+)\)/.exec(message) ?? [];
  const blamed = status ? proxies.slice(0, 1) : proxies.filter((proxy) => isOf(error, proxy));
  const [first] = blamed;
  if (first === undefined) return undefined;
  const where = `${first.hostname}:${first.port}`;
  const who = `the proxy ${where}, which ${listed(blamed.map(({ variable }) => variable))} of the environment ${blamed.length === 1 ? "names" : "name"}`;
  if (status === "407") {
    return `${who}, wants a user and a password (write it like http://USER:PASSWORD@${where})`;
  }
  return status ? `${who}, refuses with ${status}` : `${who}, is not reached`;
};

const proxyOf = (
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Proxy[] => {
  const variable = names.find((name) => environment[name]);
  const text = variable && environment[variable];
  if (!variable || !text || !URL.canParse(text)) return [];
  const { protocol, hostname, port } = new URL(text);
  return [{ variable, hostname, port: port || (protocol === "https:" ? "443" : "80") }];
};

/** Whether a connection to the proxy is what failed; a name may have several addresses, each with an error of its own. */
const isOf = (error: unknown, proxy: Proxy): boolean => {
  const { hostname, port } = proxy;
  const one = error as {
    hostname?: string;
    port?: number;
    message?: string;
    errors?: readonly unknown[];
  };
  if (one?.errors?.length) return one.errors.some((other) => isOf(other, proxy));
  if (one?.hostname !== undefined) return one.hostname === hostname;
  if (one?.message?.includes(`(attempted address: ${hostname}:${port}`)) return true;
  return one?.port !== undefined && String(one.port) === port;
};
