import type { Line } from "./line";

/** The mean of several curves with what they deviate from it, where at least one of them has a value; between its points a curve is straight. */
export function meanOf(name: string, lines: readonly Line[]): Line {
  const places = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const kept = thinned(places, 1_000);
  const y: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  const x: number[] = [];
  const walks = lines.map((line) => walk(line));
  for (const place of kept) {
    const values = walks.map((at) => at(place)).filter((value): value is number => value !== null);
    if (!values.length) continue;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = values.length > 1 ? Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) : 0;
    x.push(place);
    y.push(mean);
    low.push(mean - deviation);
    high.push(mean + deviation);
  }
  return { name, x, y, low, high };
}

function thinned(places: readonly number[], most: number): number[] {
  if (places.length <= most) return [...places];
  return Array.from({ length: most }, (_, index) => places[Math.round((index * (places.length - 1)) / (most - 1))] ?? 0);
}

/** What a curve is at a place; places have to be asked for from left to right. Null outside of it. */
function walk(line: Line): (place: number) => number | null {
  const points = line.x.flatMap((x, index) => {
    const y = line.y[index];
    return y === null || y === undefined || !Number.isFinite(y) ? [] : [[x, y] as const];
  });
  let at = 0;
  return (place) => {
    while (at + 1 < points.length && (points[at + 1]?.[0] ?? 0) <= place) at++;
    const before = points[at];
    const after = points[at + 1];
    if (before === undefined || place < before[0]) return null;
    if (before[0] === place) return before[1];
    if (after === undefined) return null;
    return before[1] + ((after[1] - before[1]) * (place - before[0])) / (after[0] - before[0]);
  };
}
