/**
 * The dates of Darwin Core's `eventDate`: ISO 8601 as GBIF writes it, partial dates and intervals included; and
 * those of tables that people keep, with the day first.
 *
 * A date keeps the clock time that was written; an offset is dropped, as a naturalist's "11:56" is the
 * time at the place. Texts are compared and cut; there is no Date, which would move days between zones.
 */

/** First and last moment of a date, as PostgreSQL reads them: `2024-02-29` or `2024-02-29 11:56:00`. */
export interface Period {
  readonly min: string;
  readonly max: string;
}

const FORM =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?)?)?$/;

/** What nearly all dates are: a minute or second of a day that every month has. No part of it needs a second look. */
const PLAIN_MOMENT =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?Z?$/;

/** The period that a text means; `bad_date` or `date_inverted` when it means none. */
export const parsePeriod = (text: string): Period | "bad_date" | "date_inverted" => {
  const slash = text.indexOf("/");
  if (slash < 0) return parseDate(text) ?? "bad_date";
  const start = text.slice(0, slash);
  const first = parseDate(start);
  const last = parseDate(completed(text.slice(slash + 1), start));
  if (first === undefined || last === undefined) return "bad_date";
  return joined(first.min, last.max);
};

const joined = (min: string, max: string): Period | "date_inverted" => {
  if (min.slice(0, DAY) > max.slice(0, DAY)) return "date_inverted";
  if (min.length > DAY && max.length > DAY) return min > max ? "date_inverted" : { min, max };
  // `2024-01-05T10:00/2024-01-05`: the end without a time is the end of that day, not its start.
  const isSameDay = min.slice(0, DAY) === max && min.length > DAY;
  return { min, max: isSameDay ? `${max} 23:59:59` : max };
};

/** Characters of a day. */
const DAY = 10;

/** `2007-11-13/15` means the 15th of the same month: what an end leaves out is that of the start. */
const completed = (end: string, start: string): string => {
  if (/^\d\d:\d\d/.test(end)) return `${start.slice(0, DAY)}T${end}`;
  if (/^\d\d(?:T|$)/.test(end)) {
    return (start.length >= DAY ? start.slice(0, 8) : start.slice(0, 5)) + end;
  }
  return /^\d\d-\d\d(?:T|$)/.test(end) ? start.slice(0, 5) + end : end;
};

const parseDate = (text: string): Period | undefined => {
  if (PLAIN_MOMENT.test(text)) return plainMoment(text);
  const found = FORM.exec(text);
  if (found === null) return undefined;
  const [, year = "", month, day, hour, minute, second, fraction] = found;
  if (year === "0000") return undefined;
  if (month === undefined) return { min: `${year}-01-01`, max: `${year}-12-31` };
  const days = daysIn(Number(year), Number(month));
  if (days === 0) return undefined;
  if (day === undefined) return { min: `${year}-${month}-01`, max: `${year}-${month}-${days}` };
  if (day < "01" || Number(day) > days) return undefined;
  const date = `${year}-${month}-${day}`;
  if (hour === undefined) return { min: date, max: date };
  if (hour > "23" || (minute ?? "") > "59" || (second ?? "") > "59") return undefined;
  const seconds = `${second ?? "00"}${fraction ? `.${fraction.slice(0, 6)}` : ""}`;
  const moment = `${date} ${hour}:${minute}:${seconds}`;
  return { min: moment, max: moment };
};

const plainMoment = (text: string): Period => {
  const hasSeconds = text.length >= "YYYY-MM-DDTHH:MM:SS".length;
  const time = hasSeconds ? text.slice(11, 19) : `${text.slice(11, 16)}:00`;
  const moment = `${text.slice(0, DAY)} ${time}`;
  return { min: moment, max: moment };
};

/** 0 when there is no such month. */
const daysIn = (year: number, month: number): number => {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
};

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** `12/05/2023`, `13.05.2023 14:30`, `05/2023`: day and month may have one digit; the time as French people write it, too. */
const DAY_FIRST =
  /^(?:(\d{1,2})([/.-]))?(\d{1,2})([/.-])(\d{4})(?:(?:T| +)(\d{1,2})[:h](\d\d)(?::(\d\d))?)?$/;

/**
 * The period that a text with the day first means. ISO dates are read as ever: a year with four digits is
 * never a day.
 */
export const parseDayFirst = (text: string): Period | "bad_date" | "date_inverted" => {
  const found = DAY_FIRST.exec(text);
  if (found === null) return parsePeriod(text);
  const [, day, before, month = "", after, year, hour, minute, second] = found;
  if (day === undefined) return hour ? "bad_date" : parsePeriod(`${year}-${two(month)}`);
  if (before !== after) return "bad_date";
  const time = hour ? `T${two(hour)}:${minute}${second ? `:${second}` : ""}` : "";
  return parsePeriod(`${year}-${two(month)}-${two(day)}${time}`);
};

const two = (digits: string): string => digits.padStart(2, "0");
