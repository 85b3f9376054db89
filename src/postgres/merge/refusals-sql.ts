/** What becomes of rows that the server refuses when each is tried by itself. */

import { CONDITIONS } from "../sqlstate.ts";
import { literal } from "./key-sql.ts";
import type { Step } from "./steps.ts";
import { JUDGED, NUMBER, REFUSED, STAGE } from "./temporary.ts";

/** SQL for what `refusalMessage` says. */
const MESSAGE = `
  format('Postgres refused: %s%s.%s', regexp_replace(message, '\\.$', ''),
         case when column_name <> '' and strpos(message, format('"%s"', column_name)) = 0 then format(' (column "%s")', column_name) else '' end,
         case when detail <> '' then ' ' || detail else '' end)`;

/** Tries the rows by the function that `judging` makes; those that are refused are set aside. */
export const judgedSteps: readonly Step[] = [
  { sql: `truncate ${JUDGED}` },
  { sql: `insert into ${JUDGED} select * from pg_temp.runner_judge()` },
  {
    sql: `
  insert into ${REFUSED} (n, code, message)
  select row_number, coalesce(${literal(JSON.stringify(CONDITIONS))}::jsonb ->> state, 'sqlstate_' || lower(state)), ${MESSAGE}
    from ${JUDGED} where state is not null`,
  },
  {
    sql: `delete from ${STAGE} where ${NUMBER} in (select row_number from ${JUDGED} where state is not null)`,
  },
];

/** How many of them were done and how many refused. */
export const DONE = `
  select min(row_number) filter (where state is null) as done, count(state)::integer as refused from ${JUDGED}`;
