/** What a pipeline takes of what GBIF has. */
export interface Scope {
  /** GBIF's names of the licences; `any` among them for all. */
  readonly licenses: readonly string[];
  readonly fossil: "keep" | "leave_out";
  readonly living: "keep" | "leave_out";
  readonly absent: "keep" | "leave_out";
}

/** What decides whether a record is taken. */
export interface ScopeValues {
  readonly license: string | null;
  readonly basisOfRecord: string | null;
  readonly occurrenceStatus: string | null;
}

/** Why a record is left out on purpose, in a word to count by; undefined when it is taken. */
export const scopeFilter = ({
  licenses,
  fossil,
  living,
  absent,
}: Scope): ((values: ScopeValues) => string | undefined) => {
  const allowed = licenses.includes("any") ? undefined : new Set(licenses.map(licenseCode));
  return ({ license, basisOfRecord, occurrenceStatus }) => {
    if (fossil === "leave_out" && basisOfRecord === "FOSSIL_SPECIMEN") return basisOfRecord;
    if (living === "leave_out" && basisOfRecord === "LIVING_SPECIMEN") return basisOfRecord;
    if (absent === "leave_out" && occurrenceStatus?.toUpperCase() === "ABSENT") return "ABSENT";
    if (allowed === undefined) return undefined;
    const code = licenseCode(license);
    return allowed.has(code) ? undefined : `licence ${code}`;
  };
};

/** GBIF's name of a licence, also when a publisher's own URL of it is given; `UNSPECIFIED` when there is none. */
export const licenseCode = (license: string | null): string => {
  if (license === null) return "UNSPECIFIED";
  if (!license.includes("creativecommons.org/")) return license;
  if (license.includes("/zero/") || license.includes("/publicdomain/")) return "CC0_1_0";
  const [, kind, version] = /\/licenses\/([a-z-]+)\/(\d\.\d)/.exec(license) ?? [];
  return kind && version ? `CC_${kind}_${version}`.replace(/[-.]/g, "_").toUpperCase() : license;
};
