/**
 * What each trigger of the sandbox costs, beside what it costs in a GeoNature (measured on 2.17.4):
 *
 *   POSTGRES_OPTIONS='-c fsync=off' scripts/with-postgres.sh node bench/triggers.ts
 *
 *   --rows 20000   rows of an insert or update       --rounds 3   of which the medians are printed
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Session } from "../src/core/session.ts";
import { runScript } from "../src/postgres/script.ts";
import { openServer } from "../src/postgres/server.ts";

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "20000" },
    rounds: { type: "string", default: "3" },
  },
});
const rows = Number(flags.rows);
const url = process.env.TEST_DATABASE_URL;
if (!url) throw new Error("TEST_DATABASE_URL names no server: see above.");

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The codes that a load writes: column, type, code. */
const CODES: readonly (readonly [string, string, string])[] = `geo_object_nature NAT_OBJ_GEO St
grp_typ TYP_GRP OBS
obs_technique METH_OBS 0
bio_status STATUT_BIO 1
bio_condition ETA_BIO 1
naturalness NATURALITE 0
exist_proof PREUVE_EXIST 1
valid_status STATUT_VALID 0
diffusion_level NIV_PRECIS 5
life_stage STADE_VIE 2
sex SEXE 6
obj_count OBJ_DENBR IND
type_count TYP_DENBR Co
sensitivity SENSIBILITE 0
observation_status STATUT_OBS Pr
blurring DEE_FLOU NON
source_status STATUT_SOURCE Te
info_geo_type TYP_INF_GEO 1
behaviour OCC_COMPORTEMENT 1
biogeo_status STAT_BIOGEO 1
determination_method METH_DETERMIN 1`
  .split("\n")
  .map((line) => line.split(" "))
  .map(([column = "", type = "", code = ""]) => [`id_nomenclature_${column}`, type, code]);

/** Points over the region; the same at every run. */
const ROWS = `
  create table bench_rows as
  select gen_random_uuid() as unique_id_sinp, 1 as id_source, number::text as entity_source_pk_value,
         'Papilio machaon' as nom_cite, (array(select cd_nom from taxonomie.taxref order by cd_nom))[1 + number % 150] as cd_nom,
         timestamp '2020-01-01' + number % 1000 * interval '1 day' as date_min,
         timestamp '2020-01-01' + number % 1000 * interval '1 day' as date_max,
         st_transform(point, 4326) as the_geom_4326, st_transform(point, 4326) as the_geom_point, point as the_geom_local,
         10 as "precision", 'Anne Martin' as observers, 'I' as last_action,
         jsonb_build_object('gbif', jsonb_build_object('gbifID', number)) as additional_data,
         ${CODES.map(([column, type, code]) => `ref_nomenclatures.get_id_nomenclature('${type}', '${code}') as ${column}`).join(", ")}
    from (select number, st_setsrid(st_makepoint(640000 + random() * 430000, 6330000 + random() * 320000), 2154) as point
            from generate_series(1, ${rows}) as number, setseed(0.5)) as place`;

const COLUMNS = `unique_id_sinp, id_source, entity_source_pk_value, nom_cite, cd_nom, date_min, date_max, the_geom_4326,
  the_geom_point, the_geom_local, "precision", observers, last_action, additional_data, ${CODES.map(([column]) => column).join(", ")}`;
const INSERT = `insert into gn_synthese.synthese (${COLUMNS}) select ${COLUMNS} from bench_rows`;

const META = "tri_meta_dates_change_synthese";
const INSERT_AREAS = "tri_insert_cor_area_synthese";
const INSERT_SENSITIVITY = "tri_insert_calculate_sensitivity";

await using database = await openServer(url, {
  signal: new AbortController().signal,
  embeddedFolder: "",
  onNotice: () => undefined,
});
await using session = await database.session();
const backend = (await session.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]
  ?.pid;
await runScript(session, path("../pipelines/sql/geonature-sandbox.sql"));
await runScript(session, path("areas.sql"));
await session.script(`drop table if exists bench_rows; ${ROWS}; analyze bench_rows`);

/** Empties the synthese, and leaves only these triggers on. */
const prepare = async (triggers: readonly string[] | "all"): Promise<void> => {
  const on =
    triggers === "all"
      ? "enable trigger user"
      : ["disable trigger user", ...triggers.map((name) => `enable trigger ${name}`)].join(", ");
  await session.script(
    `truncate gn_synthese.synthese cascade; alter table gn_synthese.synthese ${on}`,
  );
};

/** Seconds that the server computed for it: the time on the clock depends on what else the machine does. */
const seconds = async (session: Session, sql: string): Promise<number> => {
  const started = await computed();
  await session.script(sql);
  return (await computed()) - started;
};

