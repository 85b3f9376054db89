import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ColumnGuess, isFew, typeOf } from "../../src/guess/column-guess.ts";

const guessed = (...values: (string | null)[]) => {
  const guess = new ColumnGuess("a");
  for (const value of values) guess.add(value);
  return guess.result;
};

describe("the guessed type", () => {
  test("is the narrowest that takes all values", () => {
    assert.equal(typeOf(["1", "-20", null]), "integer");
    assert.equal(typeOf(["1", "4011223344"]), "bigint");
    assert.equal(typeOf(["1", "1.0E7", "31447.0"]), "numeric");
    assert.equal(typeOf(["true", "FALSE"]), "boolean");
    assert.equal(typeOf(["0B1F2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D"]), "uuid");
    assert.equal(typeOf(["2024-02-29"]), "date");
    assert.equal(typeOf(["2024-02-29", "2024-02-29T10:30"]), "timestamp");
    assert.equal(typeOf(["2024-02-29T10:30:00.5Z", "2024-02-29 10:30+02:00"]), "timestamptz");
  });

  test("is text for what a narrower type would change or refuse", () => {
    assert.equal(typeOf(["007", "12"]), "text");
    assert.equal(typeOf(["1234567890123456789012"]), "numeric");
    assert.equal(typeOf(["2023-02-29"]), "text");
    assert.equal(typeOf(["2024-02-29T10:30Z", "2024-02-29T10:30"]), "text");
    assert.equal(typeOf(["1", "x"]), "text");
    assert.equal(typeOf([null, null]), "text");
  });
});

test("a number with spaces around it is one, and the odd value is told; exactly these values are text", () => {
  const { type, odd, isUnique } = guessed("12", "13 ", "13");
  assert.deepEqual([type, odd, isUnique], ["integer", "13 ", false]);
  assert.deepEqual([guessed("12", "13a").type, guessed("12", "13 ", "13a").odd], ["text", "13a"]);
  assert.equal(guessed("12", "13").odd, undefined);
  assert.equal(typeOf(["12", "13 "]), "text");
});

test("a few values that are no number are told where they make text of a column of numbers", () => {
  const numbers = Array.from({ length: 9 }, (_, index) => `${100 + index}`);
  assert.deepEqual(guessed("env. 300", ...numbers, " 7 ").noNumbers, {
    count: 1,
    first: "env. 300",
  });
  assert.equal(guessed(...numbers, "a", "b", "c").noNumbers, undefined);
  assert.equal(guessed(...numbers).noNumbers, undefined);
  const years = ["2022-03-01", "2022-04-01", "2019", "2020", "2021"];
  assert.equal(guessed(...years).noNumbers, undefined);
});

test("a few values that are no date are told, and so are those that are there twice; many are the rule", () => {
  const days = Array.from({ length: 9 }, (_, index) => `0${index + 1}/03/2024`);
  assert.deepEqual(guessed(...days, "soon").noDates, { count: 1, first: "soon" });
  assert.equal(guessed(...days, "soon").isDates, true);
  assert.equal(guessed(...days).noDates, undefined);
  assert.equal(guessed(...days, "a", "b", "c").isDates, false);
  assert.equal(guessed("1879", "1901", "soon").noDates, undefined);
  assert.deepEqual(guessed(...days, "01/03/2024", null).repeated, {
    count: 1,
    first: "01/03/2024",
  });
  assert.equal(isFew(1, 3), true);
  assert.deepEqual([isFew(1, 2), isFew(2, 9), isFew(2, 10)], [false, false, true]);
});

test("dates are those that parse_dates reads, a few bad ones among them; years alone are numbers", () => {
  const good = Array.from({ length: 30 }, (_, index) => `2022-03-${10 + (index % 20)}`);
  assert.equal(guessed(...good, "2022-03/2022-05", "1879", "soon").isDates, true);
  assert.equal(guessed("2022-03-01", "soon").isDates, false);
  assert.equal(guessed("1879", "1901").isDates, false);
  assert.equal(guessed(null).isDates, false);
});

test("a column is unique when each record has a value and no two the same", () => {
  assert.equal(guessed("a", "b").isUnique, true);
  assert.equal(guessed("a", "a").isUnique, false);
  assert.equal(guessed("a", null).isUnique, false);
  assert.equal(guessed().isUnique, false);
});

test("examples are the first different values", () => {
  assert.deepEqual(guessed("a", "a", null, "b", "c", "d").examples, ["a", "b", "c"]);
});

test("dates with the day first are told from those of Darwin Core, and from those with the month first", () => {
  const { isDates, isDayFirst, type } = guessed("12/05/2023", "13.05.2023 14:30", "2023-05-12");
  assert.deepEqual([isDates, isDayFirst, type], [true, true, "text"]);
  assert.equal(guessed("05/13/2023", "12/05/2023").isDates, false);
  assert.equal(guessed("2023-05-12").isDayFirst, false);
  assert.equal(guessed("12/05").isDates, false);
});

test("a column of numbers has a decimal comma, or spaces, where some do and few others are no numbers", () => {
  const many = Array.from({ length: 20 }, (_, row) => `4${row},86`);
  assert.equal(guessed(...many, "4,8x24").hasDecimalComma, true);
  const five = ["a", "b", "c", "d", "4,8x24"];
  assert.deepEqual(guessed(...many, ...five).noNumbers, { count: 5, first: "a" });
  assert.equal(guessed(...many, ...five).hasDecimalComma, true);
  assert.equal(guessed(...many, ...five, "f").hasDecimalComma, false);
  for (const text of ["1 234", "1\u00a0234,5", "-12\u202f345\u202f678", "1 234.5"]) {
    assert.equal(guessed(text, "3").hasDecimalComma, true, text);
  }
  for (const text of ["12 34", "0 123", "1  234"]) {
    assert.equal(guessed(text, "3").hasDecimalComma, false, text);
  }
  assert.equal(guessed("48,86", "2.5", "-3", null).hasDecimalComma, true);
  assert.equal(guessed("48,86", "2,5 m").hasDecimalComma, false);
  assert.equal(guessed("48.86", "2").hasDecimalComma, false);
  assert.equal(guessed("01,5").hasDecimalComma, false);
  assert.equal(guessed("1,2,3").hasDecimalComma, false);
});
