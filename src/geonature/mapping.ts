import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Complain, Complaint } from "../core/complaint.ts";
import { mappingInvalid, suggestion } from "../core/errors.ts";
import { formatPlace } from "../core/place.ts";
import { rememberedByFiles } from "../core/remembered.ts";
import { type CodeLists, readCodeLists } from "./code-lists.ts";
import { checkUse, type Field, isMade, nameOf, readFields } from "./fields.ts";
import { checkOrder } from "./line-order.ts";
import { readTable } from "./table.ts";
import { LEFT, readVocabularies, type VocabularyRule } from "./vocabularies.ts";

/** The files that say how a record becomes a row of the synthese. */
export interface MappingFiles {
  readonly fields: string;
  /** Beside it lie the SINP's lists of codes and GBIF's own concepts. */
  readonly vocabularies: string;
}

export interface Mapping {
  readonly fields: readonly Field[];
  readonly vocabularies: readonly VocabularyRule[];
  readonly lists: CodeLists;
  /** Another one whenever rows may come out otherwise: of the rules' own number and the lines of the two files. */
  readonly version: string;
}

/** Raised when the code of a rule changes what comes out of it. */
const RULES_VERSION = 1;

/** The mapping as its files say it; throws `mapping_invalid` with the first problem when they are wrong. */
export const readMapping = async (files: MappingFiles): Promise<Mapping> => {
  const complaints: Complaint[] = [];
  const complain: Complain = (code, place, message) => complaints.push({ code, place, message });
  const mapping = await checkMapping(files, complain);
  const [first] = complaints;
  if (mapping !== undefined && first === undefined) return mapping;
  const problem = first ? `${formatPlace(first.place)} ${first.message}` : "it cannot be read.";
  throw mappingInvalid(problem, complaints.length);
};

interface Checked {
  readonly mapping: Mapping | undefined;
  readonly complaints: readonly Complaint[];
}

/** The pipelines of a folder share one mapping, and each asks for it several times. */
const kept = rememberedByFiles<Promise<Checked>>();

/** Reads the files and complains of all that is wrong with them; undefined when one is no table. */
export const checkMapping = async (
  files: MappingFiles,
  complain: Complain,
): Promise<Mapping | undefined> => {
  const all = [files.fields, files.vocabularies, ...BESIDE.map((name) => beside(files, name))];
  const { mapping, complaints } = await kept(all, "", () => checkedFiles(files));
  for (const { code, place, message, ...details } of complaints) {
    complain(code, place, message, details);
  }
  return mapping;
};

const checkedFiles = async (files: MappingFiles): Promise<Checked> => {
  const complaints: Complaint[] = [];
  const mapping = await readFiles(files, (code, place, message, details) =>
    complaints.push({ code, place, message, ...details }),
  );
  return { mapping, complaints };
};

/** Lists that come with the vocabularies. */
const BESIDE = ["nomenclatures.csv", "gbif-vocabularies.csv"] as const;

const beside = ({ vocabularies }: MappingFiles, name: (typeof BESIDE)[number]): string =>
  join(dirname(vocabularies), name);

const readFiles = async (files: MappingFiles, complain: Complain): Promise<Mapping | undefined> => {
  const fields = await readFields({ path: files.fields, option: "fields" }, complain);
  const vocabularies = await readVocabularies(
    { path: files.vocabularies, option: "vocabularies" },
    complain,
  );
  const lists = await readCodeLists(
    { path: beside(files, "nomenclatures.csv"), option: "vocabularies" },
    complain,
  );
  const concepts = await readTable(
    { path: beside(files, "gbif-vocabularies.csv"), option: "vocabularies" },
    ["vocabulary", "concept"],
    complain,
  );
  if (!fields || !vocabularies || !lists || !concepts) return undefined;
  checkDefaults(fields, lists, complain);
  checkVocabularies(vocabularies, { fields, lists }, complain);
  checkOrder(vocabularies, complain);
  checkUse(
    fields,
    new Set(vocabularies.flatMap(({ conditions }) => conditions.map(({ name }) => name))),
    complain,
  );
  for (const row of concepts) {
    const term = termOf(row.text("vocabulary"));
    const concept = row.text("concept");
    if (isCovered(term, concept, vocabularies)) continue;
    const message = `No line of the vocabularies has \`${term}\` ${JSON.stringify(concept)}. Map it, or leave it with the code \`${LEFT}\` and a reason.`;
    complain("concept_missing", { file: files.vocabularies, line: 1, column: 1 }, message);
  }
  return { fields, vocabularies, lists, version: versionOf(fields, vocabularies) };
};

