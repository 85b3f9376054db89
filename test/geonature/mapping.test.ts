import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadPipeline } from "../../src/core/pipeline-file.ts";
import { checkMapping, readMapping } from "../../src/geonature/mapping.ts";
import { mappingPage } from "../../src/geonature/mapping-page.ts";
import {
  ENGLISH_WORDS,
  frenchWords,
  readFrenchMapping,
} from "../../src/geonature/mapping-words.ts";
import { components } from "../../src/registry.ts";

const sinp = fileURLToPath(new URL("../../pipelines/sinp/", import.meta.url));
let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
after(() => rm(folder, { recursive: true }));

interface Change {
  readonly file?: "fields.csv" | "vocabularies.csv" | "gbif-vocabularies.csv" | "nomenclatures.csv";
  readonly from: string;
  readonly to: string;
}

/** A copy of the mapping with one text replaced. */
const changed = async ({ file = "fields.csv", from, to }: Change) => {
  const copy = await mkdtemp(join(folder, "sinp-"));
  await cp(sinp, copy, { recursive: true });
  const text = await readFile(join(copy, file), "utf8");
  assert.ok(text.includes(from), from);
  await writeFile(
    join(copy, file),
    text.replace(from, () => to),
  );
  return { fields: join(copy, "fields.csv"), vocabularies: join(copy, "vocabularies.csv") };
};

/** What is complained of: the file, the text from the place on, the code and the sentence. */
const complaintsOf = async (files: { fields: string; vocabularies: string }) => {
  const complaints: string[] = [];
  const found: Promise<string>[] = [];
  await checkMapping(files, (code, { file, line, column }, message) => {
    const at = readFile(file, "utf8").then(
      (text) =>
        text
          .replace(/^\uFEFF/, "")
          .split(/\r?\n/)
          [line - 1]?.slice(column - 1, column + 11) ?? "",
    );
    found.push(at.then((text) => `${file.split("/").at(-1)} “${text}” ${code}: ${message}`));
  });
  complaints.push(...(await Promise.all(found)));
  return complaints;
};

