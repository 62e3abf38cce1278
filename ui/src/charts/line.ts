/** A curve to draw, with a band around it if it has one. Its places are in order. */
export interface Line {
  name: string;
  /** Whose ink it has, if that is not its name: a run keeps its colour whatever it is called. */
  key?: string;
  x: readonly number[];
  y: readonly (number | null)[];
  low?: readonly number[];
  high?: readonly number[];
}

export const keyOf = (line: Line): string => line.key ?? line.name;

/** A line without its band. */
export function bare({ low: _low, high: _high, ...line }: Line): Line {
  return line;
}

/** The first place that is not before `value`. */
export function lowerBound(x: readonly number[], value: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The point of a line that is nearest to a place and has a value; null if the line is not there at all. */
export function nearestPoint(line: Line, place: number): number | null {
  const after = lowerBound(line.x, place);
  const before = after - 1;
  const near = after >= line.x.length || (before >= 0 && place - (line.x[before] ?? 0) <= (line.x[after] ?? 0) - place) ? before : after;
  for (let at = near; at >= 0; at--) {
    const value = line.y[at];
    if (value !== null && value !== undefined) return at;
  }
  return null;
}

/** The last value of a line, and the point before it if it ends in nothing. */
export function lastValue(line: Line): number | null {
  for (let at = line.y.length - 1; at >= 0; at--) {
    const value = line.y[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
