import type { Input } from "./batch.ts";
import { lineTooLong } from "./errors.ts";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** No line of real data is longer; a longer one means that the file is not what it is taken for. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Cuts chunks so that each holds whole lines; a last line without an end gets one.
 *
 * Only a line that two chunks share is copied, into a buffer of its own: the rest of a chunk is passed
 * on as a view.
 */
export async function* wholeLines(
  chunks: AsyncIterable<Buffer>,
  input: Input,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    const begin = restBytes > 0 ? chunk.indexOf(NEWLINE) + 1 : 0;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    // A copy, so that the few bytes of the rest do not keep the chunk; made now, as whoever has used the
    // lines may give the chunk's memory back.
    const tail = Buffer.from(chunk.subarray(end));
    if (begin > 0) yield Buffer.concat([...rest, chunk.subarray(0, begin)]);
    if (end > begin) yield chunk.subarray(begin, end);
    if (end > 0) {
      rest = [];
      restBytes = 0;
    }
    rest.push(tail);
    restBytes += tail.length;
    if (restBytes > MAX_LINE_BYTES) throw lineTooLong(input.name, MAX_LINE_BYTES);
  }
  if (restBytes > 0) yield Buffer.concat([...rest, Buffer.of(NEWLINE)]);
}

/**
 * Takes the first `count` lines off, as text without their ends, and passes on what follows.
 * Fewer lines are given when the input has no more.
 */
export const takeLines = async (
  lines: AsyncGenerator<Buffer>,
  count: number,
): Promise<{ header: string[]; rest: AsyncGenerator<Buffer> }> => {
  const header: string[] = [];
  let remaining: Buffer | undefined;
  while (header.length < count) {
    if (!remaining?.length) {
      const next = await lines.next();
      if (next.done) break;
      remaining = next.value;
    }
    const end = remaining.indexOf(NEWLINE);
    header.push(lineText(remaining, 0, end));
    remaining = remaining.subarray(end + 1);
  }
  async function* rest(): AsyncGenerator<Buffer> {
    try {
      if (remaining?.length) yield remaining;
      yield* lines;
    } finally {
      // Whoever stops before the lines were begun must close them too.
      await lines.return(undefined);
    }
  }
  return { header, rest: rest() };
};

/** A line as text, without its end. */
export const lineText = (bytes: Buffer, start: number, end: number): string =>
  bytes.toString("utf8", start, bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
