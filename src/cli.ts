/** The command line: which command, with which flags; what they do is in `commands/`. */

import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addAuthoring } from "./cli-authoring.ts";
import { languageOption } from "./cli-options.ts";
import { addPast } from "./cli-past.ts";
import { addRunning, addSetup } from "./cli-running.ts";
import { componentsCommand } from "./commands/components.ts";
import { explainCommand, languageOf } from "./commands/explain.ts";
import { errorText, exitCodeOf, interruptedCode } from "./commands/text.ts";
import type { Language } from "./core/codes.ts";
import { elsewhere, pipelinesFor } from "./core/elsewhere.ts";
import { suggestion } from "./core/errors.ts";
import { nearest } from "./core/nearest.ts";
import { RUNNER } from "./core/program.ts";
import { version } from "./version.ts";

const CONFIGURATION_WRONG = 2;

const EXAMPLE = `
Try it:
  ${RUNNER} pipelines/demo.yaml                     load the sample
  ${RUNNER} preview pipelines/demo.yaml --rows 3    look at the records first
  ${RUNNER} validate pipelines                      check all pipelines of a folder`;

/** Aborted by Ctrl-C or a request to end; the reason is the signal's name. */
const interrupted = (): AbortSignal => {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => interrupt.abort(name));
  }
  return interrupt.signal;
};

const interrupt = new AbortController();

/** commander's "error: unknown option '--flwo'", as a sentence. */
const sentenceOf = (text: string): string => {
  const [first = "", ...rest] = text
    .replace(/^error: /, "")
    .trimEnd()
    .split("\n");
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.?$/, ".")}`;
  return `${[sentence, ...rest].join("\n")}\n`;
};

const program = (end: (code: number) => void): Command => {
  const main = new Command(RUNNER)
    .description("Brings biodiversity data into PostgreSQL, as a YAML file says.")
    .version(version)
    .addHelpText("after", EXAMPLE)
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(sentenceOf(text)) })
    .exitOverride();

  addRunning(main, { end, interrupted });
  addAuthoring(main, { end, interrupted });
  addSetup(main, { end, interrupted });
  addPast(main, { end, interrupted });

  main
    .command("components")
    .description(
      "list sources, transforms and sinks, or show all about one; in French where the shell speaks it",
    )
    .argument("[name]", "the component")
    .addOption(languageOption())
    .action((name: string | undefined, { language }: { language?: Language }) =>
      end(componentsCommand(name, language ?? languageOf(process.env))),
    );

  main
    .command("explain")
    .description(
      "say what a code means and what to do about it; in French where the shell speaks it",
    )
    .argument("<code...>", "codes of messages or rejects, such as `too_many_rejects`")
    .addOption(languageOption())
    .action((codes: string[], { language }: { language?: Language }) =>
      end(explainCommand(codes, language ?? languageOf(process.env))),
    );

  // Whoever forgot an argument sees which ones there are, without all the flags.
  for (const one of main.commands) {
    one.showHelpAfterError(`Usage: ${RUNNER} ${one.name()} ${one.usage()}`);
  }
  return main;
};

const main = async (words: readonly string[]): Promise<void> => {
  const end = (code: number) => {
    process.exitCode = code;
  };
  const command = program(end);
  if (words.length === 0) {
    command.outputHelp();
    return;
  }
  const [word = ""] = words;
  const known = command.commands.map((one) => one.name());
  // A word that is no command is a pipeline's file; one that is neither was meant as a command.
  if (/^\w+$/.test(word) && !["help", ...known].includes(word) && !existsSync(word)) {
    const [there] = elsewhere(`${word}.yaml`);
    const others = nearest(word, known).length > 0 ? undefined : pipelinesFor(word);
    const file = there ?? (others?.isMeant ? others.files[0] : undefined);
    const hint = file ? ` Did you mean \`${file}\`?` : suggestion(word, known);
    console.error(`There is no command \`${word}\`, and no such file.${hint}`);
    end(CONFIGURATION_WRONG);
    return;
  }
  try {
    await command.parseAsync(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) end(error.exitCode === 0 ? 0 : CONFIGURATION_WRONG);
    else if (interrupt.signal.aborted) {
      // Whatever each part says of being stopped.
      console.error("Interrupted.");
      end(interruptedCode(interrupt.signal));
    } else {
      console.error(errorText(error));
      end(exitCodeOf(error));
    }
  }
};

// Whoever reads our output may stop early (`| head`): that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

// What nobody awaited is a defect; it is told like any other, without passwords.
for (const name of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(name, (error: unknown) => {
    console.error(errorText(error));
    process.exit(exitCodeOf(error));
  });
}

await main(process.argv.slice(2));

// A read that never returns, of a pipe or disk that has stalled, keeps even `process.exit` waiting. By now the
// database has said that all is undone.
const ENDING_MS = 500;
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  if (process.exitCode !== code) continue;
  setTimeout(() => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }, ENDING_MS).unref();
}
