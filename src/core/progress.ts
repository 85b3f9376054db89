import type { FlowAccount } from "./accounting.ts";

const TERMINAL_MS = 200;
const LINES_MS = 30_000;
const USUAL_COLUMNS = 80;

/** Where the display goes: standard error. */
export interface Display {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/**
 * Shows how far a flow is: one line that is drawn anew on a terminal, a plain line every half minute
 * elsewhere. Gives the function that ends it.
 */
export const showProgress = (account: FlowAccount, display: Display): (() => void) => {
  const started = performance.now();
  const draw = () => {
    const elapsedMs = performance.now() - started;
    // Asked each time: people make windows wider. One that does not tell its width says 0.
    const width = display.isTTY ? (display.columns || USUAL_COLUMNS) - 1 : undefined;
    const line = progressLine(account.flow, account.progress, { elapsedMs, width });
    display.write(display.isTTY ? `${CLEARED}${line}` : `${line}\n`);
  };
  const timer = setInterval(draw, display.isTTY ? TERMINAL_MS : LINES_MS);
  return () => {
    clearInterval(timer);
    if (display.isTTY) display.write(CLEARED);
  };
};

/** Back to the beginning of a line that is empty now. */
const CLEARED = "\r\x1b[2K";

/** Tells something while there may be progress on the line: takes its place, and progress goes on below. */
export const tellOn =
  (display: Display): ((text: string) => void) =>
  (text) =>
    void display.write(`${display.isTTY ? CLEARED : ""}${text}\n`);

/**
 * `occurrences  45%  180,000 rows  236 MB of 524 MB  52,000 rows/s  6 s left  12 rejected`, or what it
 * waits for: `occurrences  GBIF: RUNNING, 23,369 records  12 min 5 s`. With a width, which a terminal has, there
 * is a bar, and what does not fit is left out, the least important first.
 */
export const progressLine = (
  flow: string,
  { read, rejected, bytes, inputBytes, unit, now }: FlowAccount["progress"],
  { elapsedMs, width }: { elapsedMs: number; width?: number | undefined },
): string => {
  const seconds = elapsedMs / 1000;
  const share = inputBytes ? Math.min(1, bytes / inputBytes) : undefined;
  if (read === 0 && now) {
    return fitted(
      [
        [flow, 0],
        [now, 2],
        [duration(seconds), 1],
      ],
      width,
    );
  }
  const amount = unit === undefined ? size : (number: number) => `${count(number)} ${unit}`;
  return fitted(
    [
      [flow, 0],
      [share === undefined || width === undefined ? "" : bar(share, cellsIn(width)), 5],
      [share === undefined ? "" : `${Math.floor(share * 100)}%`, 1],
      [now, 6],
      [counted(read, "row"), 4],
      [inputBytes ? `${amount(bytes)} of ${amount(inputBytes)}` : amount(bytes), 7],
      [seconds > 0 ? `${count(Math.round(read / seconds))} rows/s` : "", 8],
      [share ? leftWords(seconds, share) : "", 3],
      [rejected > 0 ? `${count(rejected)} rejected` : "", 2],
    ],
    width,
  );
};

/** When all is read, the server is at the last rows, for minutes where it has triggers: nobody knows how long. */
const leftWords = (seconds: number, share: number): string => {
  const left = (seconds * (1 - share)) / share;
  return share > 0.98 && left < 0.05 ? "writing the last rows" : `${duration(left)} left`;
};

/** Words on a line, each with the place that it has when there is no room for all: 0 stays longest. */
const fitted = (
  words: readonly (readonly [text: string, rank: number])[],
  width = Number.POSITIVE_INFINITY,
): string => {
  let kept = words.filter(([text]) => text !== "");
  const line = () => kept.map(([text]) => text).join("  ");
  while (line().length > width && kept.length > 1) {
    const last = Math.max(...kept.map(([, rank]) => rank));
    kept = kept.filter(([, rank]) => rank !== last);
  }
  return line().slice(0, width);
};

/** How long the bar is: by the width alone, so that it stays as long while the words beside it come and go. */
const cellsIn = (width: number): number => {
  if (width < 70) return 5;
  return width < 100 ? 10 : 20;
};

const bar = (share: number, cells: number): string =>
  "█".repeat(Math.floor(share * cells)).padEnd(cells, "░");

/** 1,234,567: thousands apart, the same in every locale; the locales themselves take 20 ms to load. */
export const count = (number: number): string => `${number}`.replace(/\B(?=(?:\d{3})+$)/g, ",");

/** `1 record`, `2,000 records`. */
export const counted = (number: number, noun: string): string =>
  `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Bytes for people: `12 kB`, `236 MB`, `1.2 GB`. */
export const size = (bytes: number): string => {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
};

/** Seconds for people: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
};