const CASES: (Change & { name: string; complaint: string })[] = [
  {
    name: "a table without one of its columns",
    from: "part;column;from",
    to: "part;colum;from",
    complaint:
      "fields.csv “part;colum;f” table_column: The table has no column `column`, but one `colum`: call it `column`.",
  },
  {
    name: "a part that there is not",
    from: "between;platform;",
    to: "betwen;platform;",
    complaint:
      'fields.csv “betwen;platf” unknown_part: A part is `input`, `between`, `output`, `synthese`, not "betwen".',
  },
  {
    name: "a line that is there twice",
    from: "synthese;altitude_max;",
    to: "synthese;altitude_min;",
    complaint: "fields.csv “altitude_min” field_twice: `altitude_min` is in the table twice.",
  },
  {
    name: "a column that the synthese does not have",
    from: "synthese;observers;",
    to: "synthese;observer;",
    complaint:
      "fields.csv “observer;rec” no_synthese_column: gn_synthese.synthese has no column `observer`. Did you mean `observers`?",
  },
  {
    name: "a column that is left without a reason",
    from: "GBIF has no key of HABREF.",
    to: "",
    complaint:
      "fields.csv “left;;;” left_without_reason: `cd_hab` is left without a reason. Give one under `note`.",
  },
  {
    name: "a rule that there is not",
    from: "coordinateUncertaintyInMeters;precision;",
    to: "coordinateUncertaintyInMeters;precison;",
    complaint:
      "fields.csv “precison;;;I” unknown_rule: There is no rule `precison`. Did you mean `precision`?",
  },
  {
    name: "an input that is neither used nor left",
    from: "input;sex;sex;used",
    to: "input;sex;sex;uesd",
    complaint:
      'fields.csv “uesd;;;One o” unknown_rule: The input `sex` is `used` or `left`, not "uesd".',
  },
  {
    name: "a rule that reads another number of values",
    from: "elevation, elevationAccuracy, id_nomenclature_blurring;lowest",
    to: "elevation, elevationAccuracy;lowest",
    complaint:
      "fields.csv “elevation, e” rule_inputs: The rule `lowest` reads value, accuracy, blurring; `altitude_min` gives it 2 names.",
  },
  {
    name: "a column of codes without a default",
    from: "sex;vocabulary;SEXE;6",
    to: "sex;vocabulary;SEXE;",
    complaint:
      "fields.csv “SEXE;;” rule_nomenclature: `id_nomenclature_sex` needs a nomenclature and a default code.",
  },
  {
    name: "a column of text with a list of codes",
    from: "recordedBy;people;;",
    to: "recordedBy;people;SEXE;6",
    complaint:
      "fields.csv “SEXE;6;” rule_nomenclature: The rule `people` takes no nomenclature and no default.",
  },
  {
    name: "a name that no line above has",
    from: "synthese;determiner;identifiedBy;",
    to: "synthese;determiner;identifedBy;",
    complaint:
      "fields.csv “identifedBy;” unknown_name: `determiner` reads `identifedBy`, which no line above it has. Did you mean `identifiedBy`?",
  },
  {
    name: "a column of the synthese that was forgotten",
    from: "synthese;cd_hab;;left;;;GBIF has no key of HABREF.\n",
    to: "",
    complaint:
      "fields.csv “part;column;” synthese_column_missing: Column `cd_hab` of gn_synthese.synthese is not in the table. Map it, or leave it with a reason.",
  },
  {
    name: "a column of the procedure that was forgotten",
    from: "input;caste;caste;used",
    to: "input;cast;caste;used",
    complaint:
      "fields.csv “part;column;” staged_column_missing: The staged column `caste` is not in the table. Use it, or leave it with a reason.",
  },
  {
    name: "an input that is said to be used and is not",
    from: "input;species_key;speciesKey;left",
    to: "input;species_key;speciesKey;used",
    complaint:
      "fields.csv “used;;;Only ” use_of_input: `speciesKey` is said to be used, and no line reads it.",
  },
  {
    name: "an input that is said to be left and is not",
    from: "input;sex;sex;used",
    to: "input;sex;sex;left",
    complaint:
      "fields.csv “left;;;One o” use_of_input: `sex` is said to be left, and a line reads it.",
  },
  {
    name: "a list of codes that there is not",
    from: "TYP_GRP;OBS",
    to: "TYP_GPR;OBS",
    complaint:
      "fields.csv “TYP_GPR;OBS;” unknown_nomenclature: There is no nomenclature `TYP_GPR`. Did you mean `TYP_GRP`?",
  },
  {
    name: "a default that is no code of its list",
    from: "TYP_INF_GEO;1;",
    to: "TYP_INF_GEO;3;",
    complaint:
      'fields.csv “3;Never 2 (R” unknown_code: TYP_INF_GEO has no code "3". It has 1 (Géoréférencement), 2 (Rattachement).',
  },
  {
    file: "vocabularies.csv",
    name: "a code that its list does not have",
    from: "sex;Female;;SEXE;2",
    to: "sex;Female;;SEXE;F",
    complaint:
      'vocabularies.csv “F;high;” unknown_code: SEXE has no code "F". It has 0 (Inconnu), 1 (Indéterminé), 2 (Femelle), 3 (Mâle), 4 (Hermaphrodite), 5 (Mixte), 6 (Non renseigné).',
  },
  {
    file: "vocabularies.csv",
    name: "a list of codes that there is not, in the vocabularies",
    from: "sex;Female;;SEXE;2",
    to: "sex;Female;;SEX;2",
    complaint:
      "vocabularies.csv “SEX;2;high;” unknown_nomenclature: There is no nomenclature `SEX`. Did you mean `SEXE`?",
  },
  {
    file: "vocabularies.csv",
    name: "a condition that is none",
    from: "order=Diptera",
    to: "order is Diptera",
    complaint:
      'vocabularies.csv “order is Dip” bad_condition: A condition is `name=value` or `name<>value`, several joined by `and`; this is none: "order is Diptera".',
  },
  {
    file: "vocabularies.csv",
    name: "a condition on something unknown",
    from: "order=Diptera",
    to: "ordre=Diptera",
    complaint:
      "vocabularies.csv “ordre=Dipter” unknown_name: No line of the fields has the name `ordre`. Did you mean `order`?",
  },
  {
    file: "vocabularies.csv",
    name: "a condition on something that is made later",
    from: "order=Diptera",
    to: "proof=yes",
    complaint:
      "vocabularies.csv “proof=yes;ST” unknown_name: The condition reads `proof`, which is made later than the column that needs it.",
  },
  {
    file: "vocabularies.csv",
    name: "a term that the fields do not have",
    from: "pathway;*;",
    to: "pathwy;*;",
    complaint:
      "vocabularies.csv “pathwy;*;;;l” unknown_name: No line of the fields has the term `pathwy`. Did you mean `pathway`?",
  },
  {
    file: "vocabularies.csv",
    name: "a confidence that there is not",
    from: "SEXE;2;high",
    to: "SEXE;2;hihg",
    complaint:
      'vocabularies.csv “hihg;” unknown_confidence: A confidence is `high`, `medium` or `low`, not "hihg". Did you mean `high`?',
  },
  {
    file: "vocabularies.csv",
    name: "a line that no column reads",
    from: "vitality;dead;;ETA_BIO;3",
    to: "vitality;dead;;STADE_VIE;3",
    complaint:
      "vocabularies.csv “STADE_VIE;3;” line_without_effect: No column of STADE_VIE reads `vitality`, so this line has no effect.",
  },
  {
    file: "vocabularies.csv",
    name: "a line below one that takes all of its values",
    from: "lifeStage;Deutonymph;;STADE_VIE;6;low;\n",
    to: "lifeStage;Deutonymph;;STADE_VIE;6;low;\nlifeStage;nymph|EGG_;order=Odonata;STADE_VIE;13;low;\nlifeStage;Nymph;order=Odonata;STADE_VIE;13;low;\n",
    complaint:
      "vocabularies.csv “Nymph;order=” line_without_effect: Line 52 takes all its values first, so this line has no effect. Put it above line 52, or remove it.",
  },
  {
    file: "vocabularies.csv",
    name: "a pattern below one that takes all that it fits",
    from: "behavior;*migrat*;;OCC_COMPORTEMENT;4;medium;\n",
    to: "behavior;*migrat*;;OCC_COMPORTEMENT;4;medium;\nbehavior;*migrating*;sex=Male;OCC_COMPORTEMENT;10;low;\n",
    complaint:
      "vocabularies.csv “*migrating*;” line_without_effect: Line 119 takes all its values first, so this line has no effect. Put it above line 119, or remove it.",
  },
  {
    file: "vocabularies.csv",
    name: "a second line for the empty value",
    from: "vitality;;;ETA_BIO;1;",
    to: "vitality;;;ETA_BIO;0;low;\nvitality;;;ETA_BIO;1;",
    complaint:
      "vocabularies.csv “;;ETA_BIO;1;” line_without_effect: Line 74 takes the empty value first, so this line has no effect. Put it above line 74, or remove it.",
  },
  {
    file: "vocabularies.csv",
    name: "a value that is left without a reason",
    from: "The SINP has no list of types: the text is kept in additional_data.",
    to: "",
    complaint:
      "vocabularies.csv “left;high;” left_without_reason: `typeStatus` is left without a reason. Give one under `reason`.",
  },
  {
    file: "vocabularies.csv",
    name: "a concept of GBIF that no line has",
    from: "lifeStage;Caterpillar;;STADE_VIE;7;high;\n",
    to: "",
    complaint:
      'vocabularies.csv “term;value;c” concept_missing: No line of the vocabularies has `lifeStage` "Caterpillar". Map it, or leave it with the code `left` and a reason.',
  },
];

