/** The page of the observation, but only of a record with media: a page alone proves nothing. */
export const digitalProof = (
  references: string | null,
  mediaType: string | null,
  mediaUrls: string | null,
): string | null => (mediaType === null && mediaUrls === null ? null : references);

const SPECIMENS: ReadonlySet<string> = new Set([
  "PRESERVED_SPECIMEN",
  "FOSSIL_SPECIMEN",
  "LIVING_SPECIMEN",
  "MATERIAL_SAMPLE",
  "MATERIAL_ENTITY",
]);

const isSpecimen = (basisOfRecord: string | null): boolean =>
  basisOfRecord !== null && SPECIMENS.has(basisOfRecord);

/** Where a specimen is kept: `institution : collection : number`, whatever there is of it. */
export const specimenProof = (
  basisOfRecord: string | null,
  ...parts: readonly (string | null)[]
): string | null => {
  if (!isSpecimen(basisOfRecord)) return null;
  return parts.filter((part) => part !== null).join(" : ") || null;
};

/** The catalogue number of a specimen; an observation's number is none. */
export const specimenNumber = (
  basisOfRecord: string | null,
  catalogNumber: string | null,
): string | null => (isSpecimen(basisOfRecord) ? catalogNumber : null);
