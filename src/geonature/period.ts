import { Reject } from "../core/batch.ts";
import { type Period, parsePeriod } from "../core/dates.ts";

/** A date in the parts that GBIF has beside `eventDate`. */
export interface DateParts {
  readonly year: string | null;
  readonly month: string | null;
  readonly day: string | null;
}

/**
 * First and last moment of an observation, as `first/last`: of `eventDate`, else of year, month and day.
 *
 * `today` is a day such as `2026-11-24`. What begins after it is rejected, and so is what ends after it, unless the
 * end is that of the present month or year: `2026` is a fine date in 2026.
 */
export const periodOf = (
  eventDate: string | null,
  parts: DateParts,
  today: string,
): string | Reject => {
  const text = dateText(eventDate, parts);
  if (text === undefined) {
    return new Reject("date_missing", "`eventDate` is empty, and so is `year`.");
  }
  const period = parsePeriod(text);
  const shown = JSON.stringify(text);
  if (period === "bad_date") return new Reject(period, `The date is none: ${shown}.`);
  if (period === "date_inverted") {
    return new Reject(period, `The date ends before it begins: ${shown}.`);
  }
  if (isFuture(period, today)) {
    return new Reject("date_future", `The date lies in the future: ${shown}.`);
  }
  return `${period.min}/${period.max}`;
};

/**
 * Archives before 2024 write a full date even if only the year is known: `1980-01-01T00:00:00`, with `month` and
 * `day` empty. Then the parts tell the truth.
 */
const dateText = (eventDate: string | null, parts: DateParts): string | undefined => {
  const { year, month, day } = parts;
  if (eventDate === null) return year === null ? undefined : joinedParts(parts);
  if (day !== null || year === null) return eventDate;
  const isPadded =
    eventDate.startsWith(`${year}-${padded(month ?? "1", 2)}-01T00:00`) && !eventDate.includes("/");
  return isPadded ? joinedParts(parts) : eventDate;
};

const joinedParts = ({ year, month, day }: DateParts): string => {
  const parts = [padded(year ?? "", 4)];
  if (month !== null) parts.push(padded(month, 2));
  if (month !== null && day !== null) parts.push(padded(day, 2));
  return parts.join("-");
};

/** `7` and `7.0`, as archives of 2014 have it, are `07`. */
const padded = (text: string, digits: number): string =>
  text.replace(/\.0$/, "").padStart(digits, "0");

const isFuture = ({ min, max }: Period, today: string): boolean => {
  if (min.slice(0, 10) > today) return true;
  const last = max.slice(0, 10);
  if (last <= today) return false;
  return last !== `${today.slice(0, 4)}-12-31` && last !== lastOfMonth(today.slice(0, 7));
};

const lastOfMonth = (month: string): string => {
  const period = parsePeriod(month);
  return typeof period === "string" ? "" : period.max;
};

/** The first moment of a period that `periodOf` made. */
export const firstMoment = (period: string | null): string | null =>
  period === null ? null : period.slice(0, period.indexOf("/"));

/** The last moment of a period that `periodOf` made. */
export const lastMoment = (period: string | null): string | null =>
  period === null ? null : period.slice(period.indexOf("/") + 1);
