import { hash } from "node:crypto";
import { Reject } from "../core/batch.ts";

/**
 * The namespace of the uuids that are made of GBIF's keys: uuid v5 of `https://www.gbif.org/occurrence` in
 * the namespace of URLs. It never changes: whoever knows a record's keys can work its uuid out again.
 */
export const UUID_NAMESPACE = "0316d83f-22a9-5255-b11e-af12df02e11a";

/** What a record says of its identity, each as text or null. */
export interface Identity {
  readonly idInaturalist: string | null;
  readonly inaturalistUuid: string | null;
  /** `missing` when iNaturalist no longer has the observation; null when it was not asked yet. */
  readonly inaturalistStatus: string | null;
  readonly otherCatalogNumbers: string | null;
  readonly occurrenceID: string | null;
  readonly datasetKey: string | null;
  readonly gbifID: string | null;
}

/**
 * The uuid by which the SINP knows an observation, in lower case.
 *
 * That of iNaturalist for its observations, which is never made up: another one would make a second
 * observation of it. For others the occurrenceID if it is a uuid, else a uuid v5 of datasetKey:occurrenceID, else of
 * the gbifID.
 */
export const sinpUuid = (identity: Identity): string | Reject => {
  const { occurrenceID, datasetKey, gbifID } = identity;
  if (identity.idInaturalist !== null || datasetKey === INATURALIST) {
    return inaturalistUuid(identity);
  }
  if (occurrenceID === null) return uuidV5(UUID_NAMESPACE, gbifID ?? "");
  return wholeUuid(occurrenceID) ?? uuidV5(UUID_NAMESPACE, `${datasetKey}:${occurrenceID}`);
};

/** GBIF's key of iNaturalist: its records are iNaturalist's even if their link does not say so. */
const INATURALIST = "50c9509d-22c7-4a22-a47d-8c48425ef4a7";

const inaturalistUuid = (identity: Identity): string | Reject => {
  const { inaturalistUuid: answered, otherCatalogNumbers: published } = identity;
  const uuid = wholeUuid(published) ?? wholeUuid(answered);
  if (uuid !== undefined) return uuid;
  if (identity.idInaturalist === null) {
    return new Reject("uuid_missing", "The link of the iNaturalist record has no number.");
  }
  const observation = `iNaturalist observation ${identity.idInaturalist}`;
  return identity.inaturalistStatus === "missing"
    ? new Reject("uuid_missing", `iNaturalist no longer has the uuid of ${observation}.`)
    : new Reject(
        "uuid_pending",
        `The uuid of ${observation} is not known yet; a later run loads it.`,
      );
};

const UUID = /^(?:urn:uuid:)?([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})$/i;

/** A text that is a uuid and nothing more; the nil uuid, a placeholder, is none. */
const wholeUuid = (text: string | null): string | undefined => {
  // Most occurrenceIDs are links: the length tells without a pattern.
  if (text === null || (text.length !== 36 && text.length !== 45)) return undefined;
  const uuid = UUID.exec(text)?.[1]?.toLowerCase();
  return uuid === "00000000-0000-0000-0000-000000000000" ? undefined : uuid;
};

/** The uuid of a name in a namespace (RFC 9562, version 5). */
export const uuidV5 = (namespace: string, name: string): string => {
  const prefix = Buffer.from(namespace.replaceAll("-", ""), "hex");
  const digits = hash("sha1", Buffer.concat([prefix, Buffer.from(name)]), "hex");
  const variant = "89ab"[Number.parseInt(digits.charAt(16), 16) & 3];
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
};
