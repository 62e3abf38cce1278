import { describe, expect, it } from "vitest";
import { offsetAt, scaleOf, scrolledTo, TALLEST } from "./scaled";

describe("a scale", () => {
  it("draws what is short as it is", () => {
    const scale = scaleOf(1_000, 20, 600);
    expect(scale.drawn).toBe(20_000);
    expect([offsetAt(scale, 300), scrolledTo(scale, 300)]).toEqual([300, 300]);
    expect(scrolledTo(scale, 1e9)).toBe(19_400);
  });
  it("reaches both ends of what is long", () => {
    const scale = scaleOf(3_000_000, 20, 600);
    expect(scale.drawn).toBe(TALLEST);
    expect(offsetAt(scale, 0)).toBe(0);
    expect(offsetAt(scale, TALLEST - 600)).toBe(60_000_000 - 600);
    for (const line of [0, 1, 1_234_567, 2_999_000]) expect(offsetAt(scale, scrolledTo(scale, line * 20))).toBeCloseTo(line * 20, 3);
  });
  it("has no place to go to when all is in view", () => {
    const scale = scaleOf(3, 20, 600);
    expect(scrolledTo(scale, 40)).toBe(0);
    expect(offsetAt(scale, 0)).toBe(0);
  });
});
