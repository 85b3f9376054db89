/** The statements by which rows of another origin are found and taken over. */

import { quoted, quotedList } from "../names.ts";
import { assignments, keyArray, sameKey } from "./key-sql.ts";
import { rowLabel } from "./labels.ts";
import type { AdoptOption, MergeShape } from "./shape.ts";
import {
  ADOPT_SCOPE,
  ADOPTABLE,
  FRESH,
  MATCH,
  MOVED,
  NUMBER,
  rowColumn,
  STAGE,
} from "./temporary.ts";

/** The columns of the target's primary key. */
export type Identity = readonly { readonly name: string; readonly type: string }[];

/** How the rows of the target that may be adopted are told apart: by its primary key. */
export interface Adopt {
  readonly option: AdoptOption;
  readonly identity: Identity;
}

/** The temporary tables of what may be adopted, besides those of any merge. */
export const adoptTables = ({ table }: MergeShape, { option, identity }: Adopt): string => {
  const within = option.within.map((name, index) => {
    const found = table.columns.find((column) => column.name === name);
    return `w${index} ${found?.declaredType ?? "text"} not null`;
  });
  const columns = [
    ...identity.map(({ name, type }) => `${rowColumn(name)} ${type} not null`),
    ...within,
    ...option.match.map((_, index) => `m${index} text`),
  ];
  return `
    create temporary table runner_fresh (n integer primary key);
    create temporary table runner_adopt_scope (${within.join(", ")}, unique (${within.map((_, index) => `w${index}`).join(", ")}));
    create temporary table runner_adoptable (${columns.join(", ")}, primary key (${quotedList(identity.map(({ name }) => `row ${name}`))}));
    create temporary table runner_match (n integer, rank integer, row_key text[], old_key text[], new_key text[], is_sure boolean, nth bigint, label text);`;
};

/**
 * `fresh` notes which staged rows the target does not have, `load` finds the rows that may be adopted, once for each
 * value of `within` that comes, `matches` those that are records of this chunk, by the first expression that fits,
 * and `apply` gives the rows that are sure their new key.
 */
export const adoptSql = (shape: MergeShape, { option, identity }: Adopt, where: string) => {
  const { table } = shape;
  const isNew = `stage.${NUMBER} in (select n from ${FRESH})`;
  const within = option.within.map((name, index) => ({ name: quoted(name), w: `w${index}` }));
  const row = identity.map(({ name }) => rowColumn(name)).join(", ");
  const isRow = (alias: string) =>
    identity
      .map(({ name }) => `target.${quoted(name)} = ${alias}.${rowColumn(name)}`)
      .join(" and ");
  const all = <Item>(items: readonly Item[], text: (item: Item, index: number) => string) =>
    items.map(text).join(", ");
  return {
    fresh: `
  insert into ${FRESH} select ${NUMBER} from ${STAGE} as stage
   where not exists (select from ${table.sql} as target where ${sameKey(shape, "target", "stage")}${where})`,
    load: `
  with scope as (
    insert into ${ADOPT_SCOPE}
    select distinct ${all(within, ({ name }) => `stage.${name}`)} from ${STAGE} as stage
     where ${within.map(({ name }) => `stage.${name} is not null`).join(" and ")} and ${isNew}
    on conflict do nothing returning ${all(within, ({ w }) => `${w} as ${quoted(`runner ${w}`)}`)}
  )
  insert into ${ADOPTABLE}
  select ${all(identity, ({ name }) => `present.${quoted(name)}`)}, ${all(within, ({ name }) => `present.${name}`)},
         ${all(option.match, (match) => `(${match.row}\n)::text`)}
    from ${table.sql} as present
    join scope on ${within.map(({ name, w }) => `present.${name} = scope.${quoted(`runner ${w}`)}`).join(" and ")}
   where (${option.where}\n)`,
    matches: `
  with fresh as (
    select ${NUMBER} as n, ${all(within, ({ name, w }) => `stage.${name} as ${w}`)},
           ${all(option.match, (match, index) => `(${match.record}\n)::text as m${index}`)}
      from ${STAGE} as stage where ${isNew}
  ),
  found as (
    ${option.match
      .map(
        (_, index) =>
          `select n, ${index} as rank, ${row} from fresh join ${ADOPTABLE} as old using (${all(within, ({ w }) => w)}) where fresh.m${index} = old.m${index}`,
      )
      .join(" union all ")}
  ),
  best as (
    select distinct n, rank, ${row} from (select *, min(rank) over (partition by n) as first from found) as ranked
     where rank = first
  )
  insert into ${MATCH} (n, rank, row_key, old_key, new_key, is_sure, nth, label)
  select best.n, best.rank, array[${all(identity, ({ name }) => `${rowColumn(name)}::text`)}],
         ${keyArray(shape, "target")}, ${keyArray(shape, "stage")},
         count(*) over (partition by best.n) = 1 and count(*) over (partition by ${row}) = 1,
         row_number() over (partition by best.n order by ${row}), ${rowLabel(shape, "target")}
    from best
    join ${STAGE} as stage on stage.${NUMBER} = best.n
    join ${table.sql} as target on ${isRow("best")}`,
    apply: `
  with chosen as (
    select n, ${all(identity, ({ name, type }, index) => `row_key[${index + 1}]::${type} as ${rowColumn(name)}`)} from ${MATCH} where is_sure
  ),
  adopted as (
    update ${table.sql} as target set ${[
      ...shape.key.map(({ name }) => `${quoted(name)} = stage.${quoted(name)}`),
      ...assignments(shape.onUpdate),
    ].join(", ")}
      from chosen join ${STAGE} as stage on stage.${NUMBER} = chosen.n
     where ${isRow("chosen")} and exists (select from (select target.*) as present where (${option.where}\n))
    returning chosen.n, ${all(identity, ({ name }) => `chosen.${rowColumn(name)}`)}
  ),
  gone as (
    delete from ${ADOPTABLE} as old using adopted
     where ${identity.map(({ name }) => `old.${rowColumn(name)} = adopted.${rowColumn(name)}`).join(" and ")}
  )
  insert into ${MOVED} (n, kind) select n, 'adopted' from adopted`,
  };
};
