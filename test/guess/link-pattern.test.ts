import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkPattern } from "../../src/guess/link-pattern.ts";

const found = (...links: string[]) => {
  const pattern = new LinkPattern();
  for (const link of links) pattern.add(link);
  return pattern.result;
};

test("what stands before the number of a link makes the pattern, its site the name", () => {
  assert.deepEqual(
    found(
      "https://www.inaturalist.org/observations/50839517",
      "https://naturalista.mx/observations/7/",
      "https://www.inaturalist.org/observations/8",
    ),
    { pattern: "/observations/(\\d+)/?$", to: "id_inaturalist", thing: "observations", values: 3 },
  );
  assert.deepEqual(found("https://x-y.example.org/a/show.php?id=12"), {
    pattern: "\\?id=(\\d+)/?$",
    to: "id_example",
    thing: "id",
    values: 1,
  });
  assert.deepEqual(found("https://example.org/12"), {
    pattern: "/(\\d+)/?$",
    to: "id_example",
    thing: "",
    values: 1,
  });
});

test("the pattern finds the number of each link that it counts", () => {
  const links = ["https://a.org/p/q/12", "http://a.org/p?x=1&id=34", "https://a.org/p/q.r/56/"];
  for (const link of links) {
    const { pattern = "" } = found(link) ?? {};
    assert.equal(new RegExp(pattern, "u").exec(link)?.[1], /(12|34|56)/.exec(link)?.[1], pattern);
  }
});

test("there is no pattern where most values are no such link", () => {
  assert.equal(found("https://a.org/p/1", "b", "c"), undefined);
  assert.equal(found("https://a.org/about", "42"), undefined);
  assert.equal(found(), undefined);
});
