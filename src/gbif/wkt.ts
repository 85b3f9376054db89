/** Polygons as WKT, checked as far as GBIF is strict or, worse, is not. */

export interface Polygons {
  /** Points of all rings. */
  readonly points: number;
  /** What is wrong, as a sentence; undefined when nothing is. */
  readonly problem: string | undefined;
}

type Point = readonly [longitude: number, latitude: number];

/**
 * Reads `POLYGON` and `MULTIPOLYGON`. An outer ring must go anticlockwise: for GBIF one that goes
 * clockwise is the rest of the world. The direction of holes does not matter to it.
 */
export const readPolygons = (text: string): Polygons => {
  const [, multi, body = ""] = /^\s*(MULTI)?POLYGON\s*(\(.*\))\s*$/is.exec(text) ?? [];
  if (body === "") {
    return {
      points: 0,
      problem: "It must be a polygon in WKT: `POLYGON((4 45, 6 45, 6 46, 4 45))`.",
    };
  }
  const polygons = polygonsIn(multi ? body : `(${body})`);
  if (polygons === undefined) {
    return {
      points: 0,
      problem:
        "Its parentheses or numbers are not those of WKT: each point is `longitude latitude`.",
    };
  }
  const rings = polygons.flat();
  const problem = polygons
    .flatMap((polygon) => polygon.map((ring, index) => ringProblem(ring, index === 0)))
    .find((found) => found !== undefined);
  return { points: rings.reduce((sum, ring) => sum + ring.length, 0), problem };
};

/** `(((x y, …), (hole)), ((…)))`: polygons of rings of points. */
const polygonsIn = (body: string): Point[][][] | undefined => {
  const json = body
    .replace(/[-+.\deE]+\s+[-+.\deE]+/g, (pair) => `[${pair.trim().split(/\s+/).join(",")}]`)
    .replaceAll("(", "[")
    .replaceAll(")", "]")
    // JSON is stricter with numbers: `.5`, `5.` and `+5` are right in WKT.
    .replace(/([[,]-?)\+?\./g, "$10.")
    .replace(/\.(?=[\],eE])/g, "")
    .replace(/([[,])\+/g, "$1");
  try {
    const polygons: unknown = JSON.parse(json);
    return isListOf(polygons, (polygon) => isListOf(polygon, (ring) => isListOf(ring, isPoint)))
      ? (polygons as Point[][][])
      : undefined;
  } catch {
    return undefined;
  }
};

const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isItem);

const isPoint = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

const ringProblem = (ring: readonly Point[], isOuter: boolean): string | undefined => {
  const [first] = ring;
  const last = ring.at(-1);
  if (first === undefined || last === undefined || ring.length < 4) {
    return "A ring has at least four points, the first one again at the end.";
  }
  if (first[0] !== last[0] || first[1] !== last[1]) {
    return `It is not closed: it begins at ${first.join(" ")} and ends at ${last.join(" ")}.`;
  }
  const outside = ring.find(([x, y]) => Math.abs(x) > 360 || Math.abs(y) > 90);
  if (outside !== undefined) {
    return `${outside.join(" ")} is no place on Earth. A point is longitude first, then latitude.`;
  }
  const area = areaOf(ring);
  if (area === 0) return "It has no area: its points lie on one line.";
  return isOuter && area < 0
    ? "It goes clockwise, which GBIF takes for all the rest of the world. Write its points in the other order."
    : undefined;
};

/** Positive when the points go anticlockwise. */
const areaOf = (ring: readonly Point[]): number => {
  // Relative to the first point: far from the origin, the products would lose the small differences.
  const [[x0, y0] = [0, 0]] = ring;
  let twice = 0;
  let [x1, y1] = [0, 0];
  for (const [x, y] of ring) {
    const [x2, y2] = [x - x0, y - y0];
    twice += x1 * y2 - x2 * y1;
    [x1, y1] = [x2, y2];
  }
  return twice / 2;
};
