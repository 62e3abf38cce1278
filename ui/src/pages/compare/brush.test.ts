import { describe, expect, it } from "vitest";
import { brushesOf, isWithin, sayBrushes } from "./brush";

describe("brushes", () => {
  it("are the same after the address", () => {
    const brushes = new Map([["parameter a|b", { low: 0.25, high: 0.5 }]]);
    expect(brushesOf(sayBrushes(brushes))).toEqual(brushes);
    expect(sayBrushes(new Map())).toBeUndefined();
  });
  it("that say nothing are none", () => {
    expect(brushesOf("a|0.5|0.2\nb|x|1\nc\n|").size).toBe(0);
  });
  it("keep what lies in all of them; what has no value lies in none", () => {
    const brushes = new Map([["a", { low: 0.2, high: 0.4 }]]);
    expect([0.3, 0.4, 0.5, null].map((at) => isWithin(new Map([["a", at]]), brushes))).toEqual([true, true, false, false]);
    expect(isWithin(new Map(), brushes)).toBe(true);
  });
});
