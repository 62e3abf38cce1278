/** A curve to draw, with a band around it if it has one. */
export interface Line {
  name: string;
  /** Whose colour it has, if that is not its name: a run keeps its colour whatever it is called. */
  key?: string;
  x: readonly number[];
  y: readonly (number | null)[];
  low?: readonly number[];
  high?: readonly number[];
}

/** Curves over one common axis, as uPlot wants them: the places, and for each curve what it is there; `undefined` where it has no point. */
export function joined(lines: readonly Line[]): [number[], ...(number | null | undefined)[][]] {
  const first = lines[0];
  if (first === undefined) return [[]];
  if (lines.every((line) => same(line.x, first.x))) return [[...first.x], ...lines.map((line) => [...line.y])];
  const places = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const at = new Map(places.map((place, index) => [place, index]));
  return [
    places,
    ...lines.map((line) => {
      const row = Array.from<number | null | undefined>({ length: places.length });
      line.x.forEach((place, index) => {
        row[at.get(place) ?? 0] = line.y[index] ?? null;
      });
      return row;
    }),
  ];
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((value, index) => value === b[index]));
}
