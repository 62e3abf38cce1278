import { describe, expect, it } from "vitest";
import { meanOf } from "./groups";
import { innerRange } from "./outliers";

describe("meanOf", () => {
  it("is the middle of two curves, with the deviation of a sample", () => {
    const found = meanOf("both", [
      { name: "a", x: [0, 1], y: [1, 1] },
      { name: "b", x: [0, 1], y: [3, 3] },
    ]);
    expect(found.y).toEqual([2, 2]);
    expect(found.low?.[0]).toBeCloseTo(2 - Math.SQRT2);
    expect(found.high?.[1]).toBeCloseTo(2 + Math.SQRT2);
  });
  it("goes straight between the points of a curve, and counts it only where it is", () => {
    const found = meanOf("both", [
      { name: "a", x: [0, 2], y: [0, 2] },
      { name: "b", x: [1, 3], y: [5, 5] },
    ]);
    expect(found.x).toEqual([0, 1, 2, 3]);
    expect(found.y).toEqual([0, 3, 3.5, 5]);
  });
  it("leaves out what is no number", () => {
    expect(meanOf("one", [{ name: "a", x: [0, 1, 2], y: [0, null, 4] }]).y).toEqual([0, 2, 4]);
  });
});

describe("innerRange", () => {
  it("leaves out the one value that stands far out", () => {
    const values = [...Array.from({ length: 200 }, (_, index) => index / 200), 1e6];
    const [low, high] = innerRange([values]) ?? [0, 0];
    expect(low).toBeGreaterThan(-1);
    expect(high).toBeLessThan(2);
  });
  it("leaves out nothing of a few", () => {
    expect(innerRange([[1, 2, 1e6]])).toBeNull();
  });
});
