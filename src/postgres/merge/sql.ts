/** The statements of a merge, made once for a flow from what its columns are to the target. */

import { quoted, quotedList } from "../names.ts";
import { readable } from "./labels.ts";
import type { MergedColumn, MergeShape, Plain } from "./shape.ts";
import { beside, DIFF, HASH, INPUT, NUMBER, PROBE, ROW, rowColumn, STAGE } from "./temporary.ts";

const names = (columns: readonly { readonly name: string }[]): string[] =>
  columns.map(({ name }) => name);

/** `a.k1 = b.k1 and a.k2 = b.k2` */
export const sameKey = ({ key }: MergeShape, a: string, b: string): string =>
  key.map(({ name }) => `${a}.${quoted(name)} = ${b}.${quoted(name)}`).join(" and ");

export const keyOf = ({ key }: MergeShape, alias: string): string =>
  key.map(({ name }) => `${alias}.${quoted(name)}`).join(", ");

/** The values of the key as an array of text. */
export const keyArray = ({ key }: MergeShape, alias: string): string =>
  `array[${key.map(({ name }) => `${alias}.${quoted(name)}::text`).join(", ")}]`;

/** The key for people: `3, 12 `. */
export const keyText = ({ key }: MergeShape, alias: string): string =>
  `concat_ws(', ', ${key.map(({ name }) => `${alias}.${quoted(name)}::text`).join(", ")})`;

/**
 * Says of each probed row: `duplicate` (its key came before in this run), `unchanged`, or `candidate`.
 * `$1` is the run, `$2` the version; `where` narrows the target.
 */
export const verdicts = (shape: MergeShape, track: string, where: string): string => `
  select verdict, count(*)::integer as rows, count(*) filter (where is_known)::integer as known,
         coalesce(array_agg(n order by n) filter (where verdict <> 'unchanged'), '{}') as numbers
    from (
      select probe.${NUMBER} as n, probe.nth = 1 and track.run <> $1::bigint as is_known,
             case when probe.nth > 1 or track.run = $1::bigint then 'duplicate'
                  when (track.hash = probe.${HASH} and track.version = $2) is not true then 'candidate'
                  when exists (select from ${shape.table.sql} as target where ${sameKey(shape, "target", "probe")}${where})
                  then 'unchanged' else 'candidate' end as verdict
        from (
          select *, row_number() over (partition by ${keyOf(shape, "probe")} order by ${NUMBER}) as nth
            from ${PROBE} as probe
        ) as probe
        left join ${track} as track on ${sameKey(shape, "track", "probe")}
    ) as judged
   group by verdict`;

/** All that were seen in this run, whatever becomes of them. `$1` is the run, `$2` the version. */
export const touchTrack = (shape: MergeShape, track: string): string => `
  update ${track} as track set run = $1::bigint${
    shape.input === undefined
      ? ""
      : `, input = case when track.hash = probe.${HASH} and track.version = $2 then probe.${INPUT} else track.input end`
  } from ${PROBE} as probe
   where ${sameKey(shape, "track", "probe")} and track.run <> $1::bigint`;

/**
 * What was merged, or compared and found equal; what is held is to be compared again. `$1` is the run, `$2` the version.
 *
 * With other sessions at work, only rows that are new or that this transaction has touched: another's tells
 * that the same key went two ways.
 */
export const remember = (shape: MergeShape, track: string, isShared: boolean): string => `
  insert into ${track} as track (${quotedList(names(shape.key))}, hash, version, run, input)
  select ${keyOf(shape, "stage")}, stage.${HASH}, $2, $1::bigint, ${shape.input === undefined ? "null" : `stage.${INPUT}`}
    from ${STAGE} as stage
   where stage.${NUMBER} not in (select n from ${DIFF} where verdict = 'held')
  on conflict (${quotedList(names(shape.key))}) do update
    set hash = excluded.hash, version = excluded.version, run = excluded.run, input = excluded.input${
      isShared ? " where track.xmin::text = (txid_current() % 4294967296)::text" : ""
    }`;

/** Key by number, for the messages of rejects. `$1` are the numbers. */
export const keysOf = (shape: MergeShape): string => `
  select ${NUMBER} as n, ${keyText(shape, "probe")} as key from ${PROBE} as probe where ${NUMBER} = any ($1)`;

