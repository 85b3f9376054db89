/** The taxa and data sets of the sample as SQL for the sandbox. Names are real, the numbers of TaxRef are not. */

import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { parse } from "csv-parse/sync";
import { DATASETS, KEYS, TAXA, type Taxon } from "./records.ts";
import { sqlRows } from "./sql-text.ts";

/** What a key of GBIF leads to: the accepted name, a synonym, or both. */
interface Synonym {
  readonly name: string;
  readonly synonym: string;
  readonly authorship: string;
  readonly key: "accepted" | "synonym" | "both";
}

/** In TaxRef, but GBIF's key leads to none of them: about 6 % of the names, as in the real one. */
const WITHOUT_LINK = new Set(["Empusa pennata", "Libelloides coccajus", "Glomeris marginata"]);
/** As these, and the name is there twice for two taxa, so that it decides nothing. */
const HOMONYM = "Pomatias elegans";
/** Not in TaxRef at all. */
const UNKNOWN = new Set(["Halyomorpha halys", "Corbicula fluminea", "Philaeus chrysops"]);
/** One key for two accepted taxa. */
const SPLIT = { name: "Arion vulgaris", other: "Arion lusitanicus", authorship: "J.Mabille, 1868" };

const GROUP1: Record<string, string> = {
  Arthropoda: "Arthropodes",
  Mollusca: "Mollusques",
  Annelida: "Annélides",
};
const GROUP2: Record<string, string> = {
  Insecta: "Insectes",
  Arachnida: "Arachnides",
  Malacostraca: "Crustacés",
  Chilopoda: "Myriapodes",
  Diplopoda: "Myriapodes",
  Gastropoda: "Gastéropodes",
  Bivalvia: "Bivalves",
  Clitellata: "Annélides",
};

type Row = readonly (string | number | null)[];

/** A number in TaxRef's range, the same at every run. */
const numberOf = (name: string): number => 52_000 + (crc32(name) % 800_000);

class Taxonomy {
  readonly taxa: Row[] = [];
  readonly links: Row[] = [];
  readonly #taken = new Set<number>();