/** User and system time of the server's process, which /proc counts in hundredths of a second. */
const computed = async (): Promise<number> => {
  const fields = (await readFile(`/proc/${backend}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const insertWith = async (triggers: readonly string[] | "all"): Promise<number> => {
  await prepare(triggers);
  return seconds(session, INSERT);
};

const WITHOUT_CHECKS = `do $$ declare name text; begin
  for name in select conname from pg_constraint where conrelid = 'gn_synthese.synthese'::regclass
      and contype = 'c' and pg_get_constraintdef(oid) like '%check_nomenclature_type%' loop
    execute format('alter table gn_synthese.synthese drop constraint %I', name);
  end loop; end $$`;

const updateOf = (columns: string) => `update gn_synthese.synthese set ${columns}`;
const first2000 = "select id_synthese from gn_synthese.synthese order by 1 limit 2000";

/** One round: the seconds of each case. */
const round = async (): Promise<Record<string, number>> => {
  const plain = await insertWith([]);
  const areas = await insertWith([META, INSERT_AREAS]);
  const sensitivity = await insertWith([META, INSERT_SENSITIVITY]);
  const all = await insertWith("all");
  // Without it, plans are made for tables that were empty.
  await session.script("analyze gn_synthese.synthese, gn_synthese.cor_area_synthese");
  const neither = await seconds(session, updateOf("comment_description = 'a'"));
  const sensitive = await seconds(session, updateOf("comment_description = 'b', cd_nom = cd_nom"));
  const geometry = await seconds(
    session,
    updateOf(
      "comment_description = 'c', the_geom_4326 = the_geom_4326, the_geom_local = the_geom_local",
    ),
  );
  const observers = await seconds(
    session,
    `insert into gn_synthese.cor_observer_synthese (id_synthese, id_role) select id_synthese, 3 from (${first2000}) as observation`,
  );
  const deleted = await seconds(
    session,
    `delete from gn_synthese.synthese where id_synthese in (${first2000})`,
  );
  await prepare([]);
  await session.begin();
  await session.script(WITHOUT_CHECKS);
  const unchecked = await seconds(session, INSERT);
  await session.rollback();
  return {
    plain,
    areas,
    sensitivity,
    all,
    neither,
    sensitive,
    geometry,
    observers,
    deleted,
    unchecked,
  };
};

const measured: Record<string, number>[] = [];
for (let index = 0; index < Number(flags.rounds); index++) measured.push(await round());
const median = (of: (round: Record<string, number>) => number): number =>
  measured.map(of).sort((a, b) => a - b)[Math.floor(measured.length / 2)] ?? Number.NaN;
const at = (name: string) => (round: Record<string, number>) => round[name] ?? Number.NaN;
const between = (name: string, less: string) => (round: Record<string, number>) =>
  at(name)(round) - at(less)(round);

/** What, how it is measured here, seconds in a GeoNature (20,000 rows; the last two 2,000). */
const LINES: readonly [string, (round: Record<string, number>) => number, number][] = [
  ["insert without checks and triggers", at("unchecked"), 2.7],
  ["insert without triggers", at("plain"), 6.95],
  ["insert with all triggers", at("all"), 17],
  ["  18 checks of nomenclature types", between("plain", "unchecked"), 4.2],
  ["  tri_insert_cor_area_synthese", between("areas", "plain"), 6],
  ["  tri_insert_calculate_sensitivity", between("sensitivity", "plain"), 9.5],
  ["update of a text", at("neither"), 5],
  ["  tri_update_calculate_sensitivity", between("sensitive", "neither"), 1.9],
  ["  tri_update_cor_area_synthese", between("geometry", "sensitive"), 14.3],
  ["trg_maj_synthese_observers_txt, 2,000 links", at("observers"), 1],
  ["delete of 2,000 rows", at("deleted"), 0.07],
];
const { rows: links } = await session.query<{ links: string }>(
  `select round(avg(links), 2) as links from (select count(*) as links from bench_rows join ref_geo.l_areas on st_intersects(geom, the_geom_local) group by entity_source_pk_value) as linked`,
);
console.log(`${rows} rows, each in ${links[0]?.links} areas on average\n`);
console.log(`${"".padEnd(46)} here  GeoNature  ratio`);
for (const [label, of, there] of LINES) {
  const here = median(of);
  const ratio = here / there;
  const mark = ratio > 2 || ratio < 0.5 ? "  more than a factor of 2 apart" : "";
  console.log(
    `${label.padEnd(44)} ${here.toFixed(2).padStart(6)} s ${there.toFixed(2).padStart(6)} s  ${ratio.toFixed(2).padStart(5)}${mark}`,
  );
}
