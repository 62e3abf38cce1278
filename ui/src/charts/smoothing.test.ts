import { describe, expect, it } from "vitest";
import { smooth } from "./smoothing";

describe("smooth", () => {
  it("keeps a constant as it is, from the first point on", () => {
    for (const how of ["exponential", "average", "median"] as const) {
      for (const value of smooth([3, 3, 3, 3], how, 0.9)) expect(value).toBeCloseTo(3);
    }
  });
  it("changes nothing without strength", () => {
    expect(smooth([1, 5, null], "average", 0)).toEqual([1, 5, null]);
  });
  it("keeps gaps, and what is no number is one", () => {
    expect(smooth([1, null, Number.NaN, 1], "exponential", 0.5)).toEqual([1, null, null, 1]);
  });
  it("weighs what was before", () => {
    const [first, second] = smooth([0, 1], "exponential", 0.5);
    expect(first).toBe(0);
    expect(second).toBeCloseTo(2 / 3);
  });
  it("lets a median forget what stands out", () => {
    expect(smooth([1, 1, 100, 1, 1], "median", 0.5)[2]).toBe(1);
  });
});
