import { withoutTexts } from "../core/sql-text.ts";

/** A command that begins or ends a transaction, and where it stands in the text. */
export interface Control {
  readonly command: string;
  readonly offset: number;
}

/** The first statement of a script that begins or ends a transaction; those inside function bodies are none. */
export const transactionControl = (sql: string): Control | undefined => {
  const match = CONTROL.exec(withoutTexts(sql));
  if (match === null) return undefined;
  const command = match[1] ?? "";
  return { command: command.toLowerCase(), offset: match.index + match[0].length - command.length };
};

/** At the start of a statement; a body of SQL, `begin atomic … end`, begins no transaction. */
const CONTROL =
  /(?:^|;)\s*(begin(?!\s+atomic)|start\s+transaction|commit|rollback|abort|prepare\s+transaction)\b/i;
