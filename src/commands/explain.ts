import { explained, explanationOf, type Language, readCodes } from "../core/codes.ts";
import { nearest } from "../core/nearest.ts";
import { RUNNER } from "../core/program.ts";

/** The language of the user's shell, as gettext finds it: French or else English. */
export const languageOf = ({ LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): Language =>
  (LC_ALL || LC_MESSAGES || LANG || "").startsWith("fr") ? "fr" : "en";

/** `runner explain CODE…`: cause and cure of each; 2 when there is no such code. */
export const explainCommand = (codes: readonly string[], language: Language): number => {
  const groups = readCodes();
  const known = groups.flatMap((group) => Object.keys(group.codes));
  let exitCode = 0;
  for (const code of codes) {
    const found = explanationOf(code, groups);
    if (found) {
      console.log(`${code}\n  ${found.cause[language]}\n  → ${found.cure[language]}\n`);
    } else {
      console.error(UNKNOWN[language](code, nearest(code, known)));
      exitCode = 2;
    }
  }
  return exitCode;
};

const UNKNOWN: Readonly<Record<Language, (code: string, near: readonly string[]) => string>> = {
  en: (code, [near]) =>
    `There is no code \`${code}\`. ${near === undefined ? "All are in docs/errors.md, but for those that a pipeline gives itself, with `code` of `lookup` or of `unique`." : `Did you mean \`${near}\`?`}`,
  fr: (code, [near]) =>
    `Il n'y a pas de code \`${code}\`. ${near === undefined ? "Tous sont dans docs/fr/errors.md, sauf ceux qu'un pipeline donne lui-même, par `code` de `lookup` ou de `unique`." : `Vouliez-vous dire \`${near}\` ?`}`,
};

/**
 * The line below a message that says how to learn more: `runner explain too_many_rejects`. None where all are codes
 * that the pipeline gives itself.
 */
export const explainLines = (
  codes: Iterable<string>,
  language: Language = languageOf(process.env),
): readonly string[] => {
  const known = explained(codes);
  if (known.length === 0) return [];
  const command = `\`${RUNNER} explain ${known.slice(0, 5).join(" ")}\``;
  return [language === "fr" ? `Cause et remède : ${command}` : `Cause and cure: ${command}`];
};
