/** What a test looks at of how a run has failed; of one that has not, nothing. */

import type { RunnerError } from "../../src/core/errors.ts";

export const messageOf = (error: unknown): string =>
  (error as RunnerError | undefined)?.message ?? "";

export const codeOf = (error: unknown): string | undefined =>
  (error as RunnerError | undefined)?.code;
