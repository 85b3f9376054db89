import { parseDayFirst, parsePeriod } from "../core/dates.ts";
import { type LinkGuess, LinkPattern } from "./link-pattern.ts";

/** The SQL types that a column is guessed to have. */
export type GuessedType =
  | "integer"
  | "bigint"
  | "numeric"
  | "boolean"
  | "uuid"
  | "date"
  | "timestamp"
  | "timestamptz"
  | "text";

/** What the first values of a column look like. */
export interface GuessedColumn {
  readonly name: string;
  /** Records that have a value. */
  readonly filled: number;
  /** The narrowest type that took all values; `text` where there is none. */
  readonly type: GuessedType;
  /** Whether each record has a value and no two have the same. */
  readonly isUnique: boolean;
  /** Whether nearly all values are dates as `parse_dates` reads them: partial ones and intervals too. */
  readonly isDates: boolean;
  /** Whether dates have the day first: `parse_dates` then needs `day_first`. */
  readonly isDayFirst: boolean;
  /** Whether nearly all values are numbers, some with a decimal comma or spaces, which `parse_numbers` reads. */
  readonly hasDecimalComma: boolean;
  /** Links that end in a number, if most values are such. */
  readonly link: LinkGuess | undefined;
  /** The first value that is no plain number where those before it are: `"12 "`, `12a`. */
  readonly odd: string | undefined;
  /** The few values that are no number, where all others are. */
  readonly noNumbers: Few | undefined;
  /** The few that are no date, where all others are. */
  readonly noDates: Few | undefined;
  /** The values that were there before. */
  readonly repeated: Few | undefined;
  /** The first different values. */
  readonly examples: readonly string[];
}

/** So many values are not as the others, and the first of them. */
export interface Few {
  readonly count: number;
  readonly first: string;
}

/** Looks at the values of one column, one after the other. */
export class ColumnGuess {
  readonly name: string;
  #rows = 0;
  #filled = 0;
  #types: readonly GuessedType[] = NARROWEST_FIRST;
  #dates = 0;
  #dayFirst = 0;
  #hasMonths = false;
  #commas = 0;
  #odd: string | undefined;
  readonly #noNumbers = new Counted();
  readonly #noDates = new Counted();
  readonly #repeated = new Counted();
  readonly #different = new Set<string>();
  readonly #links = new LinkPattern();

  constructor(name: string) {
    this.name = name;
  }

  add(text: string | null): void {
    this.#rows++;
    if (text === null) return;
    this.#filled++;
    this.#narrow(text);
    if (DATE_LIKE.test(text) && typeof parsePeriod(text) === "object") this.#dates++;
    else if (DAY_FIRST_LIKE.test(text) && typeof parseDayFirst(text) === "object") this.#dayFirst++;
    else this.#noDates.add(text);
    if (AS_PEOPLE_WRITE.test(text) && !FITS.numeric(text)) this.#commas++;
    else if (!FITS.numeric(text.trim())) this.#noNumbers.add(text);
    this.#hasMonths ||= text[4] === "-";
    // Two keys that differ by a space are the same number.
    const bare = text.trim();
    if (this.#different.has(bare)) this.#repeated.add(bare);
    else this.#different.add(bare);
    this.#links.add(text);
  }

  #narrow(text: string): void {
    if (this.#types.every((type) => FITS[type](text))) return;
    const bare = text.trim();
    // PostgreSQL takes a number with spaces around it.
    const left = this.#types.filter((type) => FITS[type](isNumber(type) ? bare : text));
    const wasNumber = this.#filled > 1 && this.#types.some(isNumber);
    if (wasNumber && !left.some(isNumber)) this.#odd = text;
    else if (left.some(isNumber) && bare !== text) this.#odd ??= text;
    this.#types = left;
  }

  get result(): GuessedColumn {
    const [narrowest = "text"] = this.#types;
    const isDayFirst = this.#dayFirst > 0;
    const hasDates = isDayFirst || (this.#hasMonths && this.#dates > 0);
    const isDates = hasDates && isFew(this.#noDates.count, this.#filled);
    return {
      name: this.name,
      filled: this.#filled,
      type: this.#filled === 0 ? "text" : narrowest,
      isUnique: this.#rows > 0 && this.#different.size === this.#rows,
      isDates,
      isDayFirst,
      hasDecimalComma: this.#commas > 0 && isFew(this.#noNumbers.count, this.#filled),
      link: this.#links.result,
      odd: this.#odd,
      noNumbers: isDates || narrowest !== "text" ? undefined : this.#noNumbers.few(this.#filled),
      noDates: isDates ? this.#noDates.all : undefined,
      repeated: this.#repeated.all,
      examples: [...this.#different].slice(0, EXAMPLES),
    };
  }
}

/** Counts the values that are not as the others. */
class Counted {
  count = 0;
  #first: string | undefined;

  add(text: string): void {
    this.count++;
    this.#first ??= text;
  }

  get all(): Few | undefined {
    return this.#first === undefined ? undefined : { count: this.count, first: this.#first };
  }

  few(filled: number): Few | undefined {
    return isFew(this.count, filled) ? this.all : undefined;
  }
}

/** Whether so few values of a column are not as the others that people take the others for the rule. */
export const isFew = (count: number, filled: number): boolean =>
  count <= (filled >= A_FEW_ROWS ? Math.max(1, filled * FEW) : 0);

/** The type of exactly these values, so that none is changed; those that are null say nothing. */
export const typeOf = (values: Iterable<string | null>): GuessedType => {
  const guess = new ColumnGuess("");
  for (const value of values) guess.add(value);
  const { type, odd } = guess.result;
  return odd !== undefined && isNumber(type) ? "text" : type;
};

const isNumber = (type: GuessedType): boolean =>
  type === "integer" || type === "bigint" || type === "numeric";

const EXAMPLES = 3;

/** Where no more are something else, people take it for a column of the others. */
const FEW = 0.2;

/** With fewer, one value says nothing of the others. */
const A_FEW_ROWS = 3;

/** Years alone are a number; among dates with a month they are dates. */
const DATE_LIKE = /^\d{4}(-|$)/;

/** A decimal comma, spaces between thousands. A number that begins with 0 is a name, unless a fraction follows. */
const AS_PEOPLE_WRITE = /^-?(0|[1-9]\d*|[1-9]\d{0,2}([ \u00a0\u202f]\d{3})+)([.,]\d+)?$/;

const DAY_FIRST_LIKE = /^\d{1,2}[/.-]\d/;

/** A number that begins with 0 is a name, and would lose the 0. */
const INTEGER = /^(0|-?[1-9]\d*)$/;
const INTEGER_MAX = 2_147_483_647;
const BIGINT_DIGITS = 18;
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/;
const TIMESTAMP_TZ = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$/;

const isDay = (text: string): boolean => typeof parsePeriod(text.slice(0, 10)) === "object";

const FITS: Readonly<Record<GuessedType, (text: string) => boolean>> = {
  integer: (text) => INTEGER.test(text) && Math.abs(Number(text)) <= INTEGER_MAX,
  bigint: (text) => INTEGER.test(text) && text.length <= BIGINT_DIGITS,
  numeric: (text) => /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d{1,3})?$/.test(text),
  boolean: (text) => /^(true|false)$/i.test(text),
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  date: (text) => DATE.test(text) && isDay(text),
  timestamp: (text) => TIMESTAMP.test(text) && isDay(text),
  timestamptz: (text) => TIMESTAMP_TZ.test(text) && isDay(text),
  text: () => true,
};

const NARROWEST_FIRST = Object.keys(FITS) as GuessedType[];
