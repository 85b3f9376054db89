import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nearest, slippedName } from "../../src/core/nearest.ts";

describe("names that were meant", () => {
  test("are those close by letters, by letters that changed places, or inside", () => {
    assert.deepEqual(nearest("form", ["from", "to", "pattern"]), ["from"]);
    assert.deepEqual(nearest("eventdate", ["eventDate", "eventTime"])[0], "eventDate");
    assert.deepEqual(nearest("postgres", ["postgres_copy", "file"]), ["postgres_copy"]);
    assert.deepEqual(nearest("xyz", ["from", "to"]), []);
  });

  test("are a name with other capitals alone, however many are close", () => {
    assert.deepEqual(nearest("eventdate", ["eventTime", "eventDate"]), ["eventDate"]);
  });

  test("are slips of the pen with other capitals, accents and separators, and a letter too many, too few or out of place", () => {
    const slips = ["event_date", "EVENTDATE", "évent dâte", "evntDate", "eventtDate", "evnetDate"];
    for (const slip of slips) assert.equal(slippedName(slip, ["eventDate"]), "eventDate");
    const others = ["eventTime", "eventData", "eventDate2", "evtDat"];
    for (const other of others) assert.equal(slippedName(other, ["eventDate"]), undefined);
    assert.equal(slippedName("idd", ["id"]), undefined);
    assert.equal(slippedName("event-date", ["eventDate", "event_date"]), undefined);
  });
});
