import { describe, expect, it } from "vitest";
import { inked, inkedNotes, inkOn, shadeAt, type Shading } from "./cells";
import { SHADES } from "./figures";

const GREY: Shading = { low: 0, high: 10, colours: [[0, "#ffffff"], [0.5, "rgb(100, 100, 100)"], [1, "#000"]] };

function contrast(a: readonly number[], b: readonly number[]): number {
  const light = (colour: readonly number[]) => colour.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * ([0.2126, 0.7152, 0.0722][at] ?? 0), 0);
  const [less, more] = [light(a), light(b)].sort((x, y) => x - y) as [number, number];
  return (more + 0.05) / (less + 0.05);
}

describe("shadeAt", () => {
  it("mixes the colours on both sides of a value", () => {
    expect([0, 2.5, 5, 7.5, 10, 99].map((value) => shadeAt(value, GREY)?.[0])).toEqual([255, 177.5, 100, 50, 0, 0]);
  });
  it("knows no colour of what is no number, and of names of colours", () => {
    expect(shadeAt(null, GREY)).toBeNull();
    expect(shadeAt("x", GREY)).toBeNull();
    expect(shadeAt(1, { low: 0, high: 1, colours: [[0, "white"], [1, "black"]] })).toBeNull();
  });
});

describe("inkOn", () => {
  it("can be read on every shade of both themes", () => {
    for (const scale of Object.values(SHADES))
      for (let at = 0; at <= 100; at++) {
        const shade = shadeAt(at, { low: 0, high: 100, colours: scale }) ?? [];
        expect(contrast(shade, inkOn(shade) === "#000000" ? [0, 0, 0] : [255, 255, 255])).toBeGreaterThan(4.5);
      }
  });
});

describe("inked", () => {
  it("writes in black on what is light, and in white on what is dark", () => {
    const traces = inked({ type: "heatmap", z: [[1, 9]], texttemplate: "%{z}" }, GREY) as unknown as { z: unknown; textfont: unknown; zmin: number; zmax: number }[];
    expect(traces.map(({ z, textfont, zmin, zmax }) => [z, textfont, zmin, zmax])).toEqual([
      [[[1, null]], { color: "#000000" }, 0, 10],
      [[[null, 9]], { color: "#ffffff" }, 0, 10],
    ]);
  });
  it("writes texts only once, too", () => {
    const traces = inked({ type: "heatmap", z: [[1, 9]], text: [["one", "nine"]], texttemplate: "%{text}" } as never, GREY) as unknown as { text: unknown }[];
    expect(traces.map(({ text }) => text)).toEqual([[["one", ""]], [["", "nine"]]]);
  });
  it("leaves alone what has no text, and what would be written twice", () => {
    for (const trace of [{ type: "heatmap" as const, z: [[1, 9]] }, { type: "heatmap" as const, z: [[1, 9]], texttemplate: "%{x}: %{z}" }]) expect(inked(trace, GREY)).toEqual([trace]);
  });
});

describe("inkedNotes", () => {
  it("finds the cell on which a note stands, by name and by number", () => {
    const trace = { type: "heatmap" as const, x: ["a", "b"], z: [[1, 9]] };
    const notes = [{ x: "a", y: 0, showarrow: false }, { x: "b", y: 0, showarrow: false }, { x: "b", y: 0 }, { x: "c", y: 4, showarrow: false }];
    expect(inkedNotes(notes, trace, GREY).map(({ font }) => font)).toEqual([{ color: "#000000" }, { color: "#ffffff" }, undefined, undefined]);
  });
});
