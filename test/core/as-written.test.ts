import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { asWritten } from "../../src/core/as-written.ts";
import { loadPipeline } from "../../src/core/pipeline-file.ts";
import { components } from "../../src/registry.ts";

const INNER = `params:
  judged: { type: string, default: hold }
  most: { type: string, default: 5% }
flows:
  - name: load
    source: { csv: { path: a.csv } }
    sink:
      postgres_upsert:
        table: t
        key: [id]
        track: s.track
        hold_when: { action: "\${with.judged}", where: "true", columns: [name] }
        vanished: { of: load, present: select 1, max: "\${with.most}" }
`;
const OUTER = `params:
  validated: { type: string, default: hold }
flows:
  - include: inner.yaml
    with: { judged: "\${with.validated}" }
`;

test("an option that a parameter gives is told by the parameter that the user's own file can set", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await writeFile(join(folder, "inner.yaml"), INNER);
  await writeFile(join(folder, "outer.yaml"), OUTER);
  const told = async (includes: string) => {
    const file = join(folder, "p.yaml");
    await writeFile(file, `name: p\nflows:\n  - include: ${includes}\n`);
    const { plan } = await loadPipeline(file, { components, environment: {}, isOffline: true });
    const options = plan?.flows[0]?.sink.options ?? {};
    return [
      asWritten(options, ["hold_when", "action"], "apply"),
      asWritten(options, ["vanished", "max"], "10%"),
      asWritten(options, ["vanished", "action"], "delete"),
      asWritten(options, ["parallel"], 2),
    ];
  };
  const others = ["vanished: { action: delete }", "parallel: 2"];
  assert.deepEqual(await told("inner.yaml"), ["judged: apply", "most: 10%", ...others]);
  assert.deepEqual(await told("inner.yaml\n    with: { judged: hold }"), [
    "judged: apply",
    "most: 10%",
    ...others,
  ]);
  assert.deepEqual(await told("outer.yaml"), ["validated: apply", "most: 10%", ...others]);
  await rm(folder, { recursive: true });
});

test("what a lookup stops for is told where the pipeline gives the parameter, or includes the file, and by its name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await writeFile(
    join(folder, "inner.yaml"),
    `params:
  unknown_taxa: { type: string, default: stop }
flows:
  - name: load
    source: { csv: { path: a.csv } }
    transforms:
      - lookup: { from: a, table: s.taxa, key: a, missing: "\${with.unknown_taxa}" }
    sink: { file: { path: b.tsv } }
`,
  );
  const file = join(folder, "p.yaml");
  const told = async (given: string) => {
    await writeFile(file, `name: p\nflows:\n  - include: inner.yaml\n${given}`);
    const { plan } = await loadPipeline(file, { components, environment: {}, isOffline: true });
    const stage = plan?.flows[0]?.transforms[0];
    const written = asWritten(stage?.options ?? {}, ["missing"], "reject");
    const place = stage?.locate("missing");
    return [written, relative(folder, place?.file ?? ""), place?.line, place?.fallback?.parameter];
  };
  const given = "    with: { unknown_taxa: stop }\n";
  assert.deepEqual(await told(given), ["unknown_taxa: reject", "p.yaml", 4, undefined]);
  assert.deepEqual(await told(""), ["unknown_taxa: reject", "p.yaml", 3, "unknown_taxa"]);
  await rm(folder, { recursive: true });
});

test("an option that is given as it is, or whose origin nobody knows, is told by its own name", () => {
  assert.equal(asWritten({}, ["hold_when", "action"], "apply"), "hold_when: { action: apply }");
});
