import type { Batch } from "../core/batch.ts";
import { defineTransform } from "../core/component.ts";
import { codesFrozen, uuidsUnresolved } from "../core/errors.ts";
import { judged, type View } from "../core/examination.ts";
import { columnName, oneOf, path } from "../core/options.ts";
import { type Static, Type } from "../core/type.ts";
import {
  frozenCodes,
  INSTANCE_TABLES,
  type Instance,
  readInstance,
} from "../geonature/instance.ts";
import { checkMapping, type Mapping, readMapping } from "../geonature/mapping.ts";
import { inputColumns, recordMapper } from "../geonature/record-mapper.ts";
import type { RuleSettings } from "../geonature/rules.ts";
import { scopeFilter } from "../geonature/scope.ts";
import { ValueReport } from "../geonature/value-report.ts";
import { examineTarget } from "../postgres/examine-target.ts";

const keepOr = (what: string) =>
  oneOf(["leave_out", "keep"], {
    description: `What becomes of ${what}; what is left out counts as filtered.`,
    default: "leave_out",
  });

const options = Type.Object({
  fields: path("The file with a line for each column of the synthese."),
  vocabularies: path(
    "The file that says what GBIF's values mean to the SINP. Beside it lie `nomenclatures.csv`, the SINP's lists of codes, and `gbif-vocabularies.csv`, GBIF's own concepts, against which it is checked.",
  ),
  licenses: Type.Array(
    Type.String({
      pattern: "^(any|UNSPECIFIED|UNSUPPORTED|CC0_1_0|CC_[A-Z]+(_[A-Z]+)*_[0-9]_[0-9])$",
      form: "`any` or a licence as GBIF names it, such as `CC_BY_4_0`",
    }),
    {
      description:
        "The licences that are taken, as GBIF names them: `[CC0_1_0, CC_BY_4_0, CC_BY_NC_4_0, UNSPECIFIED]`, or `[any]`. The others count as filtered.",
      minItems: 1,
    },
  ),
  observers: oneOf(["as_published", "anonymous"], {
    description:
      "Whether observers and determiners are named. `anonymous` leaves out the holder of the rights too.",
    default: "as_published",
  }),
  blurred_remarks: oneOf(["keep", "leave_out"], {
    description:
      "What becomes of the remark on a blurred observation, which may name the place. GBIF shows it to everybody.",
    default: "keep",
  }),
  uncertainty_max_point_m: Type.Number({
    description: "Up to this uncertainty in metres an observation counts as a point (Stationnel).",
    default: 100,
    exclusiveMinimum: 0,
  }),
  fossil: keepOr("fossils"),
  living: keepOr("living specimens (zoos, gardens)"),
  absent: keepOr("absences"),
  unresolved_uuid: oneOf(["wait", "stop"], {
    description:
      "What becomes of an iNaturalist observation whose uuid is not known yet: `wait` rejects it as `uuid_pending`, and a later run loads it; `stop` ends the run. It never gets another uuid.",
    default: "wait",
  }),
  keep: Type.Array(columnName("A column."), {
    description: "Columns of the records that go on beside those of the mapping.",
    default: [],
  }),
  platforms: Type.Array(Type.String({ format: "uuid" }), {
    description:
      "GBIF's keys of the platforms that say it when they blur, so that silence means a true place, and whose photos show what was seen: iNaturalist and Observation.org.",
    default: ["50c9509d-22c7-4a22-a47d-8c48425ef4a7", "8a863029-f435-446a-821e-275f4f641165"],
  }),
});
type Options = Static<typeof options>;

