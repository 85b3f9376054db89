import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { messageOf } from "../src/core/errors.ts";
import { execute, onEachDatabase, rowsOf } from "./support/database.ts";
import { copyPipelines, runFile } from "./support/pipelines.ts";
import { installSandbox } from "./support/sandbox.ts";

/** Local projections of France, a place in each, and where it is there in metres (by PROJ's `cs2cs`). */
const PLACES = [
  { srid: 2154, name: "Lyon", longitude: 4.835, latitude: 45.758, x: 842_625, y: 6_519_135 },
  { srid: 2972, name: "Cayenne", longitude: -52.333, latitude: 4.933, x: 352_192, y: 545_436 },
  {
    srid: 2975,
    name: "Saint-Denis",
    longitude: 55.448,
    latitude: -20.879,
    x: 338_546,
    y: 7_690_370,
  },
];

for (const { srid, name, longitude, latitude, x, y } of PLACES) {
  describe(`a GeoNature whose local projection is ${srid}`, () => {
    onEachDatabase((database) => {
      before(async () => {
        await execute(database(), "create extension if not exists postgis");
        await installSandbox(database(), { srid });
      });

      test(`gets ${name} where it is, and knows it again`, async () => {
        const file = join(await copyPipelines(database()), "demo.yaml");
        const run = async (...flows: string[]) => {
          const summary = await runFile(file, database(), { flows });
          assert.equal(summary.status, "done", messageOf(summary.error));
          return summary.flows.at(-1);
        };
        await run("occurrences", "uuids");
        await execute(
          database(),
          `delete from pinv_gbif.tmp_gbif_data where gbif_id % 50 <> 0;
           update pinv_gbif.tmp_gbif_data set decimal_longitude = ${longitude}, decimal_latitude = ${latitude};`,
        );
        const first = await run("synthese");
        assert.ok((first?.inserted ?? 0) > 20);
        const [place] = await rowsOf(
          database(),
          `select count(distinct the_geom_local)::int as places, min(st_srid(the_geom_local)) as srid,
                  round(min(st_x(the_geom_local)))::int as x, round(min(st_y(the_geom_local)))::int as y,
                  min(st_srid(the_geom_4326)) as world from gn_synthese.synthese`,
        );
        assert.deepEqual([place?.places, place?.srid, place?.world], [1, srid, 4326]);
        assert.ok(
          Math.abs(Number(place?.x) - x) <= 300 && Math.abs(Number(place?.y) - y) <= 300,
          JSON.stringify(place),
        );
        assert.equal((await run("synthese"))?.unchanged, first?.inserted);
      });
    });
  });
}