/** The values that key columns have in all rows of the probe, as SQL literals; null where they differ. */
export const constants = ({ key }: MergeShape, keys: string): string =>
  `select ${key
    .map(
      ({ name }, index) =>
        `case when min(${quoted(name)}::text) = max(${quoted(name)}::text) then quote_literal(min(${quoted(name)}::text)) end as c${index}`,
    )
    .join(", ")} from ${keys}`;

/**
 * Rows that would be new but for a column in which no two rows may have the same value: where that
 * value is, whether its row is the same owner's, and whether its key was seen in this run (`$1`).
 */
export const uniqueConflicts = (
  shape: MergeShape,
  { column, owner }: { column: string; owner: readonly string[] },
  { track, where }: { track: string; where: string },
): string => {
  const isOwn =
    owner.length === 0
      ? "false"
      : owner
          .map((name) => `target.${quoted(name)} is not distinct from fresh.${quoted(name)}`)
          .join(" and ");
  const key = shape.key.map(({ name }) => ({ name: quoted(name), own: quoted(`fresh ${name}`) }));
  return `
  with other as materialized (
  select fresh.${NUMBER} as n, fresh.${quoted(column)}::text as value, ${keyText(shape, "target")} as key,
         ${keyArray(shape, "target")} as old_key, ${keyArray(shape, "fresh")} as new_key, ${isOwn} as is_own,
         exists (select from ${track} as track where ${sameKey(shape, "track", "target")} and track.run = $1::bigint)
           or exists (select from ${PROBE} as probe where ${sameKey(shape, "probe", "target")}) as is_seen,
         exists (select from ${track} as track where ${sameKey(shape, "track", "target")}) as is_tracked,
         ${key.map(({ name, own }) => `fresh.${name} as ${own}`).join(", ")}
    from ${ROW} as fresh join ${shape.table.sql} as target on target.${quoted(column)} = fresh.${quoted(column)}
   -- A row with the same key is the record's own. The few others are looked at closer, and only they.
   where (${sameKey(shape, "target", "fresh")}) is not true
  )
  select n, value, key, old_key, new_key, is_own, is_seen, is_tracked from other
   where not exists (select from ${shape.table.sql} as target where ${key.map(({ name, own }) => `target.${name} = other.${own}`).join(" and ")}${where})
   order by 1`;
};

/**
 * Gives rows of the target a new key: those that have the unique value of the rows `$1`. What the track table
 * has of the old one is forgotten, unless run `$2` has seen it.
 */
export const rekey = (
  shape: MergeShape,
  column: string,
  track: string,
): { forget: string; update: string } => ({
  forget: `
    delete from ${track} as track using ${ROW} as fresh, ${shape.table.sql} as target
     where fresh.${NUMBER} = any ($1) and target.${quoted(column)} = fresh.${quoted(column)} and ${sameKey(shape, "track", "target")}
       and track.run <> $2::bigint`,
  update: `
    update ${shape.table.sql} as target set ${[
      ...shape.key.map(({ name }) => `${quoted(name)} = fresh.${quoted(name)}`),
      ...assignments(shape.onUpdate),
    ].join(", ")}
      from ${ROW} as fresh where fresh.${NUMBER} = any ($1) and target.${quoted(column)} = fresh.${quoted(column)}`,
});

/**
 * Compares the staged rows with the target, column by column: each is `new`, `equal`, `changed`, or `held`,
 * which is changed but not to be.
 */
export const compare = (shape: MergeShape, where: string): string => {
  const changed = (isCompared: boolean) => {
    const cases = shape.columns.flatMap((column, index) => {
      const condition = column.isUpdated ? differs(column, isCompared) : undefined;
      return condition === undefined ? [] : [`case when ${condition} then '${index}' end`];
    });
    return cases.length === 0 ? "''" : `concat_ws(',', ${cases.join(", ")})`;
  };
  const [first] = shape.key;
  const rows = shape.identity.map(({ name }) => `, ${rowColumn(name)}`).join("");
  const present = shape.identity.map(
    ({ name }) => `, target.${quoted(name)} as ${rowColumn(name)}`,
  );
  return `
  insert into ${DIFF} (n, verdict, changed, beside${rows})
  select n, case when is_new then 'new' when changed = '' then 'equal' when is_held then 'held' else 'changed' end,
         changed, beside${rows}
    from (
      select fresh.${NUMBER} as n, target.${quoted(first?.name ?? "")} is null as is_new,
             ${changed(true)} as changed, ${changed(false)} as beside, ${isHeld(shape)} as is_held${present.join("")}
        from ${ROW} as fresh left join ${shape.table.sql} as target on ${sameKey(shape, "target", "fresh")}${where}
    ) as compared`;
};