/** Makes rows of GeoNature's synthese out of staged GBIF records, by files that a naturalist edits. */
export const mapSinp = defineTransform({
  name: "map_sinp",
  summary:
    "Makes rows of GeoNature's synthese out of staged GBIF records, as the files of the mapping say. Reads the codes' numbers and the version of TaxRef from the database.",
  options,
  example:
    "map_sinp: { fields: sinp/fields.csv, vocabularies: sinp/vocabularies.csv, licenses: [CC0_1_0, CC_BY_4_0] }",
  check: async (settings, complain) => {
    await checkMapping(settings, complain);
  },
  examine: async (settings, view) => {
    await examineInstance(await checkMapping(settings, () => undefined), view);
    return undefined;
  },
  basis: async (settings, { database }) => {
    const mapping = await readMapping(settings);
    await using session = await database.session();
    const { ids } = await readInstance(session, mapping);
    return JSON.stringify([mapping.version, [...ids].map(([type, codes]) => [type, [...codes]])]);
  },
  create: (settings) =>
    async function* (batches, context) {
      const isValidation = context.mode === "validate";
      // What is wrong was complained of by `check`.
      const mapping = isValidation
        ? await checkMapping(settings, () => undefined)
        : await readMapping(settings);
      const unknown = new ValueReport();
      const filtered = new ValueReport();
      let map: ((batch: Batch) => Batch) | undefined;
      for await (const batch of batches) {
        if (mapping === undefined) {
          yield batch;
          continue;
        }
        if (batch.size > 0 && map === undefined) {
          context.log.info(`The mapping to the SINP is version ${mapping.version}.`);
          await using session = await context.database.session();
          map = mapper(mapping, await readInstance(session, mapping), { settings, unknown });
        }
        const mapOne = map ?? mapper(mapping, NOWHERE, { settings, unknown });
        const records = inScope(batch, mapping, settings, filtered);
        const mapped = keeping(settings.keep, records, mapOne(records));
        if (settings.unresolved_uuid === "stop") stopUnresolved(mapped);
        yield mapped;
      }
      for (const sentence of filtered.sentences()) context.log.info(sentence);
      for (const sentence of unknown.sentences()) context.log.warn(sentence);
    },
});

/** Says whether the instance has the codes of the mapping, and whether they are in use. */
const examineInstance = async (mapping: Mapping | undefined, view: View): Promise<void> => {
  if (mapping === undefined) return;
  const frozen = await view.ask(async (session) => {
    for (const table of INSTANCE_TABLES) {
      await examineTarget(session, { table, rights: ["select"], names: [] }, view.coming);
    }
    const codes = await frozenCodes(session, mapping);
    await readInstance(session, mapping);
    return codes;
  });
  if (frozen?.length) view.tell(judged("warning", codesFrozen(frozen)));
};

/** Without records there is nothing to look up. */
const NOWHERE: Instance = { ids: new Map(), taxrefVersion: null };

const mapper = (
  mapping: Mapping,
  { ids, taxrefVersion }: Instance,
  { settings, unknown }: { settings: Options; unknown: ValueReport },
): ((batch: Batch) => Batch) => {
  const ruleSettings: RuleSettings = {
    observers: settings.observers,
    blurredRemarks: settings.blurred_remarks,
    uncertaintyMaxPointMetres: settings.uncertainty_max_point_m,
    platforms: new Set(settings.platforms),
    taxrefVersion,
    today: latestDay(),
    report: unknown.add,
  };
  return recordMapper(mapping, ruleSettings, ids);
};

/** The day it is where the day begins first: an observation of this morning in Fiji is no mistake. */
const latestDay = (): string => new Date(Date.now() + 14 * HOUR_MS).toISOString().slice(0, 10);

const HOUR_MS = 3_600_000;

/** What a mapping makes, with columns of what it was made of. */
const keeping = (names: readonly string[], from: Batch, mapped: Batch): Batch =>
  names.reduce((batch, name) => batch.with(name, from.column(name)), mapped);

const inScope = (batch: Batch, mapping: Mapping, settings: Options, left: ValueReport): Batch => {
  const inputs = inputColumns(mapping);
  const column = (name: string) => batch.column(inputs.get(name) ?? name);
  const license = column("license");
  const basisOfRecord = column("basisOfRecord");
  const occurrenceStatus = column("occurrenceStatus");
  const reasonOf = scopeFilter(settings);
  const taken = batch.rows.filter((row) => {
    const reason = reasonOf({
      license: license.text(row),
      basisOfRecord: basisOfRecord.text(row),
      occurrenceStatus: occurrenceStatus.text(row),
    });
    if (reason !== undefined) left.add("Left out by the settings of `map_sinp`", reason);
    return reason === undefined;
  });
  return batch.keep(taken);
};

const stopUnresolved = (batch: Batch): void => {
  const pending = batch.rejects.filter(({ code }) => code === "uuid_pending").length;
  if (pending > 0) throw uuidsUnresolved(pending);
};
