import { unknownCodes } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { isMade } from "./fields.ts";
import type { Mapping } from "./mapping.ts";
import { LEFT } from "./vocabularies.ts";

/** What the mapping needs to know of a GeoNature: its own numbers for the codes. */
export interface Instance {
  /** Type → code → id. */
  readonly ids: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly taxrefVersion: string | null;
}

/** Looks all codes of a mapping up, once; throws `unknown_codes` with those that the instance does not have. */
export const readInstance = async (session: Session, mapping: Mapping): Promise<Instance> => {
  const wanted = codesOf(mapping);
  const { rows } = await session.query<{ type: string; code: string; id: string }>(NOMENCLATURES, [
    [...wanted.keys()],
  ]);
  const ids = new Map([...wanted.keys()].map((type) => [type, new Map<string, string>()]));
  for (const { type, code, id } of rows) ids.get(type)?.set(code, id);
  const unknown = [...wanted].flatMap(([type, codes]) =>
    [...codes].filter((code) => !ids.get(type)?.has(code)).map((code) => `${type} ${code}`),
  );
  if (unknown.length > 0) throw unknownCodes(unknown);
  const version = await session.query<{ version: string }>(TAXREF_VERSION);
  return { ids, taxrefVersion: version.rows[0]?.version ?? null };
};

/** The codes of a mapping that the instance keeps for old observations alone: `STADE_VIE 2`. */
export const frozenCodes = async (session: Session, mapping: Mapping): Promise<string[]> => {
  const wanted = codesOf(mapping);
  const { rows } = await session.query<{ type: string; code: string }>(FROZEN, [
    [...wanted.keys()],
  ]);
  return rows
    .filter(({ type, code }) => wanted.get(type)?.has(code))
    .map(({ type, code }) => `${type} ${code}`);
};

/** What a mapping is made with, of a GeoNature. */
export const INSTANCE_TABLES = [
  "ref_nomenclatures.bib_nomenclatures_types",
  "ref_nomenclatures.t_nomenclatures",
  "gn_commons.t_parameters",
];

const codesOf = ({ fields, vocabularies }: Mapping): Map<string, Set<string>> => {
  const codes = new Map<string, Set<string>>();
  for (const { nomenclature, defaultCode } of fields.filter(isMade)) {
    if (nomenclature !== "") codes.set(nomenclature, new Set([defaultCode]));
  }
  for (const { type, code } of vocabularies) if (code !== LEFT) codes.get(type)?.add(code);
  return codes;
};

const NOMENCLATURES = `
select t.mnemonique as type, n.cd_nomenclature as code, n.id_nomenclature::text as id
  from ref_nomenclatures.t_nomenclatures n
  join ref_nomenclatures.bib_nomenclatures_types t using (id_type)
 where t.mnemonique = any($1)
 order by 1, 2, 3`;

const FROZEN = `
select t.mnemonique as type, n.cd_nomenclature as code
  from ref_nomenclatures.t_nomenclatures n
  join ref_nomenclatures.bib_nomenclatures_types t using (id_type)
 where t.mnemonique = any($1) and (not n.active or n.statut ilike 'gel%')
 order by 1, 2`;

const TAXREF_VERSION = `
select parameter_value as version from gn_commons.t_parameters
 where parameter_name = 'taxref_version' order by id_organism nulls first limit 1`;
