/**
 * iNaturalist's annotation `evidenceOfPresence` (`organism`, `molt`, `scat` …) out of `dynamicProperties`, which is
 * JSON there and free text with many others; null when it does not tell.
 */
export const evidenceOf = (dynamicProperties: string | null): string | null => {
  if (dynamicProperties === null || !dynamicProperties.includes("evidenceOfPresence")) return null;
  try {
    const found: unknown = JSON.parse(dynamicProperties)?.evidenceOfPresence;
    const first: unknown = Array.isArray(found) ? found[0] : found;
    return typeof first === "string" ? first : null;
  } catch {
    return null;
  }
};
