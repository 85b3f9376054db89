import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Reject } from "../../src/core/batch.ts";
import { type DateParts, firstMoment, lastMoment, periodOf } from "../../src/geonature/period.ts";
import { type Random, randomFrom } from "../support/random.ts";

const TODAY = "2026-11-24";
const NO_PARTS: DateParts = { year: null, month: null, day: null };

/** The first and last moment, or the code of the reject. */
const read = (text: string | null, parts = NO_PARTS, today = TODAY): [string, string] | string => {
  const period = periodOf(text, parts, today);
  if (period instanceof Reject) return period.code;
  return [firstMoment(period) ?? "", lastMoment(period) ?? ""];
};

const padded = (value: number, digits = 2) => String(value).padStart(digits, "0");

/** The calendar as JavaScript has it, which the code under test does not use. */
const daysIn = (year: number, month: number): number => {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
};

interface Written {
  readonly text: string;
  readonly first: string;
  readonly last: string;
}

/** Every form in which GBIF has ever written a date. */
const FORMS: Readonly<
  Record<string, (random: Random, year: number, month: number, day: number) => Written>
> = {
  year: (_, year) => ({
    text: padded(year, 4),
    first: `${padded(year, 4)}-01-01`,
    last: `${padded(year, 4)}-12-31`,
  }),
  month: (_, year, month) => {
    const text = `${padded(year, 4)}-${padded(month)}`;
    return { text, first: `${text}-01`, last: `${text}-${daysIn(year, month)}` };
  },
  day: (_, year, month, day) => {
    const text = `${padded(year, 4)}-${padded(month)}-${padded(day)}`;
    return { text, first: text, last: text };
  },
  minutes: (random, ...date) => moment(date, random, (h, m) => [`${h}:${m}`, `${h}:${m}:00`]),
  seconds: (random, ...date) =>
    moment(date, random, (h, m, s) => [`${h}:${m}:${s}`, `${h}:${m}:${s}`]),
  milliseconds: (random, ...date) =>
    moment(date, random, (h, m, s) => [`${h}:${m}:${s}.250`, `${h}:${m}:${s}.250`]),
  utc: (random, ...date) =>
    moment(date, random, (h, m, s) => [`${h}:${m}:${s}Z`, `${h}:${m}:${s}`]),
  offset: (random, ...date) =>
    moment(date, random, (h, m, s) => [`${h}:${m}:${s}+02:00`, `${h}:${m}:${s}`]),
};

const moment = (
  [year, month, day]: readonly [number, number, number],
  random: Random,
  time: (hour: string, minute: string, second: string) => readonly [string, string],
): Written => {
  const date = `${padded(year, 4)}-${padded(month)}-${padded(day)}`;
  const [written, kept] = time(padded(random(24)), padded(random(60)), padded(random(60)));
  return { text: `${date}T${written}`, first: `${date} ${kept}`, last: `${date} ${kept}` };
};

const randomDate = (random: Random): [number, number, number] => {
  const year = 1700 + random(326);
  // Every other date is at the end of a February: that is where calendars go wrong.
  const month = random(2) === 0 ? 2 : 1 + random(12);
  const last = daysIn(year, month);
  return [year, month, month === 2 ? last : 1 + random(last)];
};

describe("the period of an observation", () => {
  for (const [form, write] of Object.entries(FORMS)) {
    test(`a date written as ${form} is that, in leap years too`, () => {
      const random = randomFrom(7);
      for (let round = 0; round < 2000; round++) {
        const { text, first, last } = write(random, ...randomDate(random));
        assert.deepEqual(read(text), [first, last], text);
      }
    });
  }

  test("an interval of any two forms is from the first of one to the last of the other, or inverted", () => {
    const random = randomFrom(11);
    const forms = Object.values(FORMS);
    for (let round = 0; round < 10_000; round++) {
      const [a, b] = [0, 1].map(() =>
        (forms[random(forms.length)] ?? FORMS.day)?.(random, ...randomDate(random)),
      );
      assert.ok(a && b);
      // Both ends on one day with and without a time are core/dates' own business.
      if (a.first.slice(0, 10) === b.last.slice(0, 10)) continue;
      const expected =
        a.first.slice(0, 10) > b.last.slice(0, 10) ? "date_inverted" : [a.first, b.last];
      assert.deepEqual(read(`${a.text}/${b.text}`), expected, `${a.text}/${b.text}`);
    }
  });

  test("year, month and day tell the same as the date in one text, padded or not", () => {
    const random = randomFrom(13);
    for (let round = 0; round < 2000; round++) {
      const [year, month, day] = randomDate(random);
      const parts = { year: String(year), month: String(month), day: String(day) };
      const text = FORMS.day?.(random, year, month, day).text ?? "";
      assert.deepEqual(read(null, parts), read(text));
      assert.deepEqual(read(null, { ...parts, month: padded(month), day: `${day}.0` }), read(text));
      assert.deepEqual(read(null, { ...parts, day: null }), read(text.slice(0, 7)));
      assert.deepEqual(read(null, { ...parts, month: null, day: null }), read(text.slice(0, 4)));
    }
  });

  test("a date that the parts make more than a day was padded by an old archive", () => {
    const year = { year: "1979", month: null, day: null };
    assert.deepEqual(read("1979-01-01T00:00:00", year), ["1979-01-01", "1979-12-31"]);
    assert.deepEqual(read("1979-06-01T00:00Z", { ...year, month: "6" }), [
      "1979-06-01",
      "1979-06-30",
    ]);
    const day = { year: "1979", month: "1", day: "1" };
    assert.deepEqual(read("1979-01-01T00:00:00", day), [
      "1979-01-01 00:00:00",
      "1979-01-01 00:00:00",
    ]);
    assert.deepEqual(read("1979-01-01T08:00:00", year), [
      "1979-01-01 08:00:00",
      "1979-01-01 08:00:00",
    ]);
  });

  test("the present day, month and year are no future, the next ones are", () => {
    assert.deepEqual(read("2026-11-24T23:59"), ["2026-11-24 23:59:00", "2026-11-24 23:59:00"]);
    assert.deepEqual(read("2026-11"), ["2026-11-01", "2026-11-30"]);
    assert.deepEqual(read("2026"), ["2026-01-01", "2026-12-31"]);
    for (const text of ["2026-11-25", "2026-12", "2027", "2026-11-24/2026-11-25", "2020/2027"]) {
      assert.equal(read(text), "date_future", text);
    }
  });

  test("before 1900 is fine, no date and no date at all are told apart", () => {
    assert.deepEqual(read("1758-01-01"), ["1758-01-01", "1758-01-01"]);
    assert.equal(read("spring"), "bad_date");
    assert.equal(read(null), "date_missing");
    assert.equal(read(null, { year: "1980", month: "13", day: null }), "bad_date");
    assert.equal(read(null, { year: "1981", month: "2", day: "29" }), "bad_date");
  });
});
