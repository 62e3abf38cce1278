import { type Line, lowerBound } from "./line";
import { innerRange } from "./outliers";

export type Span = readonly [number, number];

/** What part of the plane a chart shows, and on how many pixels. */
export interface Plane {
  width: number;
  height: number;
  x: Span;
  y: Span;
  isLogX: boolean;
  isLogY: boolean;
}

/** From the first to the last place of all lines. */
export function xSpan(lines: readonly Line[], isLog: boolean): Span {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { x } of lines) {
    const first = isLog ? x[lowerBound(x, Number.MIN_VALUE)] : x[0];
    const last = x.at(-1);
    if (first !== undefined && first < low) low = first;
    if (last !== undefined && last > high) high = last;
  }
  if (low > high) return isLog ? [1, 10] : [0, 1];
  if (low === high) return isLog ? [low / 2, high * 2] : [low - (Math.abs(low) * 0.01 || 0.5), high + (Math.abs(high) * 0.01 || 0.5)];
  return [low, high];
}

/** What the lines and their bands reach over a part of x, with some air; the range of most of it if `isCalm`. */
export function ySpan(lines: readonly Line[], x: Span, isLog: boolean, isCalm: boolean): Span {
  const parts = lines.map((line) => [line, Math.max(0, lowerBound(line.x, x[0]) - 1), Math.min(line.x.length, lowerBound(line.x, x[1]) + 1)] as const);
  const inner = isCalm ? innerRange(parts.map(([line, from, to]) => line.y.slice(from, to)), isLog) : null;
  if (inner) return inner;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const [line, from, to] of parts) {
    for (const row of [line.y, line.low, line.high]) {
      if (row === undefined) continue;
      for (let at = from; at < to; at++) {
        const value = row[at];
        if (value === null || value === undefined || !Number.isFinite(value) || (isLog && value <= 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (low > high) return isLog ? [0.1, 10] : [0, 1];
  if (isLog) {
    const air = low === high ? 2 : (high / low) ** 0.05;
    return [low / air, high * air];
  }
  const air = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * 0.05;
  return [low - air, high + air];
}

/** The same range for amounts, which are compared by how far from nothing they are. */
export function fromZero([low, high]: Span): Span {
  return high > 0 ? [0, high] : [low, high];
}

/** From values to pixels. */
export function pixels({ width, height, x, y, isLogX, isLogY }: Plane): { left: (value: number) => number; top: (value: number) => number } {
  const [along, up] = [isLogX ? Math.log10 : same, isLogY ? Math.log10 : same];
  const [x0, x1, y0, y1] = [along(x[0]), along(x[1]), up(y[0]), up(y[1])];
  const [perX, perY] = [width / (x1 - x0 || 1), height / (y1 - y0 || 1)];
  return { left: (value) => (along(value) - x0) * perX, top: (value) => height - (up(value) - y0) * perY };
}

/** From a pixel to the value along the axis. */
export function valueAt(left: number, { width, x, isLogX }: Plane): number {
  const share = left / (width || 1);
  if (!isLogX) return x[0] + share * (x[1] - x[0]);
  return 10 ** (Math.log10(x[0]) + share * (Math.log10(x[1]) - Math.log10(x[0])));
}

function same(value: number): number {
  return value;
}
