/** Passwords out of `~/.pgpass`, read as libpq reads it: the driver's own way warns that it will go. */

import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { passwordMissing } from "../core/errors.ts";

/** Whom the server knows, where: what a line of the file is compared with. */
export interface Account {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The password of the first line that fits; throws when there is none, as it is asked only when the server wants one. */
export const pgpassPassword = async (account: Account): Promise<string> => {
  const path = process.env.PGPASSFILE ?? join(homedir(), ".pgpass");
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) throw passwordMissing();
  if (process.platform !== "win32" && (info.mode & 0o077) !== 0) throw passwordMissing(path);
  const password = passwordIn(await readFile(path, "utf8"), account);
  if (password === undefined) throw passwordMissing();
  return password;
};

/** Lines are `host:port:database:user:password`; `*` is anything, and a backslash goes before a `:` or `\` of a value. */
export const passwordIn = (text: string, account: Account): string | undefined => {
  const { host, port, database, user } = account;
  const wanted = [
    host.startsWith("/") ? [host, "localhost"] : [host],
    [`${port}`],
    [database],
    [user],
  ];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? [];
    const fits = wanted.every((values, index) => {
      const field = fields[index]?.replace(/:$/, "");
      return field === "*" || (field !== undefined && values.includes(plain(field)));
    });
    const password = plain(fields.slice(wanted.length).join(""));
    if (fits && password !== "") return password;
  }
  return undefined;
};

const plain = (field: string): string => field.replace(/\\(.)/g, "$1");
