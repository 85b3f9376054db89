/**
 * Gives large buffers back as soon as they were used, instead of waiting for the garbage collector.
 *
 * Inflating makes a gigabyte of buffers that each live for milliseconds. V8 meets them with a full
 * collection every few megabytes, which takes a sixth of a load's time. Nothing depends on this: a
 * buffer that is not given back is collected as any other.
 */

interface Loan {
  /** Views that were handed out and not given back. */
  views: number;
  /** Whether its maker will write no more into it. */
  isFull: boolean;
}

const loans = new WeakMap<ArrayBuffer, Loan>();

/** Buffers of one maker, which fills its memory in order and may hand out several views on it. */
export class Lender {
  #current: ArrayBuffer | undefined;

  /** Notes a view on memory that nobody but the reader of this view and the maker uses. */
  lend(view: Buffer): void {
    const memory = view.buffer as ArrayBuffer;
    if (memory !== this.#current) {
      this.#finish();
      this.#current = memory;
    }
    const loan = loans.get(memory) ?? { views: 0, isFull: false };
    loan.views++;
    loans.set(memory, loan);
  }

  /** The maker has moved on to other memory. */
  #finish(): void {
    const loan = this.#current && loans.get(this.#current);
    if (this.#current === undefined || loan === undefined) return;
    loan.isFull = true;
    freeIfDone(this.#current, loan);
  }
}

/** Says that a view, or a part of one, is not used any more: reading it later gives nothing. */
export const giveBack = (view: Buffer): void => {
  const memory = view.buffer as ArrayBuffer;
  const loan = loans.get(memory);
  if (loan === undefined) return;
  loan.views--;
  freeIfDone(memory, loan);
};

const freeIfDone = (memory: ArrayBuffer, { views, isFull }: Loan): void => {
  if (views > 0 || !isFull) return;
  loans.delete(memory);
  // Moving the memory to an array of no length frees it at once.
  memory.transfer(0);
};
