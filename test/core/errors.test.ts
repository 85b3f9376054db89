import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as errors from "../../src/core/errors.ts";

describe("suggestions", () => {
  test("list what is possible when nothing is close, and not hundreds of names", () => {
    assert.equal(errors.suggestion("xyz", ["from", "to"]), " There is `from` and `to`.");
    assert.equal(errors.suggestion("xyz", []), "");
    const many = Array.from({ length: 230 }, (_, index) => `column${index}`);
    assert.match(errors.suggestion("xyz", many), /`column10` and 219 more\.$/);
  });
});

test("a path with a variable of the shell's own form says how one is written", () => {
  const { message } = errors.inputMissing("$DATA/a.zip", "a.zip", []);
  assert.equal(message, "There is no file or folder $DATA/a.zip. A variable is written `${DATA}`.");
});

test("what is said of a flow that failed is true of what it had committed, in a run and in a plan", () => {
  assert.equal(errors.flowAftermath("f", 0, "run"), "Nothing of flow `f` was committed.");
  assert.equal(
    errors.flowAftermath("f", 2000, "run"),
    "Before that, 2,000 records of flow `f` were committed and stay.",
  );
  assert.equal(
    errors.flowAftermath("f", 1, "run"),
    "Before that, 1 record of flow `f` was committed and stays.",
  );
  assert.equal(errors.flowAftermath("f", 0, "plan"), "A run would commit nothing of flow `f`.");
  assert.equal(
    errors.flowAftermath("f", 2000, "plan"),
    "A run would have committed 2,000 records of flow `f` before that, to stay.",
  );
});

const UNKNOWN_DATASETS = ["a", "b"].map((uuid, index) => ({
  place: `a.zip#${index + 1}`,
  code: "dataset_unknown",
  message: `\`uuid\` is ${uuid}.`,
}));

const STAGE = { table: "s.t", how: "synthese: stage_only" };