describe("the mapping's own check", () => {
  test("finds nothing wrong with the mapping that comes with the program", async () => {
    const files = {
      fields: join(sinp, "fields.csv"),
      vocabularies: join(sinp, "vocabularies.csv"),
    };
    assert.deepEqual(await complaintsOf(files), []);
  });

  for (const { name, complaint, ...change } of CASES) {
    test(`tells of ${name}`, async () => {
      const complaints = await complaintsOf(await changed(change));
      assert.ok(complaints.includes(complaint), complaints.join("\n"));
    });
  }

  test("a misspelt rule is a complaint of the pipeline that uses the mapping, too", async () => {
    const { fields, vocabularies } = await changed({
      from: ";constant;TYP_INF_GEO",
      to: ";constante;TYP_INF_GEO",
    });
    const pipeline = join(folder, "p.yaml");
    await writeFile(
      pipeline,
      `name: p
flows:
  - name: a
    source: { csv: { path: a.csv } }
    transforms: [ { map_sinp: { fields: ${fields}, vocabularies: ${vocabularies}, licenses: [any] } } ]
    sink: { file: { path: b.csv } }
`,
    );
    const options = { components, environment: {}, isOffline: true };
    const { complaints } = await loadPipeline(pipeline, options);
    assert.deepEqual(
      complaints.map(({ message }) => message),
      ["There is no rule `constante`. Did you mean `constant`?"],
    );
  });

  test("a concept is not covered by a line for any value that maps it", async () => {
    const files = await changed({
      file: "vocabularies.csv",
      from: "lifeStage;Caterpillar;;STADE_VIE;7;high;",
      to: "lifeStage;*;;STADE_VIE;0;high;",
    });
    assert.match((await complaintsOf(files)).join("\n"), /"Caterpillar"/);
  });

  test("reads a table that a spreadsheet has saved, with its line ends in some lines or in all", async () => {
    const asShipped = await changed({ from: "part", to: "part" });
    const text = await readFile(asShipped.vocabularies, "utf8");
    const spreadsheet = text.replaceAll("\n", "\r\n");
    for (const other of [
      spreadsheet,
      `${spreadsheet.split("\r\n", 3).join("\r\n")}\r\n${text.split("\n").slice(3).join("\n")}`,
    ]) {
      await writeFile(asShipped.vocabularies, other);
      assert.deepEqual(await complaintsOf(asShipped), []);
    }
  });

  test("tells of a file that is not in UTF-8", async () => {
    const files = await changed({ from: "part", to: "part" });
    const text = await readFile(files.fields, "utf8");
    await writeFile(files.fields, Buffer.from(text, "latin1"));
    const complaints = await complaintsOf(files);
    assert.match(
      complaints[0] ?? "",
      /not_utf8: The table is not in UTF-8\. Save it as “CSV UTF-8”\.$/,
    );
  });

  test("a file that is not there ends it, with its name", async () => {
    const files = {
      fields: join(folder, "none.csv"),
      vocabularies: join(sinp, "vocabularies.csv"),
    };
    await assert.rejects(
      checkMapping(files, () => undefined),
      {
        code: "mapping_file_missing",
        message: `There is no file ${files.fields}, which the mapping needs.`,
      },
    );
  });

  test("a run with a wrong mapping ends with the first problem and the number of all", async () => {
    const files = await changed({
      file: "vocabularies.csv",
      from: ";SEXE;2;high",
      to: ";SEXE;F;hihg",
    });
    await assert.rejects(readMapping(files), {
      code: "mapping_invalid",
      message:
        /^The mapping is wrong: .*vocabularies\.csv:\d+:\d+ A confidence is .* 1 more: `runner validate` shows all\.$/,
    });
  });
});

