import type Plotly from "plotly.js-dist-min";

type Item = Record<string, unknown>;

/** How Plotly shades a matrix: from which value to which, and the colours on the way. */
export interface Shading {
  low: number;
  high: number;
  colours: readonly (readonly [at: number, colour: string])[];
}

/** What is written on a colour: black or white, whichever is told apart better. One of both always has a contrast of 4.5 or more. */
export function inkOn([red, green, blue]: readonly number[]): "#000000" | "#ffffff" {
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  // Where (1 + 0.05) / (light + 0.05) is (light + 0.05) / 0.05.
  return light > 0.179 ? "#000000" : "#ffffff";
}

/** The colour of a value, as Plotly mixes it; null where it can't be known. */
export function shadeAt(value: unknown, { low, high, colours }: Shading): number[] | null {
  if (value === null || value === "" || !Number.isFinite(Number(value))) return null;
  const share = high > low ? Math.min(1, Math.max(0, (Number(value) - low) / (high - low))) : 0.5;
  const above = Math.max(1, colours.findIndex(([at]) => at >= share));
  const [from, to] = [colours[above - 1], colours[above]];
  const [a, b] = [from && partsOf(from[1]), to && partsOf(to[1])];
  if (!from || !to || !a || !b) return null;
  const place = to[0] > from[0] ? (share - from[0]) / (to[0] - from[0]) : 1;
  return a.map((part, index) => part + ((b[index] ?? 0) - part) * place);
}

/** A matrix with values in its cells as two that lie on each other, one with black and one with white text; the trace alone if nothing is written. */
export function inked(trace: Plotly.Data, shading: Shading | null): Plotly.Data[] {
  const { z, zsmooth, text, texttemplate, textfont } = trace as Item;
  if (shading === null || typeof texttemplate !== "string" || zsmooth || !Array.isArray(z) || !z.every((row) => Array.isArray(row))) return [trace];
  // What says anything else would stand in cells that are left out as well.
  if (/%\{(?!z\b|text\b)/.test(texttemplate)) return [trace];
  const cells = z as unknown[][];
  const inks = cells.map((row) => row.map((value) => inkOf(value, shading)));
  const used = [...new Set(inks.flat())];
  return used.map((ink, at) => ({
    ...trace,
    // What is null is neither drawn nor pointed at.
    z: only(cells, inks, ink, null),
    ...(Array.isArray(text) && text.every((row) => Array.isArray(row)) ? { text: only(text as unknown[][], inks, ink, "") } : {}),
    zauto: false,
    zmin: shading.low,
    zmax: shading.high,
    hoverongaps: false,
    showscale: at === 0 && (trace as Item).showscale !== false,
    textfont: { ...(typeof textfont === "object" ? textfont : {}), color: ink },
  })) as Plotly.Data[];
}

/** What stands on cells of a matrix as annotations, in the ink that each of them asks for. */
export function inkedNotes(notes: readonly Item[], trace: Plotly.Data, shading: Shading): Item[] {
  const { x, y, z } = trace as Item;
  if (!Array.isArray(z)) return [...notes];
  const placeIn = (names: unknown, said: unknown) => (Array.isArray(names) ? names.findIndex((name) => String(name) === String(said)) : Number(said));
  return notes.map((note) => {
    if ((note.xref ?? "x") !== "x" || (note.yref ?? "y") !== "y" || note.showarrow !== false) return note;
    const row: unknown = z[placeIn(y, note.y)];
    const colour = Array.isArray(row) ? shadeAt(row[placeIn(x, note.x)], shading) : null;
    return colour ? { ...note, font: { ...(typeof note.font === "object" ? note.font : {}), color: inkOn(colour) } } : note;
  });
}

/** The cells whose ink is this one, and nothing in the others. */
function only(cells: readonly unknown[][], inks: readonly string[][], ink: string, nothing: unknown): unknown[][] {
  return cells.map((row, y) => row.map((value, x) => (inks[y]?.[x] === ink ? value : nothing)));
}

function inkOf(value: unknown, shading: Shading): string {
  const colour = shadeAt(value, shading);
  return colour ? inkOn(colour) : "#000000";
}

/** `#rrggbb`, `#rgb` and `rgb(...)`; that is how Plotly names the colours of a scale once it has read it. */
function partsOf(colour: string): number[] | null {
  const [, hex] = /^#([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(colour.trim()) ?? [];
  if (hex) return (hex.length === 3 ? [...hex].map((one) => one + one) : (hex.match(/../g) ?? [])).map((part) => Number.parseInt(part, 16));
  const [, said] = /^rgba?\(([^)]*)\)$/i.exec(colour.trim()) ?? [];
  const parts = said?.split(/[\s,/]+/).filter(Boolean).slice(0, 3).map(Number) ?? [];
  return parts.length === 3 && parts.every(Number.isFinite) ? parts : null;
}

function linear(part = 0): number {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
