/** The commands for who looks back at what runs have done. */

import type { Command } from "commander";
import {
  csvOption,
  type Ending,
  pipelineCommand,
  pipelineFirst,
  wholeNumber,
} from "./cli-options.ts";
import { type HistoryFlags, historyCommand } from "./commands/history.ts";
import { type RejectsFlags, rejectsCommand } from "./commands/rejects.ts";
import { type ShowFlags, showCommand } from "./commands/show.ts";
import { type SqlFlags, sqlCommand } from "./commands/sql.ts";

/** Adds `history`, `show`, `rejects` and `sql` to the command line. */
export const addPast = (main: Command, { end, interrupted }: Ending): void => {
  pipelineCommand(main, "history")
    .description("list the last runs of a pipeline")
    .option("--last <number>", "so many runs", wholeNumber, 20)
    .addOption(csvOption())
    .option("--json", "print it as one JSON array")
    .action(async (file: string, flags: HistoryFlags) =>
      end(await historyCommand(file, flags, interrupted())),
    );

  pipelineCommand(main, "show", pipelineFirst)
    .description("show one run: counts, what changed since the run before, rejects, citations")
    .argument("[run]", "its number; the last one when absent", wholeNumber)
    .option("--json", "print it as one JSON object")
    .action(async (file: string, run: number | undefined, flags: ShowFlags) =>
      end(await showCommand(file, run, flags, interrupted())),
    );

  pipelineCommand(main, "rejects", pipelineFirst)
    .description("list or export the records that a run set aside")
    .argument("[run]", "its number; the last one when absent", wholeNumber)
    .option("--flow <name>", "only of this flow")
    .option("--code <code>", "only with this code")
    .addOption(csvOption("print them as a table to repair, which `--replay` reads", "ndjson"))
    .option("--ndjson", "print them as JSON, one record per line")
    .action(async (file: string, run: number | undefined, flags: RejectsFlags) =>
      end(await rejectsCommand(file, run, flags, interrupted())),
    );

  pipelineCommand(main, "sql")
    .description("print what one statement reads in a pipeline's database; changes nothing")
    .argument("<statement>", "a `select`, in quotes")
    .option("--rows <number>", "how many rows to show", wholeNumber, 100)
    .option("--json", "print all rows, as one JSON array")
    .addOption(csvOption())
    .action(async (file: string, statement: string, flags: SqlFlags) =>
      end(await sqlCommand(file, statement, flags, interrupted())),
    );
};
