import { describe, expect, it } from "vitest";
import { smooth } from "./smoothing";

describe("smooth", () => {
  it("keeps a constant as it is, from the first point on", () => {
    for (const how of ["exponential", "gaussian", "average", "median"] as const) {
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
  it("spreads a peak evenly to both sides", () => {
    const found = smooth([...Array.from({ length: 50 }, () => 0), 1, ...Array.from({ length: 50 }, () => 0)], "gaussian", 0.5) as number[];
    expect(found[45]).toBeCloseTo(found[55] ?? 0);
    expect(found[50]).toBeGreaterThan(found[49] ?? 1);
    expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1);
  });
  it("is not thrown off by one huge value far away", () => {
    const values = [1e15, ...Array.from({ length: 99 }, () => 0.1)];
    expect(smooth(values, "average", 0.2)[90]).toBeCloseTo(0.1);
  });
  it("lets a median forget what stands out", () => {
    expect(smooth([1, 1, 100, 1, 1], "median", 0.5)[2]).toBe(1);
  });
});
