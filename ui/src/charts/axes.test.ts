import { describe, expect, it } from "vitest";
import { betweenOf, lineOf, logSplits, logTicksOf, span, ticksOf, zeroOf } from "./axes";

const curve = { name: "a", x: [2_000, 5_000], y: [1, 2] };

describe("lineOf", () => {
  it("counts seconds from the start of the run", () => {
    expect(lineOf(curve, "a", "timestamp", zeroOf(curve, 1_000)).x).toEqual([1, 4]);
  });
  it("counts from the first point if the start is not known or later, as after a restart", () => {
    expect(lineOf(curve, "a", "timestamp", zeroOf(curve, null)).x).toEqual([0, 3]);
    expect(lineOf(curve, "a", "timestamp", zeroOf(curve, 9_000)).x).toEqual([0, 3]);
  });
  it("reads times of the clock", () => {
    expect(lineOf(curve, "a", "iso_time", 0).x).toEqual([2, 5]);
  });
  it("has a band where the server says what lies between", () => {
    expect(lineOf({ ...curve, y_min: [0, 1], y_max: [2, 3] }, "a", "iter", 0)).toMatchObject({ low: [0, 1], high: [2, 3] });
  });
});

describe("betweenOf", () => {
  it("goes back to what the server counts in", () => {
    expect(betweenOf([1, 4], "timestamp", 1_000)).toEqual([2_000, 5_000]);
    expect(betweenOf([2, 5], "iso_time", 0)).toEqual([2_000, 5_000]);
    expect(betweenOf([2, 5], "iter", 7)).toEqual([2, 5]);
  });
});

describe("span", () => {
  it("is in the unit that people would use", () => {
    expect([30, 600, 7_200, 259_200].map(span)).toEqual(["30 s", "10 min", "2 h", "3 d"]);
  });
});

describe("ticks", () => {
  it("are short, and all in one unit", () => {
    expect(ticksOf([0, 5_000, 10_000], 5_000)).toEqual(["0", "5k", "10k"]);
    expect(ticksOf([1e6, 1.5e6], 5e5)).toEqual(["1M", "1.5M"]);
    expect(ticksOf([10_250, 10_300], 50)).toEqual(["10.25k", "10.3k"]);
    expect(ticksOf([0, 0.1, 0.2], 0.1)).toEqual(["0", "0.1", "0.2"]);
    expect(ticksOf([0, 1e-5, 2e-5], 1e-5)).toEqual(["0", "1e-5", "2e-5"]);
    expect(ticksOf([1.5e-5], 5e-6)).toEqual(["1.5e-5"]);
    expect(ticksOf([-0.25, null], 0.25)).toEqual(["-0.25", ""]);
  });
  it("of a logarithmic axis are at powers of ten, and between them where there are few", () => {
    expect(logSplits(0.011, 1.5)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1]);
    expect(logSplits(1e-5, 1e-1)).toEqual([1e-5, 1e-4, 1e-3, 1e-2, 1e-1]);
    expect(logSplits(1e-20, 1e20).length).toBeLessThan(9);
  });
  it("of a logarithmic axis have a size each", () => {
    expect(logTicksOf([1e-4, 1e-2, 1, 1e4, null])).toEqual(["1e-4", "0.01", "1", "10k", ""]);
  });
});