/**
 * Where the rows are that `compare` has found (`diff`): by the primary key, if the target has one.
 *
 * By the key alone, PostgreSQL may be wrong by far. Of a partial index it knows how many rows meet the condition only
 * by the last `analyze`; as long as most of them are newer, it takes them for one, and compares each with all that is staged.
 */
export const isFound = (shape: MergeShape, where: string): string =>
  shape.identity.length === 0
    ? `${sameKey(shape, "target", "fresh")}${where}`
    : `${shape.identity.map(({ name }) => `target.${quoted(name)} = diff.${rowColumn(name)}`).join(" and ")} and ${sameKey(shape, "target", "fresh")}`;

/** Whether a change is of a kind that is held, and the row as it is in the table meets the condition. */
const isHeld = ({ columns, held }: MergeShape): string => {
  if (held === undefined) return "false";
  const differences = columns
    .filter(({ target, isUpdated }) => isUpdated && held.columns.includes(target.name))
    .map((column) => differs(column, true) ?? "false");
  // Inside the sub-select, names mean the columns of the table, and need no alias.
  return `((${differences.join(" or ")}) and exists (select from (select target.*) as present where (${held.where}\n)))`;
};

/** Types of which two values cannot be told equal. */
const WITHOUT_EQUALITY = [
  "json",
  "xml",
  "point",
  "line",
  "lseg",
  "box",
  "path",
  "polygon",
  "circle",
];

const differs = (
  { target, json, isCompared }: MergedColumn,
  wanted: boolean,
): string | undefined => {
  const column = quoted(target.name);
  if (json) {
    const present = `target.${column}::jsonb -> ${literal(json.key)}`;
    // No object of ours, but another's text or number: nothing of it stays.
    const old = `case jsonb_typeof(${present}) when 'object' then ${present} else '{}'::jsonb end`;
    const others = `fresh.${quoted(beside(target.name))}`;
    const whole = `fresh.${column} || ${others}${late(json)}`;
    // Keys that are not compared are taken out of what is there; what is left must be what comes.
    const part = `(${old} - array(select jsonb_object_keys(${others}))) is distinct from (fresh.${column}${late(json)})`;
    if (wanted) return isCompared ? part : undefined;
    return `${old} is distinct from (${whole})`;
  }
  if (isCompared !== wanted) return undefined;
  return WITHOUT_EQUALITY.includes(target.type)
    ? `target.${column}::text is distinct from fresh.${column}::text`
    : `target.${column} is distinct from fresh.${column}`;
};

/** Rows by which columns of theirs are to change. */
export const groups = `
  select changed, beside, count(*)::integer as rows from ${DIFF}
   where verdict = 'changed' group by changed, beside order by 3 desc, 1, 2`;

export const tally = `
  select count(*) filter (where verdict = 'new')::integer as added,
         count(*) filter (where verdict = 'held')::integer as held,
         coalesce(array_agg(n) filter (where verdict = 'equal'), '{}') as equal from ${DIFF}`;

/** Which columns a group changes; their numbers as `groups` gives them. */
export const columnsOf = (shape: MergeShape, ...lists: readonly string[]): MergedColumn[] => {
  const numbers = new Set(
    lists.flatMap((list) => (list === "" ? [] : list.split(",").map(Number))),
  );
  return shape.columns.filter((_, index) => numbers.has(index));
};

/** Updates the rows of a group: `rows` chooses them among `row` (the staged ones). */
export const update = (
  shape: MergeShape,
  columns: readonly MergedColumn[],
  choice: { rows: string; where: string },
): string => updateSetting(shape, columns.map(assignment).join(", "), choice);

/** The same with the assignments as SQL. */
export const updateSetting = (
  shape: MergeShape,
  set: string,
  { rows, where }: { rows: string; where: string },
): string => `
  update ${shape.table.sql} as target set ${[set, ...assignments(shape.onUpdate)].join(", ")}
    from ${ROW} as fresh join ${DIFF} as diff on diff.n = fresh.${NUMBER} where ${rows} and ${isFound(shape, where)}`;

/** The rows of a group: `$1` and `$2` are its lists. */
export const OF_GROUP = "diff.verdict = 'changed' and diff.changed = $1 and diff.beside = $2";
/** A row by itself, inside `judging`. */
export const SUSPECT = `fresh.${NUMBER} = suspect.n`;

