import type { Session } from "./session.ts";
import type { Finding } from "./tally.ts";

/** Writes findings of a flow into `runner.finding`, inside the session's transaction. */
export const storeFindings = async (
  session: Session,
  { run, flow }: { run: string; flow: string },
  findings: readonly Finding[],
): Promise<void> => {
  if (findings.length === 0) return;
  const values = (name: keyof Finding) => findings.map((finding) => finding[name]);
  await session.query(WRITE_FINDINGS, [
    run,
    flow,
    values("kind"),
    values("key"),
    values("label"),
    values("column"),
    values("old"),
    values("new"),
  ]);
};

const WRITE_FINDINGS = `
insert into runner.finding (run, flow, kind, key, label, column_name, old, new)
select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`;
