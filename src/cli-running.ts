/** The commands for who runs a pipeline, and looks beforehand what it would do. */

import { type Command, Option } from "commander";
import {
  csvOption,
  databaseOption,
  type Ending,
  formatOption,
  pipelineCommand,
  promFile,
  several,
  wholeNumber,
} from "./cli-options.ts";
import { type DoctorFlags, doctorCommand } from "./commands/doctor.ts";
import { type PlanFlags, planCommand } from "./commands/plan.ts";
import { type PreviewFlags, previewCommand } from "./commands/preview.ts";
import { type RunFlags, runCommand } from "./commands/run.ts";
import { type SetupFlags, setupCommand } from "./commands/setup.ts";
import { type ValidateFlags, validateCommand } from "./commands/validate.ts";
import { interruptsComeTwice, stopRequests } from "./stop-requests.ts";

/** Adds `run`, `validate`, `doctor`, `preview` and `plan` to the command line. */
export const addRunning = (main: Command, { end, interrupted }: Ending): void => {
  main
    .command("run", { isDefault: true })
    .description("run a pipeline (also without the word `run`)")
    .argument("<pipeline>", "the YAML file")
    .addOption(databaseOption())
    .option("--flow <name>", "only this flow; may be given several times", several)
    .option("--replay <file>", "load the repaired records of this file instead of the sources")
    .option("--fresh", "ask services anew for what earlier runs asked for")
    .option("--json", "print a summary as the last line of standard output")
    .option(
      "--yes",
      "write into tables with rows that the pipeline never wrote, and go on under a name that another file had",
    )
    .option(
      "--quiet",
      "print only what needs a person, and the records of flows that write to standard output",
    )
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

  pipelineCommand(main, "doctor")
    .description("check accounts, disk, database and pipeline before a run; changes nothing")
    .option("--json", "print it as one JSON object instead")
    .action(async (file: string, flags: DoctorFlags) =>
      end(await doctorCommand(file, flags, interrupted())),
    );

  pipelineCommand(main, "preview")
    .description("show the first records after the transforms; writes nothing")
    .option("--flow <name>", "which flow; the first one when absent")
    .option("--rows <number>", "how many records", wholeNumber, 10)
    .option("--json", "print them whole, as one JSON array")
    .addOption(csvOption())
    .action(async (file: string, flags: PreviewFlags) =>
      end(await previewCommand(file, flags, interrupted())),
    );

  pipelineCommand(main, "plan")
    .description("do all that a run does, show what it would change, and undo it")
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
};

/** Adds `setup`. */
export const addSetup = (main: Command, { end, interrupted }: Ending): void => {
  pipelineCommand(main, "setup")
    .description("run a pipeline's setup scripts alone, and install its SQL functions")
    .option("--uninstall", "remove the SQL functions again; never data")
    .action(async (file: string, flags: SetupFlags) =>
      end(await setupCommand(file, flags, interrupted())),
    );
};
