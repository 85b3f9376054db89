/**
 * Writes what is made from something else: the JSON Schema, the reference and the table in the README from
 * the components, the page of codes and the reference in both languages, the sandbox's code lists and taxa from the mapping's and the
 * sample's files, the rights in the setup from the check of them, the program that splits lines from its source,
 * the list of the codes of rejects.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import wabt from "wabt";
import { codeListsSql } from "../samples/code-lists.ts";
import { sampleSql } from "../samples/taxref.ts";
import { codesPage, readCodes } from "../src/core/codes.ts";
import { componentReference, componentTable } from "../src/core/reference.ts";
import { frenchReference } from "../src/core/reference-words.ts";
import { pipelineSchema } from "../src/core/schema.ts";
import { readMapping } from "../src/geonature/mapping.ts";
import { mappingPage } from "../src/geonature/mapping-page.ts";
import { frenchWords, readFrenchMapping } from "../src/geonature/mapping-words.ts";
import { components } from "../src/registry.ts";
import { testSchema } from "../src/testing/test-json-schema.ts";

const root = new URL("../", import.meta.url);

const readme = (file: string, made: string): string => {
  const text = readFileSync(new URL(file, root), "utf8");
  const table = `<!-- components -->\n\n${made}\n\n<!-- /components -->`;
  return text.replace(/<!-- components -->[\s\S]*<!-- \/components -->/, () => table);
};

/** The rights that setup asks for are those that `runner doctor` asks for. */
const sourceScript = (): string => {
  const block = /-- <rights>.*\n([\s\S]*?) *-- <\/rights>/;
  const file = "pipelines/sql/checks/rights.sql";
  const [, rights = ""] = block.exec(readFileSync(new URL(file, root), "utf8")) ?? [];
  const text = readFileSync(new URL("pipelines/sql/gbif-source.sql", root), "utf8");
  const copy = rights.replace(/^(?=.)/gm, "  ");
  return text.replace(
    block,
    () => `-- <rights>: from checks/rights.sql, by \`npm run docs\`.\n${copy}  -- </rights>`,
  );
};

const sinp = new URL("pipelines/sinp/", root);
const mapping = await readMapping({
  fields: fileURLToPath(new URL("fields.csv", sinp)),
  vocabularies: fileURLToPath(new URL("vocabularies.csv", sinp)),
});

const frenchMapping = () =>
  frenchWords(readFrenchMapping(readFileSync(new URL("docs/mapping.fr.yaml", root), "utf8")));

const splitProgram = async (): Promise<string> => {
  const source = readFileSync(new URL("src/core/split.wat", root), "utf8");
  const { buffer } = (await wabt()).parseWat("split.wat", source, { simd: true }).toBinary({});
  const text = Buffer.from(buffer).toString("base64");
  return `/** \`split.wat\` as a program, by \`npm run docs\`. */\nexport const SPLIT_PROGRAM =\n  "${text}";\n`;
};

/** The catalogue of codes takes longer to parse than a pipeline to validate, and may be missing beside the program. */
const rejectCodes = (): string => {
  const codes = readCodes()
    .filter((group) => group.of === "records")
    .flatMap((group) => Object.keys(group.codes));
  const lines = codes.map((code) => `  "${code}",\n`).join("");
  return `/** The codes that records are rejected with, from \`docs/codes.yaml\` by \`npm run docs\`. */\nexport const REJECT_CODES: readonly string[] = [\n${lines}];\n`;
};

const lacksFrench = new Set<string>();
const french = frenchReference((english) => lacksFrench.add(english));

const generated: Record<string, string> = {
  "schema/pipeline.schema.json": `${JSON.stringify(pipelineSchema(components), null, 2)}\n`,
  "schema/test.schema.json": `${JSON.stringify(testSchema(), null, 2)}\n`,
  "docs/components.md": componentReference(components),
  "docs/errors.md": codesPage(readCodes(), "en"),
  "docs/fr/errors.md": codesPage(readCodes(), "fr"),
  "docs/mapping.md": mappingPage(mapping),
  "docs/fr/mapping.md": mappingPage(mapping, frenchMapping()),
  "docs/fr/components.md": componentReference(components, french),
  "README.md": readme("README.md", componentTable(components)),
  "README.fr.md": readme(
    "README.fr.md",
    componentTable(components, {
      head: ["composant", "sorte", "ce qu'il fait"],
      kinds: { source: "source", transform: "transformation", sink: "destination" },
      page: "docs/fr/components.md",
      words: french,
    }),
  ),
  "pipelines/sql/gbif-source.sql": sourceScript(),
  "pipelines/sql/sandbox/5-code-lists.sql": codeListsSql(),
  "pipelines/sql/sandbox/6-sample.sql": sampleSql(),
  "src/core/reject-codes.ts": rejectCodes(),
  "src/core/split-program.ts": await splitProgram(),
};

const isCheck = process.argv.includes("--check");
const stale = Object.entries(generated).filter(([file, text]) => {
  try {
    return readFileSync(new URL(file, root), "utf8") !== text;
  } catch {
    return true;
  }
});
if (isCheck && stale.length > 0) {
  console.error(`Not up to date: ${stale.map(([file]) => file).join(", ")}. Run \`npm run docs\`.`);
  process.exitCode = 1;
}
for (const english of lacksFrench) {
  console.error(`docs/components.fr.yaml has no French of: ${english}`);
  if (isCheck) process.exitCode = 1;
}
if (!isCheck) for (const [file, text] of stale) writeFileSync(new URL(file, root), text);
