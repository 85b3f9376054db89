import type { Session } from "../../src/core/session.ts";
import { openDatabase } from "../../src/postgres/open.ts";

/** Makes a table of a server and holds a lock on it, by a connection of its own; it goes when it is disposed of. */
export const lockedTable = async (
  url: string,
  table: string,
): Promise<AsyncDisposable & { readonly session: Session }> => {
  const database = await openDatabase(url, {
    signal: new AbortController().signal,
    embeddedFolder: "",
    onNotice: () => undefined,
  });
  const session = await database.session();
  await session.script(`create table if not exists ${table} (id int)`);
  await session.begin();
  await session.query(`lock table ${table} in access share mode`);
  return {
    session,
    async [Symbol.asyncDispose]() {
      await session.rollback();
      await session.script(`drop table ${table}`);
      await session[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
};
