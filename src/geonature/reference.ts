/**
 * The publication behind a record. Of literature (source status Li) the SINP wants one always: the page of the
 * record, at last its page at GBIF, stands in for it.
 */
export const referenceOf = (
  sourceStatus: string | null,
  published: readonly (string | null)[],
  pages: { readonly references: string | null; readonly gbifID: string | null },
): string | null => {
  const reference = published.find((text) => text !== null);
  if (reference !== undefined) return reference;
  if (sourceStatus !== "Li") return null;
  return pages.references ?? `https://www.gbif.org/occurrence/${pages.gbifID}`;
};
