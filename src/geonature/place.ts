import { Reject } from "../core/batch.ts";

/** A longitude as it was written, if it and the latitude can be a place; 0, 0 stands for "unknown". */
export const longitudeOf = (longitude: string | null, latitude: string | null): string | Reject => {
  if (longitude === null || latitude === null) {
    return new Reject("no_coordinates", "The record has no coordinates.");
  }
  const [x, y] = [Number(longitude), Number(latitude)];
  const isPlace = Math.abs(x) <= 180 && Math.abs(y) <= 90 && (x !== 0 || y !== 0);
  return isPlace
    ? longitude
    : new Reject("no_coordinates", `Longitude ${longitude}, latitude ${latitude} is no place.`);
};

/** The uncertainty in whole metres, rounded up; null when there is none or it is no distance, never a default. */
export const precisionOf = (uncertainty: string | null): string | null => {
  if (uncertainty === null) return null;
  const metres = Math.ceil(Number(uncertainty));
  return metres > 0 && metres <= LARGEST ? String(metres) : null;
};

const LARGEST = 2_147_483_647;

/** `precise` up to the threshold, `imprecise` above it or when blurred, null when unknown. */
export const pointQuality = (
  uncertainty: string | null,
  blurring: string | null,
  maxPointMetres: number,
): "precise" | "imprecise" | null => {
  if (blurring === "OUI") return "imprecise";
  const precision = precisionOf(uncertainty);
  if (precision === null) return null;
  return Number(precision) <= maxPointMetres ? "precise" : "imprecise";
};

/**
 * One end of `value ± accuracy` in whole metres, outwards; null when blurred: an altitude would betray the
 * place.
 */
export const boundOf = (
  end: "lowest" | "highest",
  value: string | null,
  accuracy: string | null,
  blurring: string | null,
): string | null => {
  if (value === null || blurring === "OUI") return null;
  const middle = Number(value);
  const reach = Math.abs(Number(accuracy ?? 0)) || 0;
  const bound = end === "lowest" ? Math.floor(middle - reach) : Math.ceil(middle + reach);
  // Something measured on the ground is not deeper than the sea nor higher than the air.
  return Math.abs(bound) <= 100_000 ? String(bound) : null;
};
