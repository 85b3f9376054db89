import { Batch } from "../core/batch.ts";
import { TypedColumn } from "../core/examination.ts";
import type { Session } from "../core/session.ts";
import { quoted } from "./names.ts";
import { asTable, type Statement, statementError } from "./statement.ts";

/**
 * The columns of a statement with their types, as a batch without rows. PostgreSQL reads the statement, checks
 * names and rights, and gives no row of it: of `limit 0` nothing is executed. Throws where it does not.
 */
export const statementTypes = async (session: Session, statement: Statement): Promise<Batch> => {
  const { sql, name } = statement;
  // One row of nulls, whose names the driver tells: a statement without rows would tell none.
  const none = `(select * from ${asTable(sql, "given")} limit 0) as given on true`;
  const before = `select given.* from (select) as one left join (select * from (`;
  try {
    const { rows } = await session.query(`select given.* from (select) as one left join ${none}`);
    const names = Object.keys(rows[0] ?? {});
    const types = names.map((one, index) => `pg_typeof(given.${quoted(one)})::text as c${index}`);
    const told = await session.query<Record<string, string>>(
      `select ${types.join(", ")} from (select) as one left join ${none}`,
    );
    const columns = new Map(
      names.map((one, index) => [one, new TypedColumn(told.rows[0]?.[`c${index}`] ?? "text")]),
    );
    return emptyBatch(name, columns);
  } catch (error) {
    throw statementError(statement, error, before.length);
  }
};

const emptyBatch = (name: string, columns: ReadonlyMap<string, TypedColumn>): Batch =>
  Batch.empty({ name, sizeBytes: undefined, identity: async () => "" }).withOnly(columns);
