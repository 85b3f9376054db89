/** The way of rejects from the run's file into the database. */

import { CopyWriter } from "./copy-writer.ts";
import type { RejectFile, Stretch } from "./reject-file.ts";
import type { Session } from "./session.ts";
import { viewOf } from "./words.ts";

/** Copies parts of the file into `runner.reject`, inside the session's transaction. */
export const storeRejects = async (
  session: Session,
  file: RejectFile,
  { run, flow, stretches }: { run: string; flow: string; stretches: readonly Stretch[] },
): Promise<void> => {
  // Most transactions have none: for those, no memory is taken.
  if (stretches.every(({ start, end }) => start === end)) return;
  const copies = copiesOf(session, COPY_REJECTS);
  try {
    for (const stretch of stretches) {
      for (const reject of file.between(stretch)) {
        const { code, message, place, record, id, fields } = reject;
        const all = [run, flow, code, message, place, record, id];
        for (const value of all) copies.writer.text(withoutNul(value));
        const values = fields === null ? NONE : withoutJsonNul(fields);
        copies.writer.bytes(viewOf(values), 0, values.length);
        copies.writer.endRow();
        if (copies.writer.sizeBytes > COPY_BYTES) await copies.send();
      }
    }
    if (copies.writer.sizeBytes > 0) await copies.send();
  } finally {
    await copies.sent();
  }
};

const COPY_BYTES = 1024 * 1024;

/** Two writers in turn: while the server takes what one holds, the other is filled. */
const copiesOf = (session: Session, sql: string) => {
  let [writer, other] = [new CopyWriter(COPY_BYTES), new CopyWriter(COPY_BYTES)];
  let sending: Promise<unknown> = Promise.resolve();
  return {
    get writer() {
      return writer;
    },
    async send() {
      await sending;
      sending = session.copyIn(sql, writer.data);
      // Whoever waits for it is told; until then it is nobody's unhandled failure.
      sending.catch(() => undefined);
      [writer, other] = [other, writer];
      writer.clear();
    },
    sent: () => sending,
  };
};

const NONE = Buffer.alloc(0);

const COPY_REJECTS =
  "copy runner.reject (run, flow, code, message, place, record, id, fields) from stdin";

/** A record with a NUL was rejected for it; it must not stop the account of that. */
const withoutNul = <T>(value: T): T =>
  (typeof value === "string" ? value.replaceAll("\0", "\u2400") : value) as T;

/** The same for JSON, where a NUL is written `\u0000` and a backslash doubled. */
const withoutJsonNul = (json: Buffer): Buffer =>
  json.includes("\\u0000")
    ? Buffer.from(json.toString().replace(/\\(u0000|.)/g, escapedWithoutNul))
    : json;

const escapedWithoutNul = (whole: string, escaped: string): string =>
  escaped === "u0000" ? "\u2400" : whole;
