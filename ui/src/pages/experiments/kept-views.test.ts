import { expect, it } from "vitest";
import { viewsOf } from "./kept-views";

it("views are read from preferences that anybody may have written", () => {
  const good = { name: "best", search: { order: "-name" } };
  expect(viewsOf({ views_of_runs: [good, null, { name: 1, search: {} }, { name: "x", search: null }, { name: "y", search: { q: 1, tag: "a" } }] })).toEqual([good, { name: "y", search: { tag: "a" } }]);
  expect(viewsOf({ views_of_runs: "none" })).toEqual([]);
  expect(viewsOf({})).toEqual([]);
});
