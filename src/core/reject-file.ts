import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Rejected } from "./batch.ts";

/**
 * The run's rejects as NDJSON, each written at once: a run that was rolled back still shows what it
 * refused. It is also where a commit reads its rejects from, so that they need no memory.
 */
export class RejectFile {
  readonly path: string;
  #handle: number | undefined;
  #sizeBytes = 0;

  /** The file is made at the first reject. */
  constructor(path: string) {
    this.path = path;
  }

  /** Bytes written so far: where the next reject begins. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(flow: string, rejected: readonly Rejected[]): void {
    if (rejected.length === 0) return;
    if (this.#handle === undefined) {
      mkdirSync(dirname(this.path), { recursive: true });
      // Run 1 of another database may have left one of this name: its rejects are not this run's.
      this.#handle = openSync(this.path, "w");
    }
    const lines = rejected.map(
      ({ code, message, place, raw }) =>
        `${JSON.stringify({ flow, code, message, place, record: raw })}\n`,
    );
    const text = Buffer.from(lines.join(""));
    writeSync(this.#handle, text);
    this.#sizeBytes += text.length;
  }

  /** The rejects that were appended from a position on. */
  async *since(position: number): AsyncGenerator<Rejected> {
    if (position === this.#sizeBytes) return;
    const lines = createInterface({ input: createReadStream(this.path, { start: position }) });
    for await (const line of lines) {
      const { code, message, place, record } = JSON.parse(line);
      yield { code, message, place, raw: record };
    }
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }
}