/** Messages that no other test pins whole. */
const MESSAGES: [errors.RunnerError, string][] = [
  [
    errors.foundBefore(
      { code: "unknown_column", message: "No.", place: { file: "p.yaml", line: 1, column: 1 } },
      [{ name: "public.t" }, { name: "public.u" }],
    ),
    "No.\nNo flow was run: this was found before the question whether to write into `public.t` and `public.u`, which hold rows of others. With `--yes`, which answers it, nothing is looked for beforehand.",
  ],
  [
    errors.replaceEmpty("pinv_gbif.tmp_gbif_data", { name: "occurrence.txt", read: 2000 }),
    "No record of occurrence.txt got into `pinv_gbif.tmp_gbif_data` (2000 read), and `mode: replace` would leave it empty. Its rows are as they were. " +
      "Look at the source and at what this flow filters and rejects; where the table may be empty, say `may_be_empty: true`.",
  ],
  [
    errors.unknownColumn("year(eventDate)", ["gbif_id", "eventDate"]),
    "`year(eventDate)` is SQL, and the name of a column is wanted here: SQL belongs into the source `postgres`, or into `derive` of `postgres_upsert`.",
  ],
  [
    errors.unknownColumns(["cd_nom", "license"], ["gbif_id", "name"]),
    "There are no columns `cd_nom` and `license` here. There is `gbif_id` and `name`.",
  ],
  [
    errors.delimiterUnused("tsv"),
    "`delimiter` is of `format: csv`, and this is `tsv`, which has its own. Leave it out, or write `format: csv`.",
  ],
  [
    errors.lockNotShared("s.t", "a", { file: "a.yaml", lock: "x" }),
    "Pipeline `a`, a.yaml, empties `s.t`, too, and may do so while this one runs. Give this one `lock: x` as well, or each a table of its own.",
  ],
  [
    errors.lockNotShared("s.t", "a", { file: "a.yaml", lock: undefined }),
    "Pipeline `a`, a.yaml, empties `s.t`, too, and may do so while this one runs. Give both the same `lock`, or each a table of its own.",
  ],
  [
    errors.givenPipeline("pipelines/inat.yaml"),
    "pipelines/inat.yaml is a pipeline, and here is the place of what one reads: an archive, a text file. `runner preview pipelines/inat.yaml` shows the first records of a pipeline, `runner validate pipelines/inat.yaml` checks it.",
  ],
  [
    errors.behindTypeUnknown("a", "text not nul", "not nul"),
    "Behind the type of column `a` stands `not nul`, which PostgreSQL does not know there. Did you mean `not null`?",
  ],
  [
    errors.behindTypeUnknown("a", "text obligatoire", "obligatoire"),
    "Behind the type of column `a` stands `obligatoire`, which PostgreSQL does not know there. There may be `not null`, `default`, `unique` and `primary key`.",
  ],
  [
    errors.typesDiffer(
      "p.t",
      [{ name: "a", there: "bigint", declared: "text", where: "a: text not null" }],
      {
        fits: true,
        statement: 'alter table "p"."t" alter column "a" type text using "a"::text::text;',
      },
    ),
    'Table `p.t` is there already, with other types than `create` says: `a` is `bigint`, not `text`. It is loaded as it is there, and a value that does not fit is refused. Write under `create` what is there; or make it as it says:\n  alter table "p"."t" alter column "a" type text using "a"::text::text;',
  ],
  [
    errors.typesDiffer(
      "t",
      [{ name: "a", there: "uuid", declared: "bigint", where: "a: bigint" }],
      {
        fits: false,
        statement: "alter table t;",
      },
    ),
    "Table `t` is there already, with other types than `create` says: `a` is `uuid`, not `bigint`. No value can fit. Is it the right table? Write under `create` what is there; or make it as it says:\n  alter table t;",
  ],
  [
    errors.tableInState("obs", "runner"),
    "`obs` has no schema, and for the role `runner` that means the schema `runner`, where the runner keeps what it has done. Write a schema of your own before it: `public.obs`.",
  ],
  [
    errors.tableInState("runner.obs", "me"),
    "`runner.obs` would be in the schema `runner`, where the runner keeps what it has done. Write a schema of your own before it: `public.obs`.",
  ],
  [
    errors.initEncoding(),
    "`--encoding` says how an archive or a text file is encoded; GBIF's answer to a query is always UTF-8. Leave it out.",
  ],
  [
    errors.initNoTable("a.zip", "It has no table."),
    "No table of a.zip has records that can be read, so there is no pipeline for it: It has no table.",
  ],
  [
    errors.databaseReadOnly("postgresql://me@host/x"),
    "postgresql://me@host/x takes no writes: it is a standby, or read-only by `default_transaction_read_only`. Name the primary server.",
  ],
  [
    errors.serverOld("11.5"),
    "PostgreSQL 11.5 is older than what is tested (15 and 18). Try `runner plan` before a run.",
  ],
  [
    errors.folderForbidden("/var/cache", "GBIF's archives", new Error("EACCES")),
    "GBIF's archives go into /var/cache, which cannot be written: EACCES. Give the user that runs this the right to write there.",
  ],
  [
    errors.diskSmall("/var/cache", "2 MB", "a run may need more. Make room."),
    "/var/cache has 2 MB free, and a run may need more. Make room.",
  ],
  [
    errors.checkFailed("sql/a.sql, sql/b.sql", "the role lacks rights"),
    "No verdict of sql/a.sql, sql/b.sql: the role lacks rights.",
  ],
  [
    errors.notSetUp(["gn_meta", "postgis"], 2),
    "Not set up yet: setup makes `gn_meta` and `postgis`, at which 2 checks look. `runner setup` makes it now, and the first run does; then look again.",
  ],
  [
    errors.checkShape("sql/a.sql"),
    "The check sql/a.sql is to give rows of `level` (`ok`, `warning`, `problem` or `stop`) and `message`, and gives others.",
  ],
  [
    errors.codesFrozen(["SEXE 6"]),
    "GeoNature has frozen or switched off `SEXE 6`, which the mapping uses. Rows with them load; better map to a code that is in use.",
  ],
  [
    errors.testColumnUnused("ordre", { asked: ["date", "order"], isMade: false }),
    "Nothing uses the column `ordre`. Did you mean `order`?",
  ],
  [
    errors.testColumnUnused("date_min", { asked: ["date"], isMade: true }),
    "The flow makes the column `date_min` itself, whatever the row says. Leave it out, and give what it is made of.",
  ],
  [
    errors.testColumnMissing("nmae", ["name"]),
    "The rows that come out have no column `nmae`. Did you mean `name`?",
  ],
  [
    errors.inputIsFolder("/data/x", "csv"),
    "/data/x is a folder, and `csv` reads one file: name the file.",
  ],
  [
    errors.testTableFailed("ref.taxa", new Error('invalid input syntax for type integer: "nine"')),
    'PostgreSQL refused the rows that the test gives for `ref.taxa`: invalid input syntax for type integer: "nine".',
  ],
  [
    errors.rightsMissing("loader", "s.t", ["grant usage on schema s to loader;"]),
    "Role `loader` lacks rights for `s.t`. Who administers the database runs:\n  grant usage on schema s to loader;",
  ],
  [
    errors.rightsMissing("loader", { readBy: "sql" }, ["grant select on table s.t to loader;"]),
    "Role `loader` lacks rights for what `sql` reads. Who administers the database runs:\n  grant select on table s.t to loader;",
  ],
  [
    errors.typeCannotFit("s.t", { name: "seen", declaredType: "date" }, "uuid"),
    "Column `seen` of `s.t` is date, and gets values of type uuid: none can fit. Is it the right column?",
  ],
  [
    errors.columnsComputed("s.t", ["id", "upper"]),
    "Table `s.t` computes `id` and `upper` itself (`generated always`) and refuses values for them. Leave them out with `project`.",
  ],
  [
    errors.valueCannotFit(
      "s.t",
      { name: "note", declaredType: "character varying(5)" },
      { value: "abcdef", reason: "it is longer" },
    ),
    'Column `note` of `s.t` is character varying(5), and "abcdef" does not fit: it is longer.',
  ],
  [
    errors.expressionFailed("`hold_when`", "hold_when", new Error('column "x" does not exist')),
    'Postgres refuses the SQL of `hold_when`: column "x" does not exist.',
  ],
  [
    errors.databaseRefuses(new Error("permission denied for schema s")),
    "Postgres says: permission denied for schema s. A run would stop here.",
  ],
  [
    errors.nothingToConnect("pipelines/inat.yaml", "${DATABASE_URL}"),
    "The database of pipelines/inat.yaml is not known here: `${DATABASE_URL}`. Set the variable, or name a database with `--database`.",
  ],
  [
    errors.knownRejects("dataset_unknown", ["`uuid` is 1.", "`uuid` is 2."]),
    "2 records would be rejected as dataset_unknown: `uuid` is 1. `uuid` is 2.",
  ],
  [
    errors.knownRejects("dataset_unknown", ["`uuid` is 1."], "Create it."),
    "1 record would be rejected as dataset_unknown: `uuid` is 1. Create it.",
  ],
  [
    errors.lockBusy("staging", "by pipeline `a`, process 1 on h, run 2, since 2026-01-01 10:00:00"),
    "The lock `staging` is held by pipeline `a`, process 1 on h, run 2, since 2026-01-01 10:00:00. Pipelines with the same `lock` never run at the same time: wait for it to end.",
  ],
  [
    errors.firstWrite(
      "inat",
      [{ name: "gn_synthese.synthese", isEmptied: false }],
      "pipelines/inat.yaml",
    ),
    "Pipeline `inat` has never written into `gn_synthese.synthese`, which holds rows already. No flow was run. `runner plan pipelines/inat.yaml` shows what it would change there; `--yes` lets it, this time and from then on.",
  ],
  [
    errors.firstWrite(
      "p",
      [
        { name: "a.b", isEmptied: true },
        { name: "a.c", isEmptied: false },
      ],
      "p.yaml",
    ),
    "Pipeline `p` has never written into `a.b` and `a.c`, which hold rows already; those of `a.b` would be removed (`mode: replace`). No flow was run. `runner plan p.yaml` shows what it would change there; `--yes` lets it, this time and from then on.",
  ],
  [
    errors.nameShared("inat", "pipelines/inat.yaml", "12"),
    "`name: inat` is also that of pipelines/inat.yaml, from which run 12 came: runs, locks and what is known as loaded go by the name, and both pipelines would take what the other has done for their own. Give this one a name of its own; if it is the same pipeline, run it once with `--yes`.",
  ],
  [
    errors.sqlWrites({ word: "\\dt" }),
    "`\\dt` is a command of psql, and no SQL. Tables are in `select table_schema, table_name from information_schema.tables`, columns in `information_schema.columns`. `runner sql` only reads: one `select`, `with`, `values` or `table`. Nothing was changed.",
  ],
  [
    errors.sqlWrites({ word: "delete" }),
    "The statement begins with `delete`. `runner sql` only reads: one `select`, `with`, `values` or `table`. Nothing was changed.",
  ],
  [
    errors.sqlWrites({ cause: new Error("cannot execute nextval() in a read-only transaction") }),
    "cannot execute nextval() in a read-only transaction. `runner sql` only reads: one `select`, `with`, `values` or `table`. Nothing was changed.",
  ],
  [
    errors.sqlRefused(
      { line: 1, column: 8, frame: "  1 | select nmae from t\n    |        ^" },
      Object.assign(new Error('column "nmae" does not exist'), { hint: "Perhaps `name`." }),
    ),
    'Postgres refuses the statement at 1:8: column "nmae" does not exist. Perhaps `name`.\n  1 | select nmae from t\n    |        ^',
  ],
  [
    errors.databaseUnreachable("postgresql://a@h/d", errors.passwordMissing()),
    "There is no connection to postgresql://a@h/d: the server asks for a password, and there is none. Set the password in the URL, in `PGPASSWORD` or in `~/.pgpass` (readable by you alone).",
  ],
  [
    errors.databaseUnreachable("postgresql://a@h/d", errors.passwordMissing("/home/a/.pgpass")),
    "There is no connection to postgresql://a@h/d: the server asks for a password, and /home/a/.pgpass is not taken, as others may read it, too (`chmod 600` mends that). Set the password in the URL, in `PGPASSWORD` or in `~/.pgpass` (readable by you alone).",
  ],
  [
    errors.databaseUnset(["DATABASE_URL"]),
    "`DATABASE_URL` of the environment, which says which database the pipeline has, has no value. Set it, or name the database with `--database`.",
  ],
  [
    errors.keyDiffers("a.b", ["c", "d"], "alter table a.b add primary key (c, d);"),
    "Table `a.b` is there already, without the primary key that `create` declares (`c` and `d`), so rows that are there twice are not refused. This adds it:\n  alter table a.b add primary key (c, d);",
  ],
  [
    errors.tableDiffers("a.b", "abcdefghijklm".split(""), {
      statement: "alter table a.b add column …;",
    }),
    "Table `a.b` is there already, without `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h`, `i`, `j`, `k` and 2 more. It seems to be another table: name one of your own under `table`, which is made when it is not there.",
  ],
  [
    errors.systemRefused(
      Object.assign(new Error("EACCES: permission denied, open '/srv/a/lock'"), {
        code: "EACCES",
        syscall: "open",
        path: "/srv/a/lock",
      }),
    ) as errors.RunnerError,
    "The system refuses open of /srv/a/lock: permission denied. Give the user that runs this the rights on /srv/a.",
  ],
  [
    errors.systemRefused(
      Object.assign(new Error("ENOSPC: no space left on device, write"), {
        code: "ENOSPC",
        syscall: "write",
      }),
    ) as errors.RunnerError,
    "The system refuses write: the disk is full. Make room, and run it again.",
  ],
  [
    errors.systemRefused(
      Object.assign(new Error("EMFILE: too many open files, open 'a'"), {
        code: "EMFILE",
        syscall: "open",
        path: "a",
      }),
    ) as errors.RunnerError,
    "EMFILE: too many open files, open 'a'.",
  ],
  [
    errors.unknownRun(
      7,
      { name: "inat", file: "inat.yaml", at: " --database postgresql://me@host/x" },
      "postgresql://me@host/x",
    ),
    "Pipeline `inat` has no run 7 in postgresql://me@host/x. `runner history inat.yaml --database postgresql://me@host/x` lists its runs.",
  ],
  [
    errors.unknownRun(undefined, { name: "inat", file: "inat.yaml" }, "postgresql://me@host/x"),
    "Pipeline `inat` has not been run in postgresql://me@host/x yet.",
  ],
  [
    errors.repairedInvalid("bad.csv:3", "it has no record"),
    "bad.csv:3 cannot be loaded again: it has no record. Nothing was loaded; `runner rejects` exports what can.",
  ],
  [
    errors.replayNotAdded("out.tsv"),
    "The file out.tsv is written anew by each run, so a few repaired records would take the place of all others. Nothing was written. Repair the input itself and run the pipeline again.",
  ],
  [
    errors.severalFlows(["a", "b"]),
    "The records of `a` and `b` have different columns, and a table has one header. Choose one with `--flow`, or write `--ndjson`.",
  ],
  [
    errors.planLocked(10, undefined),
    "Somebody holds a lock that this needs for more than 10 s, and a plan waits no longer, as others wait for its own locks. Nothing was changed. Try again later, or give `--lock-timeout` more seconds.",
  ],
  [
    errors.transactionAborted(),
    "PostgreSQL rolled the transaction back instead of committing it, because a statement in it failed.",
  ],
  [
    errors.embeddedBroken("p/.runner/db", new Error("no space left")),
    "The embedded database in p/.runner/db does not open: no space left. If nothing in it is needed, remove the folder and run again; or name a server with `--database`.",
  ],
  [
    errors.databaseInUse("p/.runner/db", undefined),
    "The embedded database in p/.runner/db is in use by another process. It has room for one: wait until that one ends, or load into a server. If that is no runner, remove p/.runner/db/lock.",
  ],
  [
    errors.databaseInUse("p/.runner/db", {
      pid: 12,
      words: "pipelines/inat.yaml",
      since: new Date(2026, 10, 24, 9, 5, 3),
    }),
    "The embedded database in p/.runner/db is in use by process 12 (`runner pipelines/inat.yaml`), since 09:05:03. It has room for one: wait until that one ends, or load into a server. If that is no runner, remove p/.runner/db/lock.",
  ],
  [
    errors.stateForbidden("postgresql://me@host/x", "permission denied for database x", [
      "create schema runner authorization me;",
    ]),
    "The runner keeps its state in schema `runner` of postgresql://me@host/x, and may not: permission denied for database x. `runner doctor` lists what else may be missing. Who administers the database runs:\n  create schema runner authorization me;",
  ],
  [
    errors.stateOutdated("postgresql://me@host/x", "loader", "admin"),
    "Schema `runner` of postgresql://me@host/x, where the runner keeps its state, is of an earlier version, and its tables belong to role `admin`: role `loader` may not bring them up to date. Run `runner setup PIPELINE` once as `admin`; after that `loader` can run it again.",
  ],
  [
    errors.ownersOther("loader", "admin", ["alter table a.b owner to loader;"]),
    "Setup alters tables that only their owner may alter, and role `loader` is not their owner (it is `admin`). Load as that owner; or who administers the database runs:\n  alter table a.b owner to loader;",
  ],
  [
    errors.ownersOther("loader", "admin", []),
    "Setup alters tables that only their owner may alter, and role `loader` is not their owner (it is `admin`). They are in schemas of GeoNature, which stay its own: take what alters them out of `setup`.",
  ],
  [
    errors.sandboxMisplaced("sql/geonature-sandbox.sql", "gn"),
    "sql/geonature-sandbox.sql makes a sandbox, and database gn has a GeoNature of its own: setup would refuse. Take the line out of `setup` for this database; its tables need no other owner.",
  ],
  [
    errors.replayMissing("repaired.csv", undefined),
    "There is no file repaired.csv with repaired records.",
  ],
  [
    errors.sandboxMade("sql/geonature-sandbox.sql", "tester"),
    "The sandbox that sql/geonature-sandbox.sql makes is there already, and it is role `tester`'s: setup would be refused. Run as that role, or take the line out of `setup` for this role; the tables need no other owner.",
  ],
  [
    errors.setupFailed("sql/a.sql:2:8", new Error("syntax error"), false),
    "The setup script sql/a.sql:2:8 failed: syntax error. Nothing of it was kept, and no flow was run.",
  ],
  [
    errors.setupFailed("sql/a.sql", new Error("these rights are missing:\n  grant x;\n"), true),
    "The setup script sql/a.sql failed: these rights are missing:\n  grant x;\nOnly the parts before it were kept, and no flow was run.",
  ],
  [
    errors.setupFailed(
      "sql/a.sql",
      Object.assign(new Error("cannot alter type of a column used by a view or rule"), {
        detail: 'rule _RETURN on view v depends on column "a"',
        hint: "Ask.",
      }),
    ),
    'The setup script sql/a.sql failed: cannot alter type of a column used by a view or rule. rule _RETURN on view v depends on column "a". Ask. Nothing of it was kept, and no flow was run.',
  ],
  [
    errors.statementFailed(
      "permission denied for table t",
      { sqlstate: "42501", hint: "Ask." },
      undefined,
    ),
    "Postgres says: permission denied for table t. Ask. (SQLSTATE 42501)",
  ],
  [
    errors.noPipelineThere("samples"),
    "There is no pipeline in samples: no `.yaml` file with a `name` and `flows`.",
  ],
  [errors.queryWithoutColumns("sql"), "The statement `sql` gives no column."],
  [
    errors.queryFailed(
      "a.sql",
      {},
      Object.assign(new Error("no function f(text)"), { hint: "Add a cast." }),
    ),
    "The statement `a.sql` failed: no function f(text). Add a cast.",
  ],
  [
    errors.queryGivesNoRows("selct", { sql: "selct 1" }),
    "The statement begins with `selct`. Did you mean `select`?",
  ],
  [
    errors.vanishedFlowUnknown("occurences", ["occurrences", "synthese"]),
    "`of` of `vanished` names flow `occurences`, which the pipeline does not have, so nothing could ever vanish. Did you mean `occurrences`?",
  ],
  [
    errors.queryHasMany({ sql: "select 1; select 2", position: 11 }),
    "One statement is wanted, and after its semicolon another begins. Put it into a file of its own, or make one of the two: `with`, `union all`.",
  ],
  [errors.sqlFileMissing("sql/a.sql"), "There is no SQL file sql/a.sql."],
  [
    errors.sqlFileMissing("sql", { code: "EISDIR" }),
    "sql is a folder, and this is the place of an SQL file.",
  ],
  [
    errors.sqlFileMissing("a.sql", { code: "EACCES", message: "permission denied" }),
    "The SQL file a.sql cannot be read: permission denied.",
  ],
  [
    errors.sqlNotUtf8("a.sql", "déjà vu"),
    'a.sql is not in UTF-8. In windows-1252 it reads "déjà vu": if that is right, `iconv -f WINDOWS-1252 -t UTF-8 a.sql > new.sql` makes a file in UTF-8 of it.',
  ],
  [
    errors.sqlNotUtf8("a.sql", undefined),
    "a.sql is in UTF-16, and SQL files are in UTF-8. `iconv -f UTF-16 -t UTF-8 a.sql > new.sql` makes one of it.",
  ],
  [
    errors.sqlCircle(["a.sql", "b.sql", "a.sql"]),
    "These scripts run each other without an end, by `\\ir`: a.sql → b.sql → a.sql. Take one of the lines out.",
  ],
  [
    errors.queryGivesNoRows("", { sql: "" }),
    "The statement is empty. One that gives rows begins with `select`, `with`, `values` or `table`.",
  ],
  [
    errors.duplicatePipeline("p", "a.yaml:1:7", ["c.yaml:1:7", "d.yaml:2:7"]),
    "`p` is the name of other pipelines of the same database, too: a.yaml:1:7, c.yaml:1:7, d.yaml:2:7. Runs and locks go by the name: give this one another.",
  ],
  [
    errors.duplicatePipeline("p", "a.yaml:1:7"),
    "`p` is the name of another pipeline of the same database, too: a.yaml:1:7. Runs and locks go by the name: give this one another.",
  ],
  [
    errors.passwordInPipeline(),
    "There is a password in the pipeline, which whoever gets the file can read. Write `database: ${DATABASE_URL}` and give the URL in the environment; or leave the password out of the URL, and put it into `~/.pgpass`. If others had the file already, change the password.",
  ],
  [
    errors.badDatabaseUrl("postgresql://u:p/@h/d"),
    '`database` must be `embedded` or a URL such as `postgresql://user@host:5432/geonature`, and is "postgresql://u:***@h/d". Characters like `@`, `/` and `%` in a password must be percent-encoded.',
  ],
  [
    errors.withAdvice(errors.unknownFlow("f", []), {
      isShared: true,
      type: {
        column: "n",
        type: "date",
        where: "p.yaml:1:2",
        values: ["1", "2"],
        better: ["integer", "text"],
      },
    }),
    "The pipeline has no flow `f`.\n" +
      'Or is it the type? Column `n` is `date` under `create` (p.yaml:1:2): if its values ("1" and "2") are right, write `integer` or `text` there; a table that is there already needs `alter table` as well.\n' +
      "The limit stands in a file that others may include, too: if it has a parameter, give that beside `include`.",
  ],
  [
    errors.createColumnUnused("t", "nmae", ["name"]),
    "No column `nmae` comes to this sink, so that it would be empty in each row of `t`. Did you mean `name`?",
  ],
  [
    errors.doesNotAddUp("f", { read: 3, inserted: 2 }),
    "The account of flow `f` does not add up: read 3, inserted 2. This is a defect of the runner; please report it.",
  ],
  [
    errors.rowsSuppressed("t", 2),
    "Table `t` took 2 rows and did not store them: a trigger or rule suppresses them. Load another table, or switch the trigger off for the load.",
  ],
  [
    errors.unknownType("born", "datetime2"),
    'The database has no type "datetime2" (column `born`). There is `bigint`, `boolean`, `date`, `double precision`, `integer`, `jsonb`, `numeric`, `smallint`, `text`, `timestamp`, `timestamptz` and 2 more. Nothing was created.',
  ],
  [
    errors.typeMisspelt("born", "datetime2 not null", ["timestamp"]),
    'PostgreSQL has no type "datetime2 not null" (column `born`). Did you mean `timestamp`? A type of your own is written with its schema: `public.datetime2`.',
  ],
  [
    errors.typeNotKnown("kind", "entier not null"),
    'PostgreSQL and PostGIS have no type "entier" (column `kind`). One of your own is written with its schema: `public.entier`.',
  ],
  [
    errors.encodingUnknown("a.csv", "klingon", undefined),
    'a.csv is said to be in the encoding "klingon", which is not known. UTF-8, UTF-16 and windows-1252 are, among others.',
  ],
  [
    errors.archiveBroken(
      "a.zip",
      new Error("End of central directory record signature not found."),
    ),
    "a.zip is damaged or was cut off: its end is missing. Fetch it again.",
  ],
  [
    errors.archiveBroken("a.zip", new Error("multi-disk zip files are not supported: found 1")),
    "a.zip is one part of a zip in several parts. Put them together with `zip -s 0 NAME.zip --out whole.zip`, or fetch it in one piece.",
  ],
  [
    errors.archiveBroken("a.csv.gz", new Error("TAR_BAD_ARCHIVE: Unrecognized archive format")),
    "a.csv.gz is compressed by gzip, and there is no tar in it. If it is a single file, unpack it with `gunzip` and name that.",
  ],
  [
    errors.wrongKind({ name: "a.zip", path: "x/a.zip" }, "html"),
    "a.zip is a web page, no Darwin Core Archive. It may be that of an error or a login, kept under the name of what was asked for: look at it in a browser, and fetch the data again.",
  ],
  [
    errors.csvInvalid("a.csv", "Quote Not Closed.", undefined),
    "a.csv cannot be read as CSV: Quote Not Closed. Are delimiter and quote right?",
  ],
  [
    errors.quoteOpen("a.csv:2", '"', undefined),
    'a.csv:2 cannot be read as CSV: the record that begins in this line opens a quote, `"`, that is never closed. Close it, or write `quote: null` if quotes enclose nothing in this file.',
  ],
  [
    errors.delimiterWrong("a.csv", { given: ",", found: ";", line: "id;date" }),
    'a.csv has only one column, as `delimiter` is ","; it looks as if it were separated by ";": "id;date". Write `delimiter: ";"`, or leave it out.',
  ],
  [
    errors.notInEncoding("a.csv:4", { encoding: "utf-8", text: "Gérard" }, undefined),
    'a.csv:4 is not valid UTF-8. In windows-1252 it reads "Gérard": if that is right, write `encoding: windows-1252`.',
  ],
  [
    errors.notInEncoding("a.csv:4", { encoding: "utf-16le" }, undefined),
    "a.csv:4 is not valid UTF-16LE. If it is in another encoding, say so with `encoding`, such as `encoding: windows-1252`.",
  ],
  [
    errors.jsonInvalid("a.json:2", "Unexpected end", undefined),
    "a.json:2 is not JSON: Unexpected end. Nothing of the file was kept.",
  ],
  [
    errors.jsonNoArray("a.json", ""),
    "a.json is not an array. Say with `at` where in it the array is, or with `format: lines` that each line is a record.",
  ],
  [
    errors.noTable("a.zip", ["rights.txt"], []),
    "a.zip has no `meta.xml` and no data file; it has `rights.txt`.",
  ],
  [errors.noTable("a.zip", [], []), "a.zip is an archive without a file in it. Fetch it again."],
  [
    errors.metaTooLarge("meta.xml", 64 * 1024 * 1024),
    "meta.xml has more than 64 MB, which no description has.",
  ],
  [
    errors.downloadFailed("http://host/x.zip", new Error("socket hang up")),
    "http://host/x.zip could not be fetched: socket hang up. Try again later.",
  ],
  [
    errors.downloadCut("http://host/x.zip", 5, 9),
    "http://host/x.zip gave 5 bytes of the 9 it announced. Try again.",
  ],
  [
    errors.proxyInvalid(undefined),
    "HTTPS_PROXY or HTTP_PROXY in the environment is no URL of a proxy; write it like http://proxy.example.org:3128.",
  ],
  [
    errors.redirectRefused("https://a/x", "http://10.0.0.1/x", "an address of a private network"),
    "https://a/x redirects to http://10.0.0.1/x, which is an address of a private network. This was not followed. Is the URL right?",
  ],
  [
    errors.gbifAccountMissing(["GBIF_USER", "GBIF_PWD"]),
    "GBIF prepares downloads for its users only: set `GBIF_USER` and `GBIF_PWD` in the environment. An account is free: https://www.gbif.org/user/profile.",
  ],
  [
    errors.gbifUnauthorized("me"),
    "GBIF does not accept the user `me` with this password. GBIF_USER is the user name, not the e-mail address; GBIF_PWD is its password.",
  ],
  [
    errors.gbifRefused(400, "Cannot deserialize value."),
    "GBIF refuses the request with 400: Cannot deserialize value. Correct the query.",
  ],
  [
    errors.gbifQueryInvalid("queries/inat.json", ["queries/inat.json:3:5 Wrong."]),
    "GBIF was not asked, as the query queries/inat.json is wrong:\n  queries/inat.json:3:5 Wrong.",
  ],
  [
    errors.gbifNoValues("queries/inat.json:3:5"),
    "The statement at queries/inat.json:3:5 gives no value. GBIF was not asked: without its values the query would be another one.",
  ],
  [
    errors.gbifStatementFailed("queries/inat.json:3:5", new Error("no such table.")),
    "Postgres refuses the statement at queries/inat.json:3:5: no such table. GBIF was not asked.",
  ],
  [
    errors.gbifUnreachable("https://api.gbif.org/v1/x", new Error("it answers 500")),
    "GBIF cannot be asked at https://api.gbif.org/v1/x: it answers 500. Nothing is lost: the next run goes on with the same request.",
  ],
  [
    errors.gbifDownloadEnded("0000001-1", "KILLED"),
    "GBIF's download 0000001-1 is KILLED: GBIF stopped it, as it does with very large ones. Run again; if it happens again, ask for less.",
  ],
  [
    errors.gbifTooSlow("0000001-1", "SUSPENDED", 24),
    "GBIF's download 0000001-1 is still SUSPENDED after 24 hours. Run again to go on waiting for it, or raise `max_wait_hours`.",
  ],
  [
    errors.gbifOtherTaxonomy("0000001-1", "2026-11-23"),
    "GBIF answers with its download 0000001-1 of 2026-11-23, whose taxonomy is another than the one asked for: for 48 hours the same predicate gives the same archive. Ask again after that, or change the predicate a little.",
  ],
  [
    errors.taxonKeysCannotJoin("occurrence.txt", "5WZLF"),
    "occurrence.txt has taxon keys such as `5WZLF`, of the Catalogue of Life; `taxref_liens` has the numbers of the GBIF backbone, so no name would be found. Leave `checklistKey` out of the query, or write `taxon_keys: any` if you have a table that leads from one to the other.",
  ],
  [
    errors.gbifNotFetched("{}"),
    "The archive of this query is not in the cache, and only `runner run` asks GBIF for it. It would ask: {}",
  ],
  [
    errors.inaturalistRefused("https://api.inaturalist.org/v2/observations", 403, "Forbidden"),
    "iNaturalist answers 403 at https://api.inaturalist.org/v2/observations: Forbidden. What was answered before is loaded. It blocks who asks too often: wait a day, then write to help@inaturalist.org.",
  ],
  [
    errors.inaturalistUnreachable("https://api/v2", new Error("it answers 502")),
    "iNaturalist cannot be asked at https://api/v2: it answers 502. What was answered before is loaded; run again to go on.",
  ],
  [
    errors.tooManyRejects({
      flow: "synthese",
      byCode: [
        ["no_coordinates", 16],
        ["date_missing", 14],
      ],
      read: 1310,
      isEarly: false,
      limit: "1%",
      examples: [{ place: "a.sql#1", code: "no_coordinates", message: "No place." }],
      file: "r.ndjson",
    }),
    "30 records were rejected of 1310 read in flow `synthese`; its limit is 1%.\n" +
      "  16 no_coordinates, 14 date_missing; such as\n" +
      "  a.sql#1 no_coordinates: No place.\n  and 29 more.\n" +
      "All are in r.ndjson. Mend the data, or raise the limit: `rejects` of the flow.",
  ],
  [
    errors.tooManyRejects({
      flow: "synthese",
      byCode: [["no_coordinates", 1611]],
      read: 150_000,
      isEarly: true,
      limit: "1%",
      examples: [{ place: "a.sql#1", code: "no_coordinates", message: "No place." }],
      file: "r.ndjson",
    }),
    "1611 records were rejected by the time 150000 were read in flow `synthese`, which stopped there; its limit is 1%.\n" +
      "  a.sql#1 no_coordinates: No place.\n  and 1610 more.\n" +
      "Those so far are in r.ndjson. Mend the data, or raise the limit: `rejects` of the flow.",
  ],
  [
    errors.tooManyRejects({
      flow: "obs",
      byCode: [
        ["bad_date", 5],
        ["date_missing", 2],
      ],
      read: 2000,
      isEarly: true,
      limit: "0",
      first: { place: "o.txt:4", code: "bad_date", message: "`eventDate` is no date." },
      examples: [],
      file: "r.ndjson",
    }),
    "o.txt:4 was rejected (bad_date): `eventDate` is no date.\n" +
      "Flow `obs` stopped there, as its limit is 0; there may be more behind it. By then, 7 were set aside: 5 bad_date, 2 date_missing.\n" +
      "They are in r.ndjson. Mend the data, add a transform, or allow some with `rejects: { max: 1% }`.",
  ],
  [
    errors.tooManyRejects({
      flow: "datasets",
      byCode: [["dataset_unknown", 2]],
      read: 2,
      isEarly: true,
      limit: "0 for `dataset_unknown`",
      parameter: "unknown",
      first: UNKNOWN_DATASETS[0],
      examples: UNKNOWN_DATASETS,
      cure: "Create it.",
      file: "r.ndjson",
    }),
    "a.zip#1 was rejected (dataset_unknown): `uuid` is a.\n" +
      "a.zip#2 (dataset_unknown): `uuid` is b.\n" +
      "Flow `datasets` stopped there, as its limit is 0 for `dataset_unknown`; there may be more behind it. By then, 2 were set aside: 2 dataset_unknown.\n" +
      "They are in r.ndjson. Create it. Or allow more of them: `unknown`, below `with` of its include.",
  ],
  [
    errors.tooManyRejects({
      flow: "obs",
      byCode: [["bad_date", 1]],
      read: 20,
      isEarly: false,
      limit: "0",
      parameter: "max_rejects",
      examples: [{ place: "o.txt:4", code: "bad_date", message: "`eventDate` is no date." }],
      file: undefined,
    }),
    "1 record was rejected of 20 read in flow `obs`; its limit is 0.\n" +
      "  o.txt:4 bad_date: `eventDate` is no date.\n" +
      "Mend the data, add a transform, or allow some with `max_rejects`, below `with` of its include.",
  ],
  [
    errors.keyNotGiven("idd", ["id", "n"]),
    "`key` names `idd`, which is not a column of both the flow and the table. Did you mean `id`?",
  ],
  [
    errors.derivedTwice("n"),
    "Column `n` is computed by the sink and comes from the flow too. Rename the flow's, or leave one of the two out.",
  ],
  [
    errors.mergeColumnUnknown("nn", ["n"]),
    "The sink names column `nn`, which this flow does not give. Did you mean `n`?",
  ],
  [
    errors.keyNotUnique("t", ["a", "b"], "create unique index concurrently on t (a, b);"),
    "Table `t` has no unique index on `a` and `b`, so a key could mean several rows. This adds one: create unique index concurrently on t (a, b);",
  ],
  [
    errors.keyNotUnique("v", ["a"], undefined),
    "`v` is a view, which has no unique index on `a`, so a key could mean several rows. Name the table behind it.",
  ],
  [
    errors.keyOutsideIndex("t", "(id_source = 5)"),
    "The unique index behind the key of `t` covers rows with (id_source = 5) only, and the flow has others.",
  ],
  [
    errors.vanishedNeedsTrack(),
    "`vanished` needs `track`: a table that knows which rows earlier runs have seen. Name one, such as `track: my_schema.track_my_table`; it is made when it is not there.",
  ],
  [
    errors.adoptNeedsPrimaryKey("t"),
    "`adopt` tells the rows of `t` apart by its primary key, and it has none. Add one, or leave `adopt` out.",
  ],
  [
    errors.parallelNeedsTrack(),
    "`parallel` needs `track`: a table in which each session sees the keys that the others had. Name one, such as `track: my_schema.track_my_table`; it is made when it is not there.",
  ],
  [
    errors.parallelNotWhole(),
    "`commit_rows: all` is one transaction, and `parallel` makes several. Leave one of them out.",
  ],
  [
    errors.mergeOvertaken("t"),
    "While rows of `t` were merged, another session changed what is known of the same keys. The rows of this part were not committed; run again.",
  ],
  [
    errors.mergeKeepsFailing("t", 6, new Error("deadlock detected")),
    "PostgreSQL undid the same part of `t` 6 times, as other sessions were in its way: deadlock detected. What was committed before stays, this part was not written. Run again when nobody else writes to the table; of several sessions, `parallel: 1` makes one.",
  ],
  [
    errors.keyReserved("run", ["hash", "version", "run", "input"]),
    "A key column cannot be called `run`: the table in which the sink remembers rows has `hash`, `version`, `run` and `input` besides the key. Rename it in the table, or name another key that tells the rows apart.",
  ],
  [
    errors.stageMissing(),
    "`mode: stage_only` writes rows into the table of `stage`, which is not given.",
  ],
  [
    errors.stageNeedsTrack(),
    "`stage` needs `track`: sink and function must know of each other which rows they have merged. Name a table; it is made when it is not there.",
  ],
  [
    errors.stageReplayed("s.t"),
    "A replay cannot go into the stage `s.t`, which would have the repaired records alone. Nothing was changed: replay them with `mode: merge`.",
  ],
  [
    errors.stageOfOthers("s.t"),
    "Table `s.t` was not made as a stage, and would be overwritten. Rename or drop it, or name another one; it is made when it is not there.",
  ],
  [
    errors.functionOfOthers("s.f", "drop function s.f();"),
    "There is a function `s.f` that the runner has not made. If nobody needs it, remove it: drop function s.f();",
  ],
  [
    errors.stageBusy("staging"),
    "The lock `staging` is held by a pipeline, or by another call of this function. Nothing was merged: wait for it to end.",
  ],
  [
    errors.stageEmpty(STAGE),
    "The stage s.t is empty. Nothing was merged, and nothing deleted: run the pipeline with `synthese: stage_only` first.",
  ],
  [
    errors.stagePartEmpty("s.t", "p_dataset", "x"),
    "The stage s.t has no row of p_dataset x. Nothing was merged, and nothing deleted.",
  ],
  [
    errors.stageVersion(STAGE, "s.f"),
    "The rows in s.t are of another version than the function s.f: the pipeline was changed between. Nothing was merged: run the pipeline with `synthese: stage_only` again, which makes the function anew.",
  ],
  [
    errors.stageStale(STAGE, "3", "4"),
    "The stage s.t is of run 3, and run 4 of the same pipeline has brought newer records since. Nothing was merged, and nothing deleted: run the pipeline with `synthese: stage_only` again.",
  ],
  [
    errors.stageOvertaken(STAGE, "3", "4"),
    "The stage s.t is of run 3, and run 4 has merged newer values of its records since. Nothing was merged, and nothing deleted: run the pipeline with `synthese: stage_only` again.",
  ],
  [
    errors.trackDiffers("t", ["id", "hash"], ["a"]),
    "Table `t` cannot be the track of this sink: it has the columns `a`, and would need `id` and `hash`. Name another one; it is made when it is not there.",
  ],
  [
    errors.ratesWithoutPermission("per_second", 5, 1),
    "`per_second` is 5, iNaturalist allows 1. Say under `permission` who granted more.",
  ],
  [
    errors.ratesWithoutPermission("per_day", null, 10_000),
    "`per_day` is without limit, iNaturalist allows 10000. Say under `permission` who granted more.",
  ],
  [
    errors.mappingFileMissing("sinp/fields.csv", "fields", undefined),
    "There is no file sinp/fields.csv, which the mapping needs.",
  ],
  [
    errors.mappingInvalid("sinp/fields.csv:3:1 A part is missing.", 1),
    "The mapping is wrong: sinp/fields.csv:3:1 A part is missing.",
  ],
  [
    errors.mappingInvalid("sinp/fields.csv:3:1 A part is missing.", 3),
    "The mapping is wrong: sinp/fields.csv:3:1 A part is missing. 2 more: `runner validate` shows all.",
  ],
  [
    errors.unknownCodes(["SEXE 9"]),
    "This GeoNature does not know a code of the mapping: SEXE 9. Nothing was written. Add what is missing to its nomenclatures, or use other codes in the mapping.",
  ],
  [
    errors.unknownCodes(["SEXE 9", "STADE_VIE 99"]),
    "This GeoNature does not know 2 codes of the mapping: SEXE 9, STADE_VIE 99. Nothing was written. Add what is missing to its nomenclatures, or use other codes in the mapping.",
  ],
  [
    errors.uuidsUnresolved(12),
    "The uuids of at least 12 iNaturalist observations are not known yet. Nothing more was written. Ask iNaturalist for them first, or write `unresolved_uuid: wait` to load the others now.",
  ],
];

describe("errors", () => {
  for (const [error, message] of MESSAGES) {
    test(`${error.code} says what, where and what to do`, () => {
      assert.equal(error.message, message);
    });
  }
});
