import { tableColumnUnknown } from "../../core/errors.ts";
import type { View } from "../../core/examination.ts";
import type { Session } from "../../core/session.ts";
import { findTable, requireTable } from "../catalog.ts";
import { quoted, quotedTable } from "../names.ts";
import { requireRights } from "../rights.ts";
import { asTable } from "../statement.ts";
import { prepared } from "./prepared.ts";
import type { VanishedOption } from "./vanished.ts";

/** Says what the look for vanished rows would stumble over: its SQL, and what is deleted along with a row. */
export const examineVanished = async (
  { action, present, scope, keep_when, along }: VanishedOption,
  { ask, coming }: Pick<View, "ask" | "coming">,
  { table, key }: { readonly table: string; readonly key: readonly string[] },
): Promise<void> => {
  if (action === "keep") return;
  await ask((session) => examinePresent(session, present, key));
  const isThere = await ask(async (session) => (await findTable(session, table)) !== undefined);
  const conditions = isThere ? { scope, ...(action === "delete" ? { keep_when } : {}) } : {};
  for (const [name, condition] of Object.entries(conditions)) {
    if (condition === undefined) continue;
    const sql = `select 1 as one from ${quotedTable(table)} where (${condition}\n)`;
    await ask((session) => prepared(session, sql, about(name)));
  }
  if (action !== "delete") return;
  for (const { table: other, column, of } of along) {
    await ask(async (session) => {
      await requireRights(session, other, ["select", "delete"]);
      if (!coming.hasTable(other)) await requireColumn(session, other, column);
    });
    if (isThere) await ask((session) => requireColumn(session, table, of));
  }
};

const about = (name: string) => ({
  what: `\`${name}\` of \`vanished\``,
  subject: name,
});

/** It may ask what earlier runs did, and before the first there is nothing to ask. */
const examinePresent = async (
  session: Session,
  present: string,
  key: readonly string[],
): Promise<void> => {
  const { rows } = await session.query<{ any: boolean }>(
    "select to_regclass('runner.flow') is not null as any",
  );
  if (!rows[0]?.any && /\brunner\s*\./.test(present)) return;
  const columns = key.map((name) => `given.${quoted(name)}`).join(", ");
  await prepared(session, `select ${columns} from ${asTable(present, "given")}`, about("present"));
};

const requireColumn = async (session: Session, table: string, column: string): Promise<void> => {
  const { columns } = await requireTable(session, table);
  const names = columns.map(({ name }) => name);
  if (!names.includes(column)) throw tableColumnUnknown(table, column, names);
};
