/** Ways to make a curve smooth. Each keeps the places where there is nothing. */
export type Smoothing = "exponential" | "average" | "median";

export function smooth(values: readonly (number | null)[], how: Smoothing, strength: number): (number | null)[] {
  if (strength <= 0) return [...values];
  switch (how) {
    case "exponential":
      return exponential(values, Math.min(strength, 0.999));
    case "average":
      return windowed(values, strength, (found) => found.reduce((sum, value) => sum + value, 0) / found.length);
    case "median":
      return windowed(values, strength, (found) => {
        const sorted = [...found].sort((a, b) => a - b);
        const middle = sorted.length >> 1;
        return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
      });
  }
}

/** An exponential moving average without the pull towards zero at its beginning. */
function exponential(values: readonly (number | null)[], weight: number): (number | null)[] {
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    sum = sum * weight + value * (1 - weight);
    norm = norm * weight + (1 - weight);
    return sum / norm;
  });
}

/** `strength` from 0 to 1 is a window of up to a tenth of the curve, around each place. */
function windowed(values: readonly (number | null)[], strength: number, of: (found: number[]) => number): (number | null)[] {
  const half = Math.max(1, Math.round((strength * values.length) / 20));
  return values.map((value, at) => {
    if (value === null || !Number.isFinite(value)) return null;
    const found: number[] = [];
    for (let near = Math.max(0, at - half); near <= Math.min(values.length - 1, at + half); near++) {
      const one = values[near];
      if (one !== null && one !== undefined && Number.isFinite(one)) found.push(one);
    }
    return of(found);
  });
}
