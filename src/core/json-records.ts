import { createReadStream, type ReadStream } from "node:fs";
import { Readable } from "node:stream";
import { asValidUtf8 } from "./encoding.ts";
import { jsonInvalid, jsonNoArray, RunnerError } from "./errors.ts";

/** A number as it was written: `1.10` and large integers survive. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonValue = string | boolean | null | JsonNumber | JsonValue[] | Map<string, JsonValue>;

/** A record with its place in the file, and the bytes of the file that are read by then. */
export interface JsonRecord {
  readonly place: string;
  readonly value: JsonValue;
  /** The line that it is, if it is one. */
  readonly line?: string;
  readonly bytesRead: number;
}

/** A value of a column: text as it is, numbers as written, objects and arrays as JSON. */
export const jsonText = (value: JsonValue | undefined): string | null => {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  return toJson(value);
};

/** JSON text of a value, without a change to its numbers. */
export const toJson = (value: JsonValue): string => {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (value instanceof Map) {
    const members = [...value].map(([key, member]) => `${JSON.stringify(key)}:${toJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
};

/** One record per line: `name:line`. */
export async function* lineRecords(
  path: string,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<JsonRecord> {
  const stream = createReadStream(path, { signal });
  let number = 0;
  try {
    for await (const line of linesOf(utf8Of(stream, name))) {
      number++;
      if (line.trim() === "") continue;
      const place = `${name}:${number}`;
      yield { place, value: parseLine(line, place), line, bytesRead: stream.bytesRead };
    }
  } finally {
    stream.destroy();
  }
}

/** What cannot be UTF-8 ends it: `readline` and parsers put U+FFFD in its place, and say nothing. */
async function* utf8Of(stream: ReadStream, name: string): AsyncGenerator<Buffer> {
  try {
    yield* asValidUtf8(stream, { encoding: "utf-8", name });
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    throw jsonInvalid(within(stream, name), "it is not valid UTF-8", error);
  }
}

const within = ({ bytesRead }: ReadStream, name: string): string =>
  `${name}, within its first ${bytesRead} bytes,`;

/** Lines that end in a line feed: for `readline`, U+2028 ends one too, which JSON may have inside a value. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let pieces: string[] = [];
  for await (const chunk of chunks) {
    const [first = "", ...others] = chunk.toString("utf8").split("\n");
    pieces.push(first);
    for (const other of others) {
      yield pieces.join("");
      pieces = [other];
    }
  }
  if (pieces.length > 0) yield pieces.join("");
}

const parseLine = (text: string, place: string): JsonValue => {
  try {
    return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw jsonInvalid(place, (error as Error).message, error);
  }
};

/** Bottom up: numbers by their source text, objects as maps. */
const reviver = (_key: string, value: unknown, context: { source?: string }): unknown => {
  if (typeof value === "number") return new JsonNumber(context.source ?? String(value));
  const isObject = typeof value === "object" && value !== null;
  if (!isObject || Array.isArray(value) || value instanceof JsonNumber) return value;
  return value instanceof Map ? value : new Map(Object.entries(value));
};

interface Token {
  readonly name: string;
  readonly value?: string;
}

/** The items of the array at a path (`[]` for the file itself), in constant memory: `name#1`, `name#2` … */
export async function* arrayRecords(
  path: string,
  name: string,
  { at, signal }: { at: readonly string[]; signal: AbortSignal },
): AsyncGenerator<JsonRecord> {
  const { default: parser } = await import("stream-json");
  const stream = createReadStream(path, { signal });
  const tokens = parser({ streamValues: false });
  const text = Readable.from(utf8Of(stream, name));
  text.on("error", (error) => tokens.destroy(error));
  text.pipe(tokens);
  let count = 0;
  let isFound = false;
  try {
    const walk = new ItemWalk(at);
    for await (const token of tokens as AsyncIterable<Token>) {
      const value = walk.take(token);
      isFound ||= walk.isInside;
      if (value === undefined) continue;
      count++;
      yield { place: `${name}#${count}`, value, bytesRead: stream.bytesRead };
    }
  } catch (error) {
    signal.throwIfAborted();
    const isOther = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (isOther || error instanceof RunnerError) throw error;
    throw jsonInvalid(within(stream, name), (error as Error).message, error);
  } finally {
    text.destroy();
    stream.destroy();
    tokens.destroy();
  }
  if (!isFound) throw jsonNoArray(name, at.join("."));
}

/** Follows tokens down to an array and assembles its items. */
class ItemWalk {
  readonly #at: readonly string[];
  /** Keys of the objects that are open outside the array; null in an array. */
  readonly #keys: (string | null)[] = [];
  /** Arrays and maps that are open inside an item. */
  #open: (JsonValue[] | Map<string, JsonValue>)[] = [];
  #memberKeys: string[] = [];
  #depth = 0;
  isInside = false;

  constructor(at: readonly string[]) {
    this.#at = at;
  }

  /** An item when the token ends one. */
  take(token: Token): JsonValue | undefined {
    return this.isInside ? this.#inside(token) : this.#outside(token);
  }

  #outside({ name, value }: Token): undefined {
    if (name === "keyValue") this.#keys[this.#depth - 1] = value ?? "";
    else if (name === "startArray" && this.#isAtArray()) this.isInside = true;
    else if (name === "startObject" || name === "startArray") this.#keys[this.#depth++] = null;
    else if (name === "endObject" || name === "endArray") {
      this.#depth--;
      this.#keys.length = this.#depth;
    }
    return undefined;
  }

  #isAtArray(): boolean {
    return (
      this.#depth === this.#at.length && this.#at.every((key, index) => this.#keys[index] === key)
    );
  }

  #inside({ name, value = "" }: Token): JsonValue | undefined {
    switch (name) {
      case "startObject":
        this.#open.push(new Map());
        return undefined;
      case "startArray":
        this.#open.push([]);
        return undefined;
      case "keyValue":
        this.#memberKeys.push(value);
        return undefined;
      case "endArray":
        if (this.#open.length > 0) return this.#close();
        this.isInside = false;
        return undefined;
      case "endObject":
        return this.#close();
      case "stringValue":
        return this.#put(value);
      case "numberValue":
        return this.#put(new JsonNumber(value));
      case "nullValue":
        return this.#put(null);
      default:
        return this.#put(name === "trueValue");
    }
  }

  #close(): JsonValue | undefined {
    return this.#put(this.#open.pop() as JsonValue);
  }

  #put(value: JsonValue): JsonValue | undefined {
    const parent = this.#open.at(-1);
    if (parent === undefined) return value;
    if (Array.isArray(parent)) parent.push(value);
    else parent.set(this.#memberKeys.pop() ?? "", value);
    return undefined;
  }
}
