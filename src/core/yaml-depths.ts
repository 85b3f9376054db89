/** How deep lines of YAML are indented, and how deep one is meant to be. */

/** An indentation that a line may have. */
export interface Depth {
  readonly depth: number;
  readonly isItem: boolean;
}

/** How deep the next line may be indented, as these lines say. */
export const openDepths = (lines: readonly string[]): Depth[] => {
  const written = lines.filter((line) => !/^\s*(#|$)/.test(line)).toReversed();
  const open = /:\s*(#.*)?$/.test(written[0] ?? "") ? childDepths(written[0] ?? "") : [];
  let limit = Number.POSITIVE_INFINITY;
  for (const line of written) {
    const depths = depthsOf(line).filter(({ depth }) => depth < limit);
    open.push(...depths);
    limit = Math.min(limit, ...depths.map(({ depth }) => depth));
  }
  return open;
};

/** Of the dashes of a line, and of the key behind them. */
const depthsOf = (line: string): Depth[] => {
  const start = /^[ \t]*(?:- +)*/.exec(line)?.[0] ?? "";
  const dashes = [...start.matchAll(/-/g)].map(({ index }) => ({ depth: index, isItem: true }));
  return [...dashes, { depth: start.length, isItem: false }];
};

const childDepths = (line: string): Depth[] => {
  const depth = (depthsOf(line).at(-1)?.depth ?? 0) + 2;
  return [true, false].map((isItem) => ({ depth, isItem }));
};

const isWritten = (line: string): boolean => !/^\s*(#|$)/.test(line);
const isItem = (line: string): boolean => /^\s*- /.test(line);
const opens = (line: string): boolean => /:\s*(#.*)?$/.test(line);
const depthOf = (line: string): number =>
  /^[ \t]*/.exec(line)?.[0].replaceAll("\t", "  ").length ?? 0;

/** How deep a line with tabs before it is meant to be; undefined where that is not beyond doubt. */
export const depthMeant = (
  text: string,
  { offset, end }: { offset: number; end: number },
): number | undefined => {
  const above = text.slice(0, offset).split("\n");
  const [line = "", ...below] = text.slice(end).split("\n");
  const before = above.findLast(isWritten) ?? "";
  const place = {
    above,
    below,
    depth: depthsOf(before.replaceAll("\t", "  ")).at(-1)?.depth ?? 0,
    isFirst: opens(before),
  };
  return isItem(line)
    ? itemDepth(line, place)
    : keyDepth(line, { ...place, tabs: text.slice(offset, end) });
};

interface Around {
  readonly above: readonly string[];
  readonly below: readonly string[];
  /** Of what the line above says, and whether that is a key without a value. */
  readonly depth: number;
  readonly isFirst: boolean;
}

/**
 * As deep as what the line above says, or one step into it; behind an item that is complete, as the key of its list.
 * Not where the line below it would be out of place.
 */
const keyDepth = (
  line: string,
  { above, below, depth, isFirst, tabs }: Around & { readonly tabs: string },
): number | undefined => {
  const open = openDepths(above).filter((one) => !one.isItem);
  const deepest = (limit: number) =>
    open
      .map((one) => one.depth)
      .sort((a, b) => b - a)
      .find((one) => one < limit);
  if (/^\t\t+$/.test(tabs) && open.some((one) => one.depth === tabs.length * 2)) {
    return tabs.length * 2;
  }
  const before = above.findLast(isWritten) ?? "";
  const isComplete = isItem(before) && /[}\]]\s*(#.*)?$/.test(before);
  const wanted = isFirst ? depth + 2 : isComplete ? deepest(depthOf(before) + 1) : depth;
  const next = below.find(isWritten);
  if (!opens(line) || wanted === undefined || next === undefined || /^ *\t/.test(next))
    return wanted;
  const isBelow = depthOf(next) > wanted || (isItem(next) && depthOf(next) === wanted);
  return isBelow ? wanted : deepest(depthOf(next));
};

/** Below the item before it and above the one behind it; the first of a list so that what is below it is its content. */
const itemDepth = (line: string, { above, below, depth, isFirst }: Around): number | undefined => {
  const before = dashOf(above.findLast(isItem));
  const behind = dashOf(below.find(isItem));
  if (!isFirst) return behind === undefined || behind === before ? before : undefined;
  const next = below.find(isWritten);
  if (next !== undefined && !isItem(next) && depthOf(next) > depth) {
    const dash = depthOf(next) - (opens(line) ? 4 : 2);
    if (dash >= depth) return dash;
  }
  return behind !== undefined && behind >= depth ? behind : depth + 2;
};

const dashOf = (line: string | undefined): number | undefined =>
  line === undefined ? undefined : /^ *(?=- )/.exec(line)?.[0].length;
