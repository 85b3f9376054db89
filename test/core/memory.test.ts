import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { giveBack, Lender } from "../../src/core/memory.ts";

const memory = () => Buffer.from(new ArrayBuffer(1024));

describe("lent memory", () => {
  test("is freed when all views were given back and its maker has moved on, not before", () => {
    const lender = new Lender();
    const first = memory();
    const [start, end] = [first.subarray(0, 500), first.subarray(500)];
    lender.lend(start);
    giveBack(start.subarray(3));
    assert.equal(first.buffer.byteLength, 1024, "the maker may still write into it");
    lender.lend(end);
    const second = memory();
    lender.lend(second);
    assert.equal(first.buffer.byteLength, 1024, "a view is still in use");
    giveBack(end);
    assert.equal(first.buffer.byteLength, 0);
    assert.equal(second.buffer.byteLength, 1024);
  });

  test("that was given back before its maker moved on is freed when it does", () => {
    const lender = new Lender();
    const first = memory();
    lender.lend(first);
    giveBack(first);
    lender.lend(memory());
    assert.equal(first.buffer.byteLength, 0);
  });

  test("of somebody else is never touched, not even Node's own pool", () => {
    const pooled = Buffer.from("a line that two chunks share\n");
    giveBack(pooled);
    assert.equal(pooled.toString(), "a line that two chunks share\n");
  });
});
