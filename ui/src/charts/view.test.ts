import { describe, expect, it } from "vitest";
import { colourAt, HUES, inksOf } from "./colours";
import { nearestPoint } from "./line";
import { trace, traceBand } from "./trace";
import { fromZero, type Plane, pixels, valueAt, xSpan, ySpan } from "./view";

const line = { name: "a", x: [0, 10, 20, 30], y: [1, 5, 2, 3] };

describe("spans", () => {
  it("reach over all lines, and over the bands in view", () => {
    expect(xSpan([line, { name: "b", x: [-5, 5], y: [0, 0] }], false)).toEqual([-5, 30]);
    const [low, high] = ySpan([{ ...line, low: [0, 0, 0, 0], high: [9, 9, 9, 9] }], [0, 30], false, false);
    expect([low < 0, high > 9]).toEqual([true, true]);
  });
  it("are of what is in view, and what leads out of it", () => {
    const far = { name: "a", x: [0, 1, 2, 3, 4], y: [100, 1, 2, 1, 1] };
    expect(ySpan([far], [2, 4], false, false)[1]).toBeLessThan(3);
  });
  it("are some range for a single point, for nothing, and on logarithmic axes", () => {
    expect(xSpan([{ name: "a", x: [5], y: [1] }], false)).toEqual([4.95, 5.05]);
    expect(xSpan([], false)).toEqual([0, 1]);
    expect(ySpan([{ name: "a", x: [1, 2], y: [-1, 0] }], [1, 2], true, false)).toEqual([0.1, 10]);
    expect(xSpan([line], true)).toEqual([10, 30]);
  });
});

describe("fromZero", () => {
  it("begins at nothing, where there is something above it", () => {
    expect(fromZero([38, 42])).toEqual([0, 42]);
    expect(fromZero(ySpan([{ name: "a", x: [0, 1], y: [0, 0] }], [0, 1], false, false))).toEqual([0, 1]);
    expect(fromZero([-4, -2])).toEqual([-4, -2]);
  });
});

describe("traceBand", () => {
  it("draws all of a band in pieces that meet", () => {
    const plane: Plane = { width: 40, height: 10, x: [0, 4], y: [0, 10], isLogX: false, isLogY: false };
    const drawn = (first?: number, end?: number) => {
      const found: string[] = [];
      const point = (x: number, y: number) => void found.push(`${x},${y}`);
      traceBand({ moveTo: point, lineTo: point }, [0, 1, 2, 3, 4], [1, 1, 1, 1, 1], [9, 8, 7, 8, 9], plane, first, end);
      return found;
    };
    expect(drawn(0, 3)).toEqual(["0,1", "10,2", "20,3", "20,9", "10,9", "0,9"]);
    expect(new Set([...drawn(0, 3), ...drawn(2, 5)])).toEqual(new Set(drawn()));
  });
});

describe("valueAt", () => {
  it("is the way back from pixels, on both kinds of axes", () => {
    for (const isLogX of [false, true]) {
      const plane: Plane = { width: 200, height: 100, x: [1, 1_000], y: [0, 1], isLogX, isLogY: false };
      expect(valueAt(pixels(plane).left(50), plane)).toBeCloseTo(50);
    }
  });
});

describe("nearestPoint", () => {
  it("is on either side, and the last one that has a value", () => {
    expect([4, 6, 26, 99, -9].map((at) => nearestPoint(line, at))).toEqual([0, 1, 3, 3, 0]);
    expect(nearestPoint({ ...line, y: [1, null, null, null] }, 30)).toBe(0);
    expect(nearestPoint({ name: "none", x: [], y: [] }, 3)).toBeNull();
  });
});

describe("trace", () => {
  const drawn = (x: number[], y: (number | null)[], plane: Partial<Plane> = {}) => {
    const all: [string, number, number][] = [];
    const pen = { moveTo: (h: number, v: number) => all.push(["M", h, v]), lineTo: (h: number, v: number) => all.push(["L", h, v]) };
    trace(pen, x, y, { width: 10, height: 10, x: [0, 10], y: [0, 10], isLogX: false, isLogY: false, ...plane }, 1);
    return all;
  };
  it("begins anew after a gap", () => {
    expect(drawn([0, 1, 2, 3], [0, null, Number.NaN, 5]).map(([kind]) => kind)).toEqual(["M", "M"]);
  });
  it("leaves out on a logarithmic axis what has no place there", () => {
    expect(drawn([1, 2, 3], [0, 1, 10], { y: [1, 10], isLogY: true })).toEqual([
      ["M", 2, 10],
      ["L", 3, 0],
    ]);
  });
  it("draws as many points as there are columns, and keeps what stands out", () => {
    const x = Array.from({ length: 100_000 }, (_, at) => at / 10_000);
    const y: (number | null)[] = x.map(() => 5);
    y[50_123] = 10;
    const all = drawn(x, y);
    expect(all.length).toBeLessThan(60);
    expect(Math.min(...all.map(([, , v]) => v))).toBe(0);
  });
  it("draws only what is in view, and the points that lead out of it", () => {
    expect(drawn([0, 1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1, 1], { x: [2.5, 3.5] }).length).toBe(3);
  });
});

describe("inksOf", () => {
  it("gives a hundred runs a hundred inks", () => {
    const all = [...inksOf(Array.from({ length: 100 }, (_, at) => `run ${at}`), false).values()];
    expect(new Set(all.map(({ colour, dash }) => `${colour} ${dash.join()}`)).size).toBe(100);
  });
  it("gives ten runs ten colours, whatever their order", () => {
    const names = Array.from({ length: HUES }, (_, at) => `run ${at}`);
    const inks = inksOf(names, true);
    expect(new Set([...inks.values()].map(({ colour }) => colour)).size).toBe(HUES);
    expect(inksOf([...names].reverse(), true)).toEqual(inks);
  });
  it("keeps a colour that was chosen", () => {
    expect(inksOf(["a", "b", "c"], false, { b: 3 }).get("b")).toEqual({ colour: colourAt(3, false), dash: [] });
  });
});