export const groupSuspects = (changed: string, besides: string): string =>
  `select n from ${DIFF} where verdict = 'changed' and changed = ${literal(changed)} and beside = ${literal(besides)} order by n`;

export const NEW_SUSPECTS = `select n from ${DIFF} where verdict = 'new' order by n`;
export const HELD_ROWS = "diff.verdict = 'held'";
export const NEW_ROWS = `fresh.${NUMBER} in (select n from ${DIFF} where verdict = 'new')`;

/** `column = value`, of a column in an update. */
export const assignment = (column: MergedColumn): string => {
  const { target, json } = column;
  const name = quoted(target.name);
  if (!json) return `${name} = fresh.${name}`;
  // To JSON's own null, `||` would append, and make an array of the two.
  return `${name} = coalesce(nullif(target.${name}::jsonb, 'null'), '{}'::jsonb) || ${jsonObject(column, late(json))}`;
};

/** For a row that is there: what it does not take over in the column itself. */
const late = (json: MergedColumn["json"]): string => {
  if (json?.late === undefined) return "";
  const column = quoted(json.late.column);
  const isLate = `fresh.${column} is not null and target.${column} is distinct from fresh.${column}`;
  return ` || case when ${isLate} then jsonb_build_object(${literal(json.late.name)}, fresh.${column}) else '{}'::jsonb end`;
};

const jsonObject = (column: MergedColumn, late = ""): string =>
  `jsonb_build_object(${literal(column.json?.key ?? "")}, ${wholeObject(column)}${late})`;

const wholeObject = ({ target }: MergedColumn): string =>
  `fresh.${quoted(target.name)} || fresh.${quoted(beside(target.name))}`;

/** What a row that is there will have under the merge's own key. */
const mergedObject = (column: MergedColumn): string => `${wholeObject(column)}${late(column.json)}`;

/** Old and new of a column, for people; of an object under the merge's own key, the parts that differ. */
export const oldAndNew = (column: MergedColumn): readonly [old: string, fresh: string] => {
  const name = quoted(column.target.name);
  if (!column.json) return [`target.${name}`, `fresh.${name}`];
  const old = `target.${name}::jsonb -> ${literal(column.json.key)}`;
  const fresh = mergedObject(column);
  return [differing(old, fresh), differing(fresh, old)];
};

/** The parts of an object that another has not; what is no object as a whole. */
const differing = (object: string, other: string): string =>
  `case jsonb_typeof(${object}) when 'object' then (select jsonb_object_agg(part.key, part.value) from jsonb_each(${object}) as part where part.value is distinct from (${other}) -> part.key) else ${object} end`;

export const assignments = (values: readonly (readonly [string, Plain])[]): string[] =>
  values.map(([name, value]) => `${quoted(name)} = ${literal(value)}`);

export const insert = (shape: MergeShape, rows: string): string => {
  const written = shape.columns.map(({ target }) => target.name);
  const constant = shape.onInsert.filter(([name]) => !written.includes(name));
  const values = [
    ...shape.key.map(({ name }) => `fresh.${quoted(name)}`),
    ...shape.columns.map((column) =>
      column.json ? jsonObject(column) : `fresh.${quoted(column.target.name)}`,
    ),
    ...constant.map(([, value]) => literal(value)),
  ];
  return `
  insert into ${shape.table.sql} (${quotedList([...names(shape.key), ...written, ...constant.map(([name]) => name)])})
  select ${values.join(", ")} from ${ROW} as fresh where ${rows} order by fresh.${NUMBER}`;
};

/** Old and new text of columns, for people, with labels; `rows` chooses among the staged rows. */
export const examples = (
  shape: MergeShape,
  columns: readonly MergedColumn[],
  { rows, where, most }: { rows: string; where: string; most: number | "all" },
): string => `
  select ${keyText(shape, "target")} as key, ${columns
    .map((column, index) => {
      const [old, fresh] = oldAndNew(column);
      const shown = (text: string) => (column.json ? text : readable(shape, column.target, text));
      return `${shown(`(${old})::text`)} as old${index}, ${shown(`(${fresh})::text`)} as new${index}`;
    })
    .join(", ")}
    from ${ROW} as fresh join ${DIFF} as diff on diff.n = fresh.${NUMBER}
    join ${shape.table.sql} as target on ${isFound(shape, where)}
   where ${rows} order by fresh.${NUMBER} limit ${most}`;

/** A value in SQL. */
export const literal = (value: Plain): string =>
  value === null ? "null" : `'${String(value).replaceAll("'", "''")}'`;
