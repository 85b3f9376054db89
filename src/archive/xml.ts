import { SaxesParser } from "saxes";
import { xmlDoctype, xmlInvalid } from "../core/errors.ts";

/** An element without its namespace prefix. */
export interface Element {
  readonly name: string;
  /** Attributes by name without prefix. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  /** All text inside, that of children included. */
  text: string;
}

/**
 * Parses a small XML file into elements. A DOCTYPE is refused: it is where entity bombs and files of
 * this machine come in.
 *
 * Malformed XML throws with line and column; with `tolerant`, what was read before it is given, and the
 * error beside it.
 */
export const parseXml = (
  bytes: Buffer,
  file: string,
  { tolerant = false } = {},
): { root: Element | undefined; problem: Error | undefined } => {
  const parser = new SaxesParser({ fileName: "" });
  const stack: Element[] = [];
  let root: Element | undefined;
  parser.on("doctype", () => {
    throw xmlDoctype(file);
  });
  parser.on("error", (error) => {
    throw xmlInvalid(file, error.message);
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element: Element = {
      name: withoutPrefix(name),
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [withoutPrefix(key), value]),
      ),
      children: [],
      text: "",
    };
    stack.at(-1)?.children.push(element);
    root ??= element;
    stack.push(element);
  });
  const addText = (text: string) => {
    for (const element of stack) element.text += text;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    stack.pop();
  });
  try {
    parser.write(decoded(bytes)).close();
  } catch (error) {
    if (!tolerant) throw error;
    return { root, problem: error as Error };
  }
  return { root, problem: undefined };
};

const withoutPrefix = (name: string): string => name.slice(name.indexOf(":") + 1);

/** By byte order mark, else by the XML declaration, else UTF-8. */
const decoded = (bytes: Buffer): string => {
  const declared = /^<\?xml[^>]*\bencoding=["']([A-Za-z0-9._-]+)["']/.exec(
    bytes.toString("latin1", 0, 200),
  );
  const mark = bytes.length > 1 ? bytes.readUInt16BE(0) : 0;
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : declared?.[1];
  try {
    return new TextDecoder(encoding ?? "utf-8").decode(bytes);
  } catch {
    return bytes.toString("utf8");
  }
};
