import { describe, expect, it } from "vitest";
import { scaleOf } from "./scale";

describe("scaleOf", () => {
  it("puts numbers that are texts where numbers go", () => {
    const { at } = scaleOf(["1", "2", "5"], String);
    expect([at("1"), at("2"), at("5"), at(undefined)]).toEqual([0, 0.25, 1, null]);
  });
  it("names round values", () => {
    expect(scaleOf([0.13, 9.7], String).ticks.map(({ label }) => label)).toEqual(["2", "4", "6", "8"]);
    expect(scaleOf([0.001, 10], String, true).ticks.map(({ label }) => label)).toEqual(["0.001", "0.01", "0.1", "1", "10"]);
  });
  it("puts words beside each other", () => {
    const { at, ticks } = scaleOf(["sgd", "adam", undefined], String);
    expect([at("adam"), at("sgd")]).toEqual([0, 1]);
    expect(ticks.map(({ label }) => label)).toEqual(["adam", "sgd"]);
  });
  it("puts what is all the same in the middle", () => {
    expect(scaleOf([3, 3], String).at(3)).toBe(0.5);
  });
  it("needs nothing to be there", () => {
    expect(scaleOf([undefined], String).ticks).toEqual([]);
  });
});
