/** Ways to make a curve smooth. Each keeps the places where there is nothing. */
export const SMOOTHINGS = { exponential: "exponential", gaussian: "Gaussian", average: "running mean", median: "running median" } as const;
export type Smoothing = keyof typeof SMOOTHINGS;

type Row = readonly (number | null)[];

const WIDEST = 100;

export function smooth(values: Row, how: Smoothing, strength: number): (number | null)[] {
  if (strength <= 0) return [...values];
  switch (how) {
    case "exponential":
      return exponential(values, Math.min(strength, 0.999));
    case "gaussian":
      return gaussian(values, Math.min(WIDEST / 2, Math.max(0.5, (strength ** 2 * values.length) / 20)));
    case "average":
      return average(values, Math.min(2 * WIDEST, halfOf(values, strength)));
    case "median":
      return median(values, Math.min(WIDEST, halfOf(values, strength)));
  }
}

/** An exponential moving average without the pull towards zero at its beginning. */
function exponential(values: Row, weight: number): (number | null)[] {
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    sum = sum * weight + value * (1 - weight);
    norm = norm * weight + (1 - weight);
    return sum / norm;
  });
}

/** Each point with its neighbours, which weigh less the farther they are; `deviation` is in points. */
function gaussian(values: Row, deviation: number): (number | null)[] {
  const reach = Math.ceil(deviation * 3);
  const weights = Array.from({ length: reach + 1 }, (_, at) => Math.exp(-(at * at) / (2 * deviation * deviation)));
  return values.map((value, at) => {
    if (value === null || !Number.isFinite(value)) return null;
    let sum = 0;
    let norm = 0;
    for (let near = Math.max(0, at - reach); near <= Math.min(values.length - 1, at + reach); near++) {
      const one = values[near];
      if (one === null || one === undefined || !Number.isFinite(one)) continue;
      const weight = weights[Math.abs(near - at)] ?? 0;
      sum += one * weight;
      norm += weight;
    }
    return sum / norm;
  });
}

/** `strength` from 0 to 1 is a window of up to a tenth of the curve, around each place. */
function halfOf(values: Row, strength: number): number {
  return Math.max(1, Math.round((strength * values.length) / 20));
}

function average(values: Row, half: number): (number | null)[] {
  return values.map((value, at) => {
    if (value === null || !Number.isFinite(value)) return null;
    let sum = 0;
    let norm = 0;
    for (let near = Math.max(0, at - half); near <= Math.min(values.length - 1, at + half); near++) {
      const one = values[near];
      if (one === null || one === undefined || !Number.isFinite(one)) continue;
      sum += one;
      norm += 1;
    }
    return sum / norm;
  });
}

function median(values: Row, half: number): (number | null)[] {
  return values.map((value, at) => {
    if (value === null || !Number.isFinite(value)) return null;
    const found = values.slice(Math.max(0, at - half), at + half + 1).filter((one): one is number => one !== null && Number.isFinite(one));
    const sorted = Float64Array.from(found).sort();
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  });
}
