import { useSyncExternalStore } from "react";

/** Colours of curves: told apart by people with any kind of colour vision, on light and on dark. Taken from Okabe and Ito, and Tol. */
const LIGHT = ["#0072b2", "#d55e00", "#007a5a", "#aa3377", "#8a6d00", "#4b2991", "#c1272d", "#00798c", "#6b6b6b", "#2e4a9e"];
const DARK = ["#56b4e9", "#f08c3a", "#2fc498", "#e388c0", "#d8b63d", "#ad93f0", "#ff7d74", "#4cc9d8", "#b5b5b5", "#8ea8ff"];
export const HUES = LIGHT.length;

/** How a curve is drawn. Ten colours, five patterns and two tones of each make a hundred that differ. */
export interface Ink {
  colour: string;
  /** Lengths of strokes and gaps in pixels; none is a whole line. */
  dash: readonly number[];
}

const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [14, 5]] as const;
/** Which pattern and which tone the second, third, ... curve of a colour has. */
const KINDS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [2, 0],
  [3, 0],
  [2, 1],
  [3, 1],
  [4, 0],
  [4, 1],
] as const;

export function colourAt(hue: number, dark: boolean): string {
  const colours = dark ? DARK : LIGHT;
  return colours[((hue % HUES) + HUES) % HUES] ?? "#888888";
}

/** The inks of some curves: each keeps its own wherever it is shown, and two on one chart differ. `chosen` are colours that a person gave. */
export function inksOf(names: readonly string[], dark: boolean, chosen: Readonly<Record<string, number>> = {}): Map<string, Ink> {
  const uses = Array.from({ length: HUES }, () => 0);
  const found = new Map<string, Ink>();
  const sorted = [...new Set(names)].sort((a, b) => Number(b in chosen) - Number(a in chosen) || (a < b ? -1 : 1));
  for (const name of sorted) {
    const given = chosen[name];
    let hue = given === undefined ? hash(name) % HUES : ((given % HUES) + HUES) % HUES;
    if (given === undefined) {
      const least = Math.min(...uses);
      while (uses[hue] !== least) hue = (hue + 1) % HUES;
    }
    found.set(name, inkAt(hue, uses[hue] ?? 0, dark));
    uses[hue] = (uses[hue] ?? 0) + 1;
  }
  return found;
}

/** Inks for few things that are told apart on one page only: one after the other, the most different first. */
export function inksInOrder(names: readonly string[], dark: boolean): Map<string, Ink> {
  return new Map(names.map((name, at) => [name, inkAt(at % HUES, Math.floor(at / HUES), dark)]));
}

/** An ink as a background of CSS, for marks. */
export function markOf(ink: Ink | undefined): string {
  if (ink === undefined) return "transparent";
  const [on, off] = ink.dash;
  if (on === undefined || off === undefined) return ink.colour;
  const [a, b] = [Math.min(on, 5), Math.min(on, 5) + 2];
  return `repeating-linear-gradient(90deg, ${ink.colour} 0px, ${ink.colour} ${a}px, transparent ${a}px, transparent ${b}px)`;
}

function inkAt(hue: number, use: number, dark: boolean): Ink {
  const [dash, tone] = KINDS[use % KINDS.length] ?? [0, 0];
  const colour = colourAt(hue, dark);
  return { colour: tone ? mixed(colour, dark ? 255 : 0, 0.4) : colour, dash: DASHES[dash] };
}

function mixed(colour: string, towards: number, share: number): string {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `#${parts.map((part) => Math.round(part + (towards - part) * share).toString(16).padStart(2, "0")).join("")}`;
}

function hash(text: string): number {
  let value = 2166136261;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16777619);
  return value >>> 0;
}

const KEY = "tilth-colours";
const listeners = new Set<() => void>();
let kept: Readonly<Record<string, number>> | null = null;

function read(): Readonly<Record<string, number>> {
  if (kept !== null) return kept;
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, unknown>;
    kept = Object.fromEntries(Object.entries(found).filter((entry): entry is [string, number] => Number.isInteger(entry[1])));
  } catch {
    kept = {}; // nothing is kept, or something that nobody can read
  }
  return kept;
}

/** Give a run a colour of one's own, in this browser; null gives back the one that it had. */
export function chooseColour(key: string, hue: number | null): void {
  const { [key]: _, ...rest } = read();
  kept = hue === null ? rest : { ...rest, [key]: hue };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // a browser that keeps nothing: it lasts until the page is left
  }
  for (const listener of listeners) listener();
}

/** The colours that a person gave to runs. */
export function useChosenColours(): Readonly<Record<string, number>> {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, read);
}
