/** How many records a flow may set aside. */
export type Limit = "any" | { readonly rows: number } | { readonly share: number };

export interface RejectLimits {
  /** For all codes without a limit of their own, together. */
  readonly max: Limit;
  readonly byCode: ReadonlyMap<string, Limit>;
}

/** A flow is strict until its YAML says otherwise. */
export const STRICT: RejectLimits = { max: { rows: 0 }, byCode: new Map() };

/** Of a handful of repaired records a share says nothing: what is wrong again is set aside again. */
export const withoutShares = ({ max, byCode }: RejectLimits): RejectLimits => {
  const alone = (limit: Limit): Limit =>
    typeof limit === "object" && "share" in limit ? "any" : limit;
  return {
    max: alone(max),
    byCode: new Map([...byCode].map(([code, limit]) => [code, alone(limit)])),
  };
};

/** A share says nothing yet of the first records: until this many, it is taken of this many. */
const EARLY_ROWS = 10_000;

/** A limit that is exceeded, as the YAML has it, and the code that it is for; undefined for all together. */
export interface Exceeded {
  readonly text: string;
  readonly code: string | undefined;
}

/**
 * The limit that the counts exceed, or undefined.
 *
 * A share is taken of the records read; before all are read it is judged generously, at the end exactly.
 */
export const exceededLimit = (
  limits: RejectLimits,
  counts: { read: number; rejected: ReadonlyMap<string, number>; isComplete: boolean },
): Exceeded | undefined => {
  let others = 0;
  const read = counts.isComplete ? counts.read : Math.max(counts.read, EARLY_ROWS);
  for (const [code, rejected] of counts.rejected) {
    const own = limits.byCode.get(code);
    if (own === undefined) others += rejected;
    else if (isOver(own, rejected, read)) {
      return { text: `${limitText(own)} for \`${code}\``, code };
    }
  }
  return isOver(limits.max, others, read)
    ? { text: limitText(limits.max), code: undefined }
    : undefined;
};

/** Whether so many of what was read are more than a limit allows. */
export const isOver = (limit: Limit, rejected: number, read: number): boolean => {
  if (limit === "any") return false;
  return rejected > ("rows" in limit ? limit.rows : limit.share * read);
};

/** A limit as it is written in YAML: `1000`, `1%`, `any`. */
export const limitText = (limit: Limit): string => {
  if (limit === "any") return "any";
  // Twelve digits hide what binary fractions make of 0.07 * 100.
  return "rows" in limit ? String(limit.rows) : `${Number((limit.share * 100).toPrecision(12))}%`;
};

/** A limit out of YAML: `1000`, `1%`, `any`; undefined when it is none of them. */
export const parseLimit = (value: unknown): Limit | undefined => {
  if (value === "any") return "any";
  const text = String(value);
  if (/^\d+$/.test(text)) return { rows: Number(text) };
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  return share && Number(share[1]) <= 100 ? { share: Number(share[1]) / 100 } : undefined;
};