/** GBIF's vocabulary `LifeStage` belongs to the term `lifeStage`. */
const termOf = (vocabulary: string): string =>
  vocabulary.charAt(0).toLowerCase() + vocabulary.slice(1);

/** A line for all values covers a concept only when it leaves them: a mapping names what it maps. */
const isCovered = (
  term: string,
  concept: string,
  vocabularies: readonly VocabularyRule[],
): boolean =>
  vocabularies.some(
    (rule) =>
      rule.term === term && rule.matches(concept) && (rule.code === LEFT || rule.value !== "*"),
  );

const checkDefaults = (fields: readonly Field[], lists: CodeLists, complain: Complain): void => {
  for (const { nomenclature, defaultCode, row } of fields) {
    if (nomenclature === "") continue;
    const list = lists.get(nomenclature);
    if (list === undefined) {
      const message = `There is no nomenclature \`${nomenclature}\`.${suggestion(nomenclature, lists.keys())}`;
      complain("unknown_nomenclature", row.at("nomenclature"), message);
    } else if (!list.has(defaultCode)) {
      complain("unknown_code", row.at("default"), unknownCode(nomenclature, defaultCode, list));
    }
  }
};

const unknownCode = (type: string, code: string, list: ReadonlyMap<string, string>): string => {
  const codes = [...list].map(([known, label]) => `${known} (${label})`);
  const shown = codes.length > 12 ? `${codes.slice(0, 12).join(", ")} …` : codes.join(", ");
  return `${type} has no code ${JSON.stringify(code)}. It has ${shown}.`;
};

const checkVocabularies = (
  vocabularies: readonly VocabularyRule[],
  { fields, lists }: { fields: readonly Field[]; lists: CodeLists },
  complain: Complain,
): void => {
  const names = new Map(fields.map((field, index) => [nameOf(field), index]));
  for (const { term, type, code, conditions, reason, row } of vocabularies) {
    if (!names.has(term)) {
      const message = `No line of the fields has the term \`${term}\`.${suggestion(term, names.keys())}`;
      complain("unknown_name", row.at("term"), message);
      continue;
    }
    if (code === LEFT) {
      if (reason === "") {
        const message = `\`${term}\` is left without a reason. Give one under \`reason\`.`;
        complain("left_without_reason", row.at("code"), message);
      }
      continue;
    }
    const list = lists.get(type);
    if (list === undefined) {
      const message = `There is no nomenclature \`${type}\`.${suggestion(type, lists.keys())}`;
      complain("unknown_nomenclature", row.at("type"), message);
    } else if (!list.has(code)) {
      complain("unknown_code", row.at("code"), unknownCode(type, code, list));
    } else {
      const reader = fields.findIndex(
        (field) => isMade(field) && field.nomenclature === type && field.from.includes(term),
      );
      if (reader < 0) {
        const message = `No column of ${type} reads \`${term}\`, so this line has no effect.`;
        complain("line_without_effect", row.at("type"), message);
      }
      for (const { name } of conditions) {
        const at = names.get(name);
        if (at !== undefined && (reader < 0 || at < reader)) continue;
        const message =
          at === undefined
            ? `No line of the fields has the name \`${name}\`.${suggestion(name, names.keys())}`
            : `The condition reads \`${name}\`, which is made later than the column that needs it.`;
        complain("unknown_name", row.at("condition"), message);
      }
    }
  }
};

/** Of what the lines say, not of their notes and reasons, nor of how a spreadsheet saves them. */
const versionOf = (fields: readonly Field[], vocabularies: readonly VocabularyRule[]): string => {
  const content = [
    fields.map(({ part, column, from, rule, nomenclature, defaultCode }) => [
      part,
      column,
      from,
      rule,
      nomenclature,
      defaultCode,
    ]),
    vocabularies.map(({ term, value, condition, type, code }) => [
      term,
      value,
      condition,
      type,
      code,
    ]),
  ];
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return `${RULES_VERSION}-${digest.slice(0, 8)}`;
};
