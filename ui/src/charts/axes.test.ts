import { describe, expect, it } from "vitest";
import { lineOf, span } from "./axes";

describe("lineOf", () => {
  it("counts seconds from the start of the run", () => {
    expect(lineOf({ x: [2_000, 5_000], y: [1, 2] }, "a", "timestamp", 1_000).x).toEqual([1, 4]);
  });
  it("counts from the first point if the start is not known or later, as after a restart", () => {
    expect(lineOf({ x: [2_000, 5_000], y: [1, 2] }, "a", "timestamp", null).x).toEqual([0, 3]);
    expect(lineOf({ x: [2_000, 5_000], y: [1, 2] }, "a", "timestamp", 9_000).x).toEqual([0, 3]);
  });
  it("reads times of the clock", () => {
    expect(lineOf({ x: ["1970-01-01T00:00:02Z"], y: [1] }, "a", "iso_time", null).x).toEqual([2]);
  });
});

describe("span", () => {
  it("is in the unit that people would use", () => {
    expect([30, 600, 7_200, 259_200].map(span)).toEqual(["30 s", "10 min", "2 h", "3 d"]);
  });
});
