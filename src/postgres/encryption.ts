/** With or without TLS, and in which order: what `sslmode` means to psql. */

import type { ClientConfig } from "pg";

type Ssl = Exclude<ClientConfig["ssl"], undefined>;

/** TLS without a look at the certificate, as `prefer` and `require` have it. */
const UNVERIFIED = { rejectUnauthorized: false };

/** The mode that a URL or `PGSSLMODE` names. */
export const sslModeOf = (url: string, { PGSSLMODE }: NodeJS.ProcessEnv): string | undefined =>
  url.match(/[?&]sslmode=([\w-]+)/)?.[1] ?? (PGSSLMODE || undefined);

/**
 * The ways to try, one after the other. `given` is what the URL says of TLS besides, such as certificates.
 * Without a mode it is plain first, as between neighbours TLS only takes time, then TLS where the server wants
 * it. Of a Unix socket no mode says anything.
 */
export const sslAttempts = (
  mode: string | undefined,
  { host, given }: { host: string; given: Ssl | undefined },
): readonly Ssl[] => {
  if (host.startsWith("/") || mode === "disable") return [false];
  const encrypted = { ...(typeof given === "object" ? given : {}), ...UNVERIFIED };
  if (mode === "prefer") return [encrypted, false];
  if (mode === undefined && given !== undefined) return [given];
  if (mode === undefined || mode === "allow") return [false, encrypted];
  if (mode === "require" && given === undefined) return [encrypted];
  return [given ?? true];
};

/** Whether another way may help: the server was reached, and refuses this one, or knows no TLS. */
export const isRefusedWay = (error: unknown): boolean => {
  const { code, message = "" } = error as { code?: string; message?: string };
  return (
    code === "28000" || /ssl|tls/i.test(message) || /^(?:ERR_(?:SSL|TLS)|EPROTO)/.test(code ?? "")
  );
};
