import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fieldsText } from "../../src/inaturalist/fields.ts";

describe("fieldsText", () => {
  test("names fields as the API takes them, nested ones in its own notation", () => {
    assert.equal(fieldsText(["uuid", "uri"]), "id,uri,uuid");
    assert.equal(
      fieldsText(["quality_grade", "taxon.name", "taxon.rank", "uuid"]),
      "(id:!t,quality_grade:!t,taxon:(name:!t,rank:!t),uuid:!t)",
    );
  });
});
