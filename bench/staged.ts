/** The sandbox with staged records and known uuids on the server of `TEST_DATABASE_URL`, for benches of what follows. */

import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeArchive } from "../samples/archive.ts";
import { type Measured, measure, PROGRAM_FLAGS, shell } from "./process.ts";

const root = new URL("../", import.meta.url).pathname;

/** What a bench does with it. */
export interface Staged extends AsyncDisposable {
  /** The program as it is published, with the words that run `bench/synthese.yaml`. */
  readonly command: readonly [string, ...string[]];
  /** The same, with those that plan it. */
  readonly plan: readonly [string, ...string[]];
  /** What that pipeline reads from the environment. */
  readonly environment: (parallel: number) => NodeJS.ProcessEnv;
  readonly psql: (words: string) => Promise<Measured>;
  readonly sql: (statement: string) => Promise<Measured>;
  /** An empty synthese, of which nothing is remembered. */
  readonly empty: () => Promise<void>;
}

/** Makes an archive of so many records, stages it, and builds the program. */
export const stagedSandbox = async (rows: number, log: (text: string) => void): Promise<Staged> => {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) throw new Error("TEST_DATABASE_URL names no server; `npm run` starts one.");
  const work = await mkdtemp(join(tmpdir(), "runner-bench-"));
  const psql = (words: string) =>
    shell(`psql -X -q -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" ${words}`);
  const sql = (statement: string) => psql(`-c ${JSON.stringify(statement)}`);
  log(`Making an archive of ${rows} records …`);
  const archive = join(work, "archive.zip");
  await writeArchive(archive, { rows, seed: 1, mode: "big", badShare: 0, isTame: true });
  await copyPipelines(work, { server, archive });
  const program = await build(work);
  const words = (...more: string[]): [string, ...string[]] => [
    process.execPath,
    ...PROGRAM_FLAGS,
    program,
    ...more,
  ];
  const pipeline = (name: string) => join(work, "pipelines", name);
  const command = (name: string) => words(pipeline(name), "--yes");

  log("Staging …");
  await sql("create extension if not exists postgis");
  const [node, ...staging] = command("stage.yaml");
  await measure(node, staging);
  await sql(
    "insert into pinv_gbif.cor_uuid_inaturalist (id_inaturalist, uuid) select distinct id_inaturalist, md5(id_inaturalist::text)::uuid from pinv_gbif.tmp_gbif_data where id_inaturalist is not null",
  );
  return {
    command: command("bench.yaml"),
    plan: words("plan", pipeline("bench.yaml")),
    environment: (parallel) => ({ BENCH_DATABASE: server, BENCH_PARALLEL: String(parallel) }),
    psql,
    sql,
    empty: async () => {
      await sql(
        "truncate gn_synthese.synthese restart identity cascade; drop table if exists pinv_gbif.track_synthese, pinv_gbif.track_synthese_written",
      );
      await sql("vacuum analyze gn_synthese.synthese");
    },
    [Symbol.asyncDispose]: () => rm(work, { recursive: true }),
  };
};

const copyPipelines = async (
  work: string,
  { server, archive }: { server: string; archive: string },
): Promise<void> => {
  await cp(join(root, "pipelines"), join(work, "pipelines"), {
    recursive: true,
    filter: (path) => !path.includes(".runner"),
  });
  await cp(join(root, "bench", "synthese.yaml"), join(work, "pipelines", "bench.yaml"));
  await writeFile(
    join(work, "pipelines", "stage.yaml"),
    `name: bench-synthese
database: ${server}
setup: [sql/geonature-sandbox.sql, sql/gbif-source.sql, sql/pinv_gbif.sql, sql/gbif-taxa.sql]
flows:
  - include: flows/gbif-staging.yaml
    with: { query: queries/inat.json, archive: ${archive} }
`,
  );
};

const build = async (work: string): Promise<string> => {
  const folder = join(work, "package");
  await mkdir(folder);
  await measure(process.execPath, [join(root, "scripts", "build.ts"), join(folder, "dist")]);
  await cp(join(root, "bin"), join(folder, "bin"), { recursive: true });
  await cp(join(root, "docs", "codes.yaml"), join(folder, "docs", "codes.yaml"));
  await cp(join(root, "package.json"), join(folder, "package.json"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return join(folder, "bin", "runner.js");
};
