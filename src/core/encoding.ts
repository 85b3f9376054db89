import { TextDecoder } from "node:util";
import { encodingUnknown, notInEncoding } from "./errors.ts";

/**
 * The text in UTF-8, without a byte order mark. UTF-8 itself passes as it is: whoever splits it finds
 * the bytes that are none, line by line.
 */
export async function* asUtf8(
  chunks: AsyncIterable<Buffer>,
  { encoding, name }: { encoding: string; name: string },
): AsyncGenerator<Buffer> {
  if (/^utf-?8$/i.test(encoding)) yield* withoutMark(chunks);
  else yield* recoded(chunks, decoderFor(encoding, name), name);
}

/** The same, but UTF-8 that is not valid ends it: for readers that decode for themselves. */
export const asValidUtf8 = (
  chunks: AsyncIterable<Buffer>,
  { encoding, name }: { encoding: string; name: string },
): AsyncGenerator<Buffer> => recoded(chunks, decoderFor(encoding, name), name);

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
    if (start.length < MARK.length) continue;
    yield start.subarray(0, MARK.length).equals(MARK) ? start.subarray(MARK.length) : start;
    start = undefined;
  }
  if (start?.length) yield start;
}

async function* recoded(
  chunks: AsyncIterable<Buffer>,
  decoder: TextDecoder,
  name: string,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  const decode = (chunk?: Buffer): Buffer => {
    try {
      return Buffer.from(chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode());
    } catch (error) {
      throw notInEncoding(name, decoder.encoding, bytes, error);
    }
  };
  for await (const chunk of chunks) {
    const text = decode(chunk);
    bytes += chunk.length;
    if (text.length > 0) yield text;
  }
  const rest = decode();
  if (rest.length > 0) yield rest;
}

const decoderFor = (encoding: string, name: string): TextDecoder => {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (error) {
    throw encodingUnknown(name, encoding, error);
  }
};
