import { adoptNeedsPrimaryKey } from "../../core/errors.ts";
import { type Adopt, adoptSql } from "./adopt-sql.ts";
import { movedFindings } from "./findings-sql.ts";
import { literal } from "./key-sql.ts";
import type { MergeParts } from "./merge.ts";
import type { MergeShape } from "./shape.ts";
import type { Step } from "./steps.ts";
import { ADOPTABLE, FRESH, MATCH, MOVED, NUMBER, REFUSED, STAGE } from "./temporary.ts";
import { forgetWritten } from "./written-sql.ts";

/** What tells the rows apart; undefined without the option. */
export const openAdopt = ({ adopt: option, table, identity }: MergeShape): Adopt | undefined => {
  if (option === undefined) return undefined;
  if (identity.length === 0) throw adoptNeedsPrimaryKey(table.name);
  return { option, identity };
};

/**
 * New records whose row the target has already, under another origin: with `report` they are set aside;
 * with `apply` the row gets their key, and is compared like any other.
 *
 * Only one row for one record will do. A record that might be several rows, or a row that several records
 * claim, is left for a person.
 */
export const adoptSteps = (
  parts: Pick<MergeParts, "shape" | "adopt" | "written">,
  where: string,
): Step[] => {
  const { shape, adopt } = parts;
  if (adopt === undefined) return [];
  const sql = adoptSql(shape, adopt, where);
  const settling = adopt.option.action === "report" ? reporting : applying;
  const matching: Step[] = [
    { sql: `truncate ${MATCH}` },
    { sql: sql.matches, whenAny: settling({ ...parts, adopt }, sql.apply) },
  ];
  return [
    { sql: `truncate ${FRESH}` },
    { sql: WHOLE_WHEN_MANY },
    { sql: sql.fresh },
    { sql: AS_IT_WAS },
    { sql: sql.load },
    { sql: `select from ${ADOPTABLE} limit 1`, whenAny: matching },
  ];
};

/**
 * Of many rows, each is not to be compared with all that the target has: PostgreSQL would do that while its statistics
 * are from before most of the rows came, in the middle of a first load or an adoption; see `isFound`.
 */
const WHOLE_WHEN_MANY = `select set_config('enable_nestloop', 'off', true) where (select count(*) from ${STAGE}) >= 1000`;
const AS_IT_WAS = "set local enable_nestloop to default";

type Adopting = Pick<MergeParts, "shape" | "written"> & { readonly adopt: Adopt };

const reporting = ({ shape, adopt }: Adopting): Step[] => [
  { sql: setAsideUnsure(adopt, "not is_sure") },
  { sql: setAsideSure(shape, adopt) },
  { sql: movedFindings(shape, "adoptable", `${MATCH} where is_sure`) },
  { sql: `delete from ${STAGE} where ${NUMBER} in (select n from ${MATCH})` },
];

const applying = ({ shape, written, adopt }: Adopting, apply: string): Step[] => {
  const isAdopted = `n in (select n from ${MOVED})`;
  return [
    { sql: apply },
    ...forgetWritten({ shape, written }, "adopted"),
    // Those, too, for which another session of the same run, or a person, was faster.
    { sql: setAsideUnsure(adopt, `not ${isAdopted}`) },
    { sql: movedFindings(shape, "adopted", `${MATCH} where ${isAdopted}`) },
    {
      sql: `delete from ${STAGE} where ${NUMBER} in (select n from ${MATCH} where not ${isAdopted})`,
    },
  ];
};

/** What a person reads of a record that may be several rows. */
const setAsideUnsure = (adopt: Adopt, which: string): string => `
  insert into ${REFUSED} (n, code, message)
  select n, 'adopt_ambiguous', format(${literal("It is not sure which row it is: by `%s` it may be %s, or that row is another record's too. Nothing was changed.")}, ${matchedBy(adopt)}, string_agg(${rowText(adopt)}, '; ' order by nth))
    from ${MATCH} where ${which} group by n`;

/** What a person reads of a record whose row may be adopted: which row, its key, by what it was found. */
const setAsideSure = ({ asWritten }: MergeShape, adopt: Adopt): string => `
  insert into ${REFUSED} (n, code, message)
  select n, 'adoptable', format(${literal(`Its row, %s, is there already with the key %s (by \`%s\`); \`${asWritten(["adopt", "action"], "apply").replaceAll("%", "%%")}\` takes it over.`)}, min(${rowText(adopt)}), array_to_string(min(old_key), ', ', '(empty)'), ${matchedBy(adopt)})
    from ${MATCH} where is_sure group by n`;

/** The expression by which it was found. */
const matchedBy = ({ option }: Adopt): string =>
  `(array[${option.match.map(({ row }) => literal(row)).join(", ")}])[min(rank) + 1]`;

/** `id_synthese 4711`: how people look a row up. */
const rowText = ({ identity }: Adopt): string =>
  `concat_ws(', ', ${identity.map(({ name }, index) => `${literal(`${name} `)} || row_key[${index + 1}]`).join(", ")})`;
