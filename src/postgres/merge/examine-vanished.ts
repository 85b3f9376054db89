import { type Complain, renamed } from "../../core/complaint.ts";
import type { Around } from "../../core/component.ts";
import { tableColumnUnknown, vanishedFlowUnknown } from "../../core/errors.ts";
import type { View } from "../../core/examination.ts";
import { nearest } from "../../core/nearest.ts";
import type { Session } from "../../core/session.ts";
import { findTable, requireTable } from "../catalog.ts";
import { quoted, quotedTable } from "../names.ts";
import { grantsMissing, requireRights } from "../rights.ts";
import { requireReads } from "../statement-rights.ts";
import { writtenOnDelete } from "../trigger-rights.ts";
import { prepared } from "./prepared.ts";
import type { VanishedOption } from "./vanished.ts";
import { amongMissing } from "./vanished-sql.ts";

/** Complains of a flow that is not there, when the name of one that is was meant: another may be in a file beside. */
export const checkVanished = (
  option: VanishedOption | undefined,
  complain: Complain,
  around: Around | undefined,
): void => {
  if (option === undefined || around === undefined || around.flows.includes(option.of)) return;
  if (nearest(option.of, around.flows).length === 0) return;
  const { code, message } = vanishedFlowUnknown(option.of, around.flows);
  const place = around.locate(option.of);
  complain(code, place, message, renamed(place, option.of, around.flows));
};

/** Says what the look for vanished rows would stumble over: its SQL, and what is deleted along with a row. */
export const examineVanished = async (
  { action, present, scope, keep_when, along }: VanishedOption,
  { ask, coming }: Pick<View, "ask" | "coming">,
  { table, key }: { readonly table: string; readonly key: readonly string[] },
): Promise<void> => {
  if (action === "keep") return;
  const target = await ask((session) => stateOf(session, table));
  await ask((session) =>
    target === "there"
      ? examinePresent(session, present, { table, key })
      : requireReads(session, { sql: present, name: "present" }),
  );
  const conditions = { scope, ...(action === "delete" ? { keep_when } : {}) };
  for (const [name, condition] of Object.entries(conditions)) {
    if (condition === undefined) continue;
    if (target === "shut") await ask((session) => requireReads(session, { sql: condition, name }));
    const sql = `select 1 as one from ${quotedTable(table)} where (${condition}\n)`;
    if (target === "there") await ask((session) => prepared(session, sql, about(name)));
  }
  if (action !== "delete") return;
  const written = await ask((session) => writtenOnDelete(session, table));
  for (const [other, rights] of written ?? []) {
    await ask((session) => requireRights(session, other, rights));
  }
  for (const { table: other, column, of } of along) {
    await ask(async (session) => {
      await requireRights(session, other, ["select", "delete"]);
      if (!coming.hasTable(other)) await requireColumn(session, other, column);
    });
    if (target === "there") await ask((session) => requireColumn(session, table, of));
  }
};

/** Whether a table can be read; PostgreSQL reads no condition on one that is shut. */
const stateOf = async (session: Session, table: string): Promise<"there" | "shut" | "missing"> => {
  if ((await grantsMissing(session, table, ["select"])).length > 0) return "shut";
  return (await findTable(session, table)) === undefined ? "missing" : "there";
};

const about = (name: string) => ({
  what: `\`${name}\` of \`vanished\``,
  subject: name,
});

/** It may ask what earlier runs did, and before the first there is nothing to ask. */
const examinePresent = async (
  session: Session,
  present: string,
  { table, key }: { readonly table: string; readonly key: readonly string[] },
): Promise<void> => {
  const { rows } = await session.query<{ any: boolean }>(
    "select to_regclass('runner.flow') is not null as any",
  );
  if (!rows[0]?.any && /\brunner\s*\./.test(present)) return;
  const records = amongMissing(present, `${quotedTable(table)} where false`, key);
  const columns = key.map((name) => `given.${quoted(name)}`).join(", ");
  await prepared(session, `select ${columns} from ${records} as given`, about("present"));
};

const requireColumn = async (session: Session, table: string, column: string): Promise<void> => {
  const { columns } = await requireTable(session, table);
  const names = columns.map(({ name }) => name);
  if (!names.includes(column)) throw tableColumnUnknown(table, column, names);
};