  /** Adds a name; answers with its cd_nom. */
  add(
    name: { text: string; authorship: string; number?: number },
    taxon: { rank: string; above: number | null; lineage: readonly (string | null)[] },
    accepted?: { cdNom: number; name: string },
  ): number {
    const cdNom = name.number ?? numberOf(name.text);
    if (this.#taken.has(cdNom)) throw new Error(`two names have the cd_nom ${cdNom}`);
    this.#taken.add(cdNom);
    const full = name.authorship === "" ? name.text : `${name.text} ${name.authorship}`;
    const [kingdom = null, phylum = null, group = null, order = null, family = null] =
      taxon.lineage;
    this.taxa.push([
      cdNom,
      accepted?.cdNom ?? cdNom,
      taxon.above,
      taxon.rank,
      kingdom,
      phylum,
      group,
      order,
      family,
      name.text,
      name.authorship,
      full,
      accepted?.name ?? full,
      GROUP1[phylum ?? ""] ?? null,
      GROUP2[group ?? ""] ?? null,
    ]);
    return cdNom;
  }

  link(cdNom: number, key: string | undefined): void {
    if (key !== undefined) this.links.push([cdNom, key]);
  }
}

/** Kingdom, phyla, classes and orders; answers with the cd_nom of each. */
const addGroups = (taxonomy: Taxonomy): Map<string, number> => {
  const found = new Map<string, number>();
  const add = (rank: string, lineage: readonly string[], key: string | undefined) => {
    const text = lineage.at(-1) ?? "";
    if (found.has(text)) return;
    const above = found.get(lineage.at(-2) ?? "") ?? null;
    const cdNom = taxonomy.add({ text, authorship: "" }, { rank, above, lineage });
    taxonomy.link(cdNom, key);
    found.set(text, cdNom);
  };
  add("KD", ["Animalia"], "1");
  add("PH", ["Animalia", "Chordata"], "44");
  for (const { phylum, class: group, order } of TAXA) {
    add("PH", ["Animalia", phylum], KEYS[phylum]);
    add("CL", ["Animalia", phylum, group], KEYS[group]);
    add("OR", ["Animalia", phylum, group, order], KEYS[order]);
  }
  return found;
};

const addSpecies = (
  taxonomy: Taxonomy,
  taxon: Taxon,
  { above, synonym }: { above: number | null; synonym: Synonym | undefined },
): void => {
  const { name, authorship, phylum, class: group, order, family, key } = taxon;
  const place = { rank: "ES", above, lineage: ["Animalia", phylum, group, order, family] };
  const cdNom = taxonomy.add({ text: name, authorship }, place);
  const isLinked = !WITHOUT_LINK.has(name) && name !== HOMONYM;
  if (isLinked && synonym?.key !== "synonym") taxonomy.link(cdNom, key);
  if (synonym) {
    const accepted = { cdNom, name: `${name} ${authorship}` };
    const other = taxonomy.add(
      { text: synonym.synonym, authorship: synonym.authorship },
      place,
      accepted,
    );
    if (synonym.key !== "accepted") taxonomy.link(other, key);
  }
  if (name === HOMONYM) {
    taxonomy.add({ text: name, authorship: "auct.", number: numberOf(`${name} auct.`) }, place);
  }
  if (name === SPLIT.name) {
    taxonomy.link(taxonomy.add({ text: SPLIT.other, authorship: SPLIT.authorship }, place), key);
  }
};

const taxonomyOfSample = (): Taxonomy => {
  const taxonomy = new Taxonomy();
  const file = new URL("synonyms.csv", import.meta.url);
  const synonyms: Synonym[] = parse(readFileSync(file), { columns: true });
  const groups = addGroups(taxonomy);
  for (const taxon of TAXA) {
    if (UNKNOWN.has(taxon.name)) continue;
    const synonym = synonyms.find(({ name }) => name === taxon.name);
    addSpecies(taxonomy, taxon, { above: groups.get(taxon.order) ?? null, synonym });
  }
  return taxonomy;
};

/** The script `6-sample.sql`. */
export const sampleSql = (): string => {
  const { taxa, links } = taxonomyOfSample();
  const datasets = DATASETS.map(({ uuid, title, abstract }): Row => [uuid, title, abstract]);
  return `-- Generated by scripts/generate.ts from samples/: do not edit.
-- The taxa and data sets of samples/demo.zip. Names are real, cd_nom are made up. Some names have no link to
-- GBIF or are missing; some keys lead to several names, or to a synonym only.

insert into taxonomie.bib_taxref_statuts (id_statut, nom_statut) values ('P', 'Présent') on conflict do nothing;
insert into taxonomie.bib_taxref_habitats (id_habitat, nom_habitat) values (3, 'Terrestre') on conflict do nothing;
insert into taxonomie.bib_taxref_rangs (id_rang, nom_rang, tri_rang) values
  ('KD', 'Règne', 1), ('PH', 'Phylum', 2), ('CL', 'Classe', 3), ('OR', 'Ordre', 4), ('FM', 'Famille', 5),
  ('GN', 'Genre', 6), ('ES', 'Espèce', 7), ('SSES', 'Sous-espèce', 8)
on conflict do nothing;

insert into taxonomie.taxref
  (cd_nom, cd_ref, cd_sup, id_rang, regne, phylum, classe, ordre, famille, lb_nom, lb_auteur, nom_complet,
   nom_valide, group1_inpn, group2_inpn, id_statut, id_habitat, url)
select cd_nom, cd_ref, cd_sup::integer, rank, kingdom, phylum, class, "order", family, name, authorship, full_name,
       valid_name, group1, group2, 'P', 3, 'https://inpn.mnhn.fr/espece/cd_nom/' || cd_nom
  from (values
${sqlRows(taxa)}
  ) as taxon (cd_nom, cd_ref, cd_sup, rank, kingdom, phylum, class, "order", family, name, authorship, full_name,
              valid_name, group1, group2)
on conflict (cd_nom) do nothing;

insert into taxonomie.taxref_liens (ct_name, ct_type, ct_title, ct_url, cd_nom, ct_sp_id, url_sp)
select 'GBIF', 'Base de données', 'Global Biodiversity Information Facility', 'https://www.gbif.org', cd_nom, key,
       'https://www.gbif.org/species/' || key
  from (values
${sqlRows(links)}
  ) as link (cd_nom, key)
on conflict do nothing;

-- Another site's numbers, which are GBIF's numbers for other taxa.
insert into taxonomie.taxref_liens (ct_name, ct_type, ct_title, ct_url, cd_nom, ct_sp_id)
select 'IUCN', 'Base de données', 'IUCN Red List', 'https://www.iucnredlist.org', cd_nom,
       lead(ct_sp_id, 1, '1300000') over (order by ct_sp_id)
  from taxonomie.taxref_liens
 where ct_name = 'GBIF'
on conflict do nothing;

insert into gn_meta.t_acquisition_frameworks
  (unique_acquisition_framework_id, acquisition_framework_name, acquisition_framework_desc, acquisition_framework_start_date)
values ('57b7d0f2-4183-4b7b-8f08-6e105d476dc5', 'Données du GBIF', 'Données publiées sur le GBIF', '2026-01-01')
on conflict (unique_acquisition_framework_id) do nothing;

insert into gn_meta.t_datasets
  (unique_dataset_id, id_acquisition_framework, dataset_name, dataset_shortname, dataset_desc, marine_domain, terrestrial_domain)
select uuid::uuid, id_acquisition_framework, left(title, 255), left(title, 255), description, false, true
  from gn_meta.t_acquisition_frameworks, (values
${sqlRows(datasets)}
  ) as dataset (uuid, title, description)
 where unique_acquisition_framework_id = '57b7d0f2-4183-4b7b-8f08-6e105d476dc5'
on conflict (unique_dataset_id) do nothing;

-- The organisation that is the main contact of each.
insert into gn_meta.cor_dataset_actor (id_dataset, id_organism, id_nomenclature_actor_role)
select id_dataset, 1, ref_nomenclatures.get_id_nomenclature('ROLE_ACTEUR', '1')
  from gn_meta.t_datasets join gn_meta.t_acquisition_frameworks using (id_acquisition_framework)
 where unique_acquisition_framework_id = '57b7d0f2-4183-4b7b-8f08-6e105d476dc5'
on conflict do nothing;
`;
};