describe("a mapping that was saved by a spreadsheet", () => {
  const asCommas = (text: string): string =>
    text
      .replace(/^\uFEFF/, "")
      .trimEnd()
      .split("\n")
      .map((line) =>
        line
          .split(";")
          .map((cell) => `"${cell.replaceAll('"', '""')}"`)
          .join(","),
      )
      .join("\r\n");

  test("with commas, quotes, other line ends and empty lines is the same mapping", async () => {
    const files = await changed({ from: "part", to: "part" });
    const { version } = await readMapping(files);
    for (const file of [files.fields, files.vocabularies]) {
      await writeFile(file, `${asCommas(await readFile(file, "utf8"))}\r\n,,,,,,\r\n`);
    }
    assert.equal((await readMapping(files)).version, version);
  });

  test("has another version when a code changed, and the same when a reason did", async () => {
    const { version } = await readMapping(await changed({ from: "part", to: "part" }));
    const other = await changed({ file: "vocabularies.csv", from: ";SEXE;2;", to: ";SEXE;3;" });
    assert.notEqual((await readMapping(other)).version, version);
    const reworded = await changed({ from: "Never recordedBy.", to: "Never the observer." });
    assert.equal((await readMapping(reworded)).version, version);
  });
});

describe("docs/mapping.md", () => {
  test("has every column, every value with its French label, and the version", async () => {
    const mapping = await readMapping({
      fields: join(sinp, "fields.csv"),
      vocabularies: join(sinp, "vocabularies.csv"),
    });
    const page = mappingPage(mapping);
    assert.match(page, new RegExp(`^Version ${mapping.version}\\.`, "m"));
    for (const { column } of mapping.fields) assert.ok(page.includes(`| \`${column}\` |`), column);
    assert.match(
      page,
      /^\| `Pupa` \| `order=Lepidoptera` \| STADE_VIE \| 12 \| Chrysalide \| high \| \|$/m,
    );
    assert.match(
      page,
      /^\| \*\(empty\)\* \| \| STATUT_OBS \| NSP \| Ne Sait Pas \| high \| Archives/m,
    );
  });

  test("has the French of every sentence in docs/mapping.fr.yaml, and of no other", async () => {
    const mapping = await readMapping({
      fields: join(sinp, "fields.csv"),
      vocabularies: join(sinp, "vocabularies.csv"),
    });
    const asked = new Set<string>();
    mappingPage(mapping, {
      ...ENGLISH_WORDS,
      sentence: (english) => asked.add(english) && english,
    });
    asked.delete("");
    const file = new URL("../../docs/mapping.fr.yaml", import.meta.url);
    const french = readFrenchMapping(await readFile(file, "utf8"));
    assert.deepEqual(Object.keys(french.sentences).sort(), [...asked].sort());
    assert.deepEqual(Object.keys(french.page), Object.keys(ENGLISH_WORDS.page));
    const page = mappingPage(mapping, frenchWords(french));
    assert.match(
      page,
      /^\| \*\(vide\)\* \| \| STATUT_OBS \| NSP \| Ne Sait Pas \| high \| Vide dans/m,
    );
  });
});
