/** The commands for who writes a pipeline: each is loaded when it is used. */

import type { Command } from "commander";
import {
  csvOption,
  type Ending,
  encodingOption,
  formatOption,
  wholeNumber,
} from "./cli-options.ts";
import type { GuessFlags } from "./commands/guess.ts";
import type { InitFlags } from "./commands/init.ts";
import type { TestFlags } from "./commands/test.ts";
import { pipelineSchema } from "./core/schema.ts";
import { components } from "./registry.ts";

/** Adds `guess`, `init`, `test` and `schema` to the command line. */
export const addAuthoring = (main: Command, { end, interrupted }: Ending): void => {
  main
    .command("guess")
    .description("show what is in an archive: tables, columns that are filled, types, examples")
    .argument("<archive>", "a zip, a `.tgz`, a folder, a text file, or an http(s) URL of one")
    .option("--table <name>", "only this table")
    .option("--rows <number>", "how many records of each table to look at", wholeNumber, 10_000)
    .addOption(encodingOption())
    .option("--json", "print it as one JSON object instead")
    .addOption(csvOption())
    .action(async (archive: string, flags: GuessFlags) => {
      const { guessCommand } = await import("./commands/guess.ts");
      end(await guessCommand(archive, flags, interrupted()));
    });

  main
    .command("init")
    .description("write a new pipeline; on a terminal, asks for what is not given")
    .argument("[what]", "a GBIF data set's key, a query file, or an archive (see `guess`)")
    .option("--name <name>", "the pipeline's name; made from what it begins with when absent")
    .option("--into <folder>", "the folder in which `pipelines/` is, or is made", ".")
    .addOption(encodingOption())
    .option("--force", "overwrite a pipeline of that name")
    .action(async (what: string | undefined, flags: InitFlags) => {
      const { initCommand } = await import("./commands/init.ts");
      end(await initCommand(what, flags, interrupted()));
    });

  main
    .command("test")
    .description("run the tests of pipelines (`NAME.test.yaml`): without network or server")
    .argument("<target...>", "test files, pipelines that have one beside them, or folders")
    .addOption(formatOption())
    .action(async (targets: string[], flags: TestFlags) => {
      const { testCommand } = await import("./commands/test.ts");
      end(await testCommand(targets, flags, interrupted()));
    });

  main
    .command("schema")
    .description("print the JSON Schema of pipeline files, for editors")
    .option("--tests", "that of test files instead")
    .action(async ({ tests }: { tests?: boolean }) => {
      const { testSchema } = await import("./testing/test-json-schema.ts");
      console.log(JSON.stringify(tests ? testSchema() : pipelineSchema(components), null, 2));
    });
};
