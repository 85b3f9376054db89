/** A command that begins or ends a transaction, and where it stands in the text. */
export interface Control {
  readonly command: string;
  readonly offset: number;
}

/** The first statement of a script that begins or ends a transaction; those inside function bodies are none. */
export const transactionControl = (sql: string): Control | undefined => {
  const bare = sql.replace(NO_STATEMENT, (text) => text.replace(/[^\n]/g, " "));
  const match = CONTROL.exec(bare);
  if (match === null) return undefined;
  const command = match[1] ?? "";
  return { command: command.toLowerCase(), offset: match.index + match[0].length - command.length };
};

/** Comments, texts, quoted names, and bodies between dollars. */
const NO_STATEMENT =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/g;

/** At the start of a statement; a body of SQL, `begin atomic … end`, begins no transaction. */
const CONTROL =
  /(?:^|;)\s*(begin(?!\s+atomic)|start\s+transaction|commit|rollback|abort|prepare\s+transaction)\b/i;
