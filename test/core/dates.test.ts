import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDayFirst, parsePeriod } from "../../src/core/dates.ts";
import { randomFrom } from "../support/random.ts";

const period = (min: string, max = min) => ({ min, max });

/** Days of a month by asking the calendar. */
const slowDays = (year: number, month: number): number => {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
};

const padded = (value: number, width = 2): string => String(value).padStart(width, "0");

describe("parsePeriod", () => {
  const forms: [string, ReturnType<typeof parsePeriod>][] = [
    ["1879", period("1879-01-01", "1879-12-31")],
    ["1879-10", period("1879-10-01", "1879-10-31")],
    ["1879-10-05", period("1879-10-05")],
    ["2022-02-04T11:56", period("2022-02-04 11:56:00")],
    ["2022-02-04T11:56:07", period("2022-02-04 11:56:07")],
    ["2022-02-04T11:56:07.123", period("2022-02-04 11:56:07.123")],
    ["2022-02-04T11:56:07.123456789Z", period("2022-02-04 11:56:07.123456")],
    ["2022-02-04T23:56:07-07:00", period("2022-02-04 23:56:07")],
    ["2022-02-04T23:56+0530", period("2022-02-04 23:56:00")],
    ["2022-02-04T23:56+02", period("2022-02-04 23:56:00")],
    ["1996-01-26T00:00:00", period("1996-01-26 00:00:00")],
    ["2007-11-13/2007-11-15", period("2007-11-13", "2007-11-15")],
    ["2007-11-13/15", period("2007-11-13", "2007-11-15")],
    ["2007-03-01/05-11", period("2007-03-01", "2007-05-11")],
    ["2007-11/12", period("2007-11-01", "2007-12-31")],
    ["2007/2008-02", period("2007-01-01", "2008-02-29")],
    ["2007-11-13T10:00/12:30", period("2007-11-13 10:00:00", "2007-11-13 12:30:00")],
    [
      "2007-11-13T10:00:00/2007-11-14T09:00:00",
      period("2007-11-13 10:00:00", "2007-11-14 09:00:00"),
    ],
    ["2007-11-13T10:00/2007-11-13", period("2007-11-13 10:00:00", "2007-11-13 23:59:59")],
    ["2007-11-13/2007-11-13T10:00", period("2007-11-13", "2007-11-13 10:00:00")],
    ["2007-11-15/2007-11-13", "date_inverted"],
    ["2007-11-13T12:00/10:00", "date_inverted"],
    ["", "bad_date"],
    ["0000", "bad_date"],
    ["2021-13", "bad_date"],
    ["2021-00-01", "bad_date"],
    ["2021-04-31", "bad_date"],
    ["2021-02-29", "bad_date"],
    ["1900-02-29", "bad_date"],
    ["2021-04-00", "bad_date"],
    ["2021-04-01T24:00", "bad_date"],
    ["2021-04-01T10:60", "bad_date"],
    ["2021-4-1", "bad_date"],
    ["01/04/2021", "bad_date"],
    ["2021-04-01/", "bad_date"],
    ["/2021-04-01", "bad_date"],
    ["2021/2022/2023", "bad_date"],
    ["summer 1998", "bad_date"],
    ["[19--]", "bad_date"],
    [" 2021", "bad_date"],
  ];
  for (const [text, expected] of forms) {
    test(`${JSON.stringify(text)} is ${typeof expected === "string" ? expected : `${expected.min} to ${expected.max}`}`, () => {
      assert.deepEqual(parsePeriod(text), expected);
    });
  }

  test("every day of 400 years, and no other, is a date, as the calendar has it", () => {
    for (let year = 1700; year < 2100; year++) {
      for (let month = 1; month <= 12; month++) {
        const last = slowDays(year, month);
        const text = `${year}-${padded(month)}`;
        assert.deepEqual(parsePeriod(text), period(`${text}-01`, `${text}-${last}`));
        for (let day = 28; day <= 32; day++) {
          const date = `${text}-${padded(day)}`;
          assert.deepEqual(parsePeriod(date), day <= last ? period(date) : "bad_date");
        }
      }
    }
  });

  test("an interval of random dates begins with the first and ends with the last, or is inverted", () => {
    const random = randomFrom(3);
    const date = () => {
      const year = 1800 + random(250);
      const month = 1 + random(12);
      const parts = [
        padded(year, 4),
        padded(month),
        padded(1 + random(slowDays(year, month))),
      ].slice(0, 1 + random(3));
      return parts.join("-");
    };
    for (let round = 0; round < 5000; round++) {
      const [a, b] = [date(), date()];
      // An end such as `1900-01` may not be cut: only whole ones are compared here.
      const first = parsePeriod(a) as { min: string };
      const last = parsePeriod(b) as { max: string };
      const expected = first.min > last.max ? "date_inverted" : { min: first.min, max: last.max };
      assert.deepEqual(parsePeriod(`${a}/${b}`), expected, `${a}/${b}`);
    }
  });
});

describe("parseDayFirst", () => {
  test("reads every day around the ends of months as the calendar has it, however it is written", () => {
    const random = randomFrom(5);
    for (let round = 0; round < 20_000; round++) {
      const [year, month, day] = [1700 + random(400), random(14), random(33)];
      const separator = "/.-"[random(3)] ?? "/";
      const width = 1 + random(2);
      const text = [padded(day, width), padded(month, width), year].join(separator);
      const isThere = month >= 1 && month <= 12 && day >= 1 && day <= slowDays(year, month);
      const date = `${year}-${padded(month)}-${padded(day)}`;
      assert.deepEqual(parseDayFirst(text), isThere ? period(date) : "bad_date", text);
      const [hour, minute] = [random(26), random(70)];
      const isTime = hour < 24 && minute < 60;
      const moment = `${text} ${padded(hour, width)}${":h"[random(2)]}${padded(minute)}`;
      const expected = period(`${date} ${padded(hour)}:${padded(minute)}:00`);
      assert.deepEqual(parseDayFirst(moment), isThere && isTime ? expected : "bad_date", moment);
    }
  });

  test("reads a month as its first and last day", () => {
    for (let month = 0; month < 14; month++) {
      const date = `2024-${padded(month)}`;
      const isThere = month >= 1 && month <= 12;
      const expected = isThere
        ? period(`${date}-01`, `${date}-${slowDays(2024, month)}`)
        : "bad_date";
      assert.deepEqual(parseDayFirst(`${padded(month)}/2024`), expected);
      assert.deepEqual(parseDayFirst(`${month}/2024`), expected);
    }
  });

  test("reads what Darwin Core allows just as without it", () => {
    for (const text of [
      "2023",
      "2023-05",
      "2023-05-12T14:30Z",
      "2007-11-13/15",
      "2007-11/12",
      "2007/2008-02",
    ]) {
      assert.deepEqual(parseDayFirst(text), parsePeriod(text), text);
      assert.equal(typeof parseDayFirst(text), "object");
    }
  });

  test("reads no year of two digits, no mixed separators, no time without a day, no interval of its own", () => {
    const none = [
      "12/05/23",
      "12/05.2023",
      "05/2023 14:30",
      "12/05/2023/13/05/2023",
      "12/05/2023 ",
      "12 mai 2023",
      "",
    ];
    for (const text of none) assert.equal(parseDayFirst(text), "bad_date", text);
  });
});
