/** A part of an axis, in shares of its length. */
export interface Brush {
  low: number;
  high: number;
}

/** The parts that are chosen, by the keys of their axes, as the address says them: `key|low|high`, one a line. */
export function brushesOf(said: string | undefined): Map<string, Brush> {
  const found = new Map<string, Brush>();
  for (const line of (said ?? "").split("\n")) {
    const parts = line.split("|");
    const [low, high] = [Number(parts.at(-2)), Number(parts.at(-1))];
    if (parts.length > 2 && low >= 0 && high <= 1 && low < high) found.set(parts.slice(0, -2).join("|"), { low, high });
  }
  return found;
}

export function sayBrushes(brushes: ReadonlyMap<string, Brush>): string | undefined {
  return [...brushes].map(([key, { low, high }]) => `${key}|${low.toFixed(3)}|${high.toFixed(3)}`).join("\n") || undefined;
}

/** Whether places on axes are within all parts that are chosen. */
export function isWithin(places: ReadonlyMap<string, number | null>, brushes: ReadonlyMap<string, Brush>): boolean {
  for (const [key, { low, high }] of brushes) {
    const place = places.get(key);
    if (place !== undefined && (place === null || place < low - 1e-9 || place > high + 1e-9)) return false;
  }
  return true;
}
