/** The command line: which command, with which flags; what they do is in `commands/`. */

import { existsSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { addAuthoring } from "./cli-authoring.ts";
import {
  csvOption,
  databaseOption,
  formatOption,
  pipelineFirst,
  promFile,
  several,
  wholeNumber,
} from "./cli-options.ts";
import { componentsCommand } from "./commands/components.ts";
import { type DoctorFlags, doctorCommand } from "./commands/doctor.ts";
import { explainCommand, languageOf } from "./commands/explain.ts";
import { type HistoryFlags, historyCommand } from "./commands/history.ts";
import { type PlanFlags, planCommand } from "./commands/plan.ts";
import { type PreviewFlags, previewCommand } from "./commands/preview.ts";
import { type RejectsFlags, rejectsCommand } from "./commands/rejects.ts";
import { type RunFlags, runCommand } from "./commands/run.ts";
import { type SetupFlags, setupCommand } from "./commands/setup.ts";
import { type ShowFlags, showCommand } from "./commands/show.ts";
import { type SqlFlags, sqlCommand } from "./commands/sql.ts";
import { errorText, exitCodeOf, interruptedCode } from "./commands/text.ts";
import { type ValidateFlags, validateCommand } from "./commands/validate.ts";
import type { Language } from "./core/codes.ts";
import { elsewhere, pipelinesFor } from "./core/elsewhere.ts";
import { suggestion } from "./core/errors.ts";
import { nearest } from "./core/nearest.ts";
import { RUNNER } from "./core/program.ts";
import { interruptsComeTwice, stopRequests } from "./stop-requests.ts";
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

  main
    .command("run", { isDefault: true })
    .description("run a pipeline (also without the word `run`)")
    .argument("<pipeline>", "the YAML file")
    .addOption(databaseOption())
    .option("--flow <name>", "only this flow; may be given several times", several)
    .option("--replay <file>", "load the repaired records of this file instead of the sources")
    .option("--fresh", "ask services anew for what earlier runs asked for")
    .option("--json", "print a summary as the last line of standard output")
    .option("--yes", "write into tables that hold rows which the pipeline never wrote")
    .option("--quiet", "print only what needs a person")
    .addOption(
      new Option("--log <format>", "how to tell what happens: for people, or as JSON by line")
        .choices(["text", "json"])
        .default("text"),
    )
    .option(
      "--metrics <file>",
      "write what became of the run for Prometheus' node exporter",
      promFile,
    )
    .action(async (file: string, flags: RunFlags) =>
      end(
        await runCommand(
          file,
          flags,
          stopRequests(process, { comesTwice: interruptsComeTwice(process.env, process.ppid) }),
        ),
      ),
    );

  main
    .command("validate")
    .description(
      "check pipelines: offline, without secrets; with --connect, against their databases",
    )
    .argument("<target...>", "YAML files, or folders of them")
    .addOption(formatOption())
    .option("--print", "print the pipeline with its included files in their places")
    .option("--fix", "mend what is beyond doubt, and show what was changed")
    .option("--connect", "ask the pipelines' databases, too: tables, columns, types, keys, rights")
    .addOption(new Option("--database <url>", "with --connect: this database, for all of them"))
    .action(async (targets: string[], flags: ValidateFlags) =>
      end(await validateCommand(targets, flags, interrupted())),
    );

  main
    .command("doctor")
    .description("check accounts, disk, database and pipeline before a run; changes nothing")
    .argument("<pipeline>", "the YAML file")
    .addOption(databaseOption())
    .option("--json", "print it as one JSON object instead")
    .action(async (file: string, flags: DoctorFlags) =>
      end(await doctorCommand(file, flags, interrupted())),
    );

  main
    .command("preview")
    .description("show the first records after the transforms; writes nothing")
    .argument("<pipeline>", "the YAML file")
    .addOption(databaseOption())
    .option("--flow <name>", "which flow; the first one when absent")
    .option("--rows <number>", "how many records", wholeNumber, 10)
    .option("--json", "print them whole, as one JSON array")
    .addOption(csvOption())
    .action(async (file: string, flags: PreviewFlags) =>
      end(await previewCommand(file, flags, interrupted())),
    );

  main
    .command("plan")
    .description("do all that a run does, show what it would change, and undo it")
    .argument("<pipeline>", "the YAML file")
    .addOption(databaseOption())
    .option("--flow <name>", "only this flow; may be given several times", several)
    .option("--replay <file>", "load the repaired records of this file instead of the sources")
    .option(
      "--lock-timeout <seconds>",
      "how long to wait for other people's locks",
      wholeNumber,
      10,
    )
    .option("--json", "print it as one JSON object instead")
    .addOption(csvOption())
    .action(async (file: string, flags: PlanFlags) =>
      end(await planCommand(file, flags, interrupted())),
    );

  addAuthoring(main, { end, interrupted });

  main
    .command("setup")
    .description("run a pipeline's setup scripts alone, and install its SQL functions")
    .argument("<pipeline>", "the YAML file")
    .addOption(databaseOption())
    .option("--uninstall", "remove the SQL functions again; never data")
    .action(async (file: string, flags: SetupFlags) =>
      end(await setupCommand(file, flags, interrupted())),
    );

  main
    .command("history")
    .description("list the last runs of a pipeline")
    .argument("<pipeline>", "the YAML file")
    .addOption(databaseOption())
    .option("--last <number>", "so many runs", wholeNumber, 20)
    .addOption(csvOption())
    .option("--json", "print it as one JSON array")
    .action(async (file: string, flags: HistoryFlags) =>
      end(await historyCommand(file, flags, interrupted())),
    );

  main
    .command("show")
    .description("show one run: counts, what changed since the run before, rejects, citations")
    .argument("<pipeline>", "the YAML file", pipelineFirst)
    .argument("[run]", "its number; the last one when absent", wholeNumber)
    .addOption(databaseOption())
    .option("--json", "print it as one JSON object")
    .action(async (file: string, run: number | undefined, flags: ShowFlags) =>
      end(await showCommand(file, run, flags, interrupted())),
    );

  main
    .command("rejects")
    .description("list or export the records that a run set aside")
    .argument("<pipeline>", "the YAML file", pipelineFirst)
    .argument("[run]", "its number; the last one when absent", wholeNumber)
    .addOption(databaseOption())
    .option("--flow <name>", "only of this flow")
    .option("--code <code>", "only with this code")
    .addOption(csvOption("print them as a table to repair, which `--replay` reads", "ndjson"))
    .option("--ndjson", "print them as JSON, one record per line")
    .action(async (file: string, run: number | undefined, flags: RejectsFlags) =>
      end(await rejectsCommand(file, run, flags, interrupted())),
    );

  main
    .command("sql")
    .description("print what one statement reads in a pipeline's database; changes nothing")
    .argument("<pipeline>", "the YAML file")
    .argument("<statement>", "a `select`, in quotes")
    .addOption(databaseOption())
    .option("--rows <number>", "how many rows to show", wholeNumber, 100)
    .option("--json", "print all rows, as one JSON array")
    .addOption(csvOption())
    .action(async (file: string, statement: string, flags: SqlFlags) =>
      end(await sqlCommand(file, statement, flags, interrupted())),
    );

  main
    .command("components")
    .description("list sources, transforms and sinks, or show all about one")
    .argument("[name]", "the component")
    .action((name?: string) => end(componentsCommand(name)));

  main
    .command("explain")
    .description(
      "say what a code means and what to do about it; in French where the shell speaks it",
    )
    .argument("<code...>", "codes of messages or rejects, such as `too_many_rejects`")
    .addOption(new Option("--language <language>", "instead of the shell's").choices(["en", "fr"]))
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
