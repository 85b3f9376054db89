/** Connections that read much at once, into memory that goes round. */

import type { OnReadOpts, Socket } from "node:net";
import type { buildConnector } from "undici";

/**
 * So much is read at once. Node's own 64 kB mean 15,000 pieces per GB, each in memory of its own; half as much
 * as here, and the other end waits for us so often that a download takes a tenth longer.
 */
const SLOT_BYTES = 1024 * 1024;
/** What is left of a slot is read into as long as it is more than this. */
const LEAST_BYTES = 256 * 1024;

/** A piece of memory, and what follows it in the order in which a connection was read. */
interface Slot {
  readonly memory: Buffer;
  readonly round: Round;
}

const slots = new WeakMap<ArrayBufferLike, Slot>();

/**
 * Says that a piece of a body, and all before it, will not be looked at again, so that its memory may be read
 * into. Who does not say so just makes the connection take fresh memory.
 */
export const giveBack = (piece: Uint8Array): void => {
  const slot = slots.get(piece.buffer);
  slot?.round.giveBack(slot);
};

/** undici's connector, with sockets that read so. */
export const wideConnector =
  (build: typeof buildConnector, timeoutMs: number): buildConnector.connector =>
  (options, callback) => {
    const round = new Round();
    const onread: OnReadOpts = {
      buffer: () => round.next(),
      callback(this: Socket, bytes, memory) {
        round.filled(bytes);
        return this.push(memory.subarray(0, bytes));
      },
    };
    // What an HTTP/2 connection reads is not its socket's.
    return build({ onread, allowH2: false, timeout: timeoutMs })(options, callback);
  };

/** The memory of one connection: slots that are in use, oldest first, and slots that are free. */
class Round {
  readonly #used: Slot[] = [];
  readonly #free: Slot[] = [];
  /** How much of the last slot in use is filled. */
  #bytes = SLOT_BYTES;

  next(): Buffer {
    if (SLOT_BYTES - this.#bytes < LEAST_BYTES) this.#begin();
    return (this.#used.at(-1) as Slot).memory.subarray(this.#bytes);
  }

  filled(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Pieces come in order: what was read before this slot is done with. */
  giveBack(slot: Slot): void {
    while (this.#used.includes(slot) && this.#used[0] !== slot) {
      this.#free.push(this.#used.shift() as Slot);
    }
  }

  #begin(): void {
    let slot = this.#free.pop();
    if (slot === undefined) {
      slot = { memory: Buffer.allocUnsafeSlow(SLOT_BYTES), round: this };
      slots.set(slot.memory.buffer, slot);
    }
    this.#used.push(slot);
    this.#bytes = 0;
  }
}
