/** How much the values of one thing go with those of another, over runs. */
export interface Relation {
  /** From 0, nothing, to 1, one says the other. */
  strength: number;
  /** Whether more of one goes with more or with less of the other; 0 if what is compared has no order. */
  direction: -1 | 0 | 1;
  /** How many runs have both. */
  count: number;
  /** How often as much comes out if the values are dealt out by chance. */
  chance: number;
}

type Value = string | number | undefined;

const DEALS = 400;

/** Between numbers the correlation of their ranks; between words and numbers, the share of the spread that lies between the words, as a correlation. Null if one of them does not vary. */
export function relationOf(of: readonly Value[], to: readonly Value[]): Relation | null {
  const pairs = of.flatMap((value, at): [string | number, number][] => {
    const other = Number(to[at]);
    return value === undefined || value === "" || to[at] === undefined || to[at] === "" || !Number.isFinite(other) ? [] : [[value, other]];
  });
  const ranks = ranksOf(pairs.map(([, value]) => value));
  if (pairs.length < 3 || !varies(ranks) || new Set(pairs.map(([value]) => value)).size < 2) return null;
  const isNumeric = pairs.every(([value]) => Number.isFinite(Number(value)));
  const own = isNumeric ? ranksOf(pairs.map(([value]) => Number(value))) : pairs.map(([value]) => String(value));
  const measure = (dealt: readonly number[]) => (isNumeric ? correlation(own as number[], dealt) : ratio(own as string[], dealt));
  const found = measure(ranks);
  const least = Math.abs(found) - 1e-9;
  const next = dice(pairs.length);
  let reached = 0;
  for (let deal = 0; deal < DEALS; deal++) if (Math.abs(measure(shuffled(ranks, next))) >= least) reached += 1;
  return { strength: Math.min(1, Math.abs(found)), direction: isNumeric ? (Math.sign(found) as -1 | 0 | 1) : 0, count: pairs.length, chance: reached / DEALS };
}

/** The place of each value among all; equal ones share theirs. */
export function ranksOf(values: readonly number[]): number[] {
  const order = values.map((value, at) => [value, at] as const).sort(([a], [b]) => a - b);
  const ranks = Array.from<number>({ length: values.length });
  for (let start = 0; start < order.length; ) {
    let stop = start;
    while (stop < order.length && order[stop]?.[0] === order[start]?.[0]) stop++;
    for (const [, at] of order.slice(start, stop)) ranks[at] = (start + stop - 1) / 2;
    start = stop;
  }
  return ranks;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, squareA, squareB] = [0, 0, 0];
  a.forEach((value, at) => {
    const [x, y] = [value - meanA, (b[at] ?? 0) - meanB];
    both += x * y;
    squareA += x * x;
    squareB += y * y;
  });
  return squareA && squareB ? both / Math.sqrt(squareA * squareB) : 0;
}

/** The correlation ratio: how far apart the means of the groups are, of all the spread there is. */
function ratio(groups: readonly string[], values: readonly number[]): number {
  const whole = mean(values);
  const byGroup = new Map<string, number[]>();
  groups.forEach((group, at) => byGroup.set(group, [...(byGroup.get(group) ?? []), values[at] ?? 0]));
  const between = [...byGroup.values()].reduce((sum, one) => sum + one.length * (mean(one) - whole) ** 2, 0);
  const all = values.reduce((sum, value) => sum + (value - whole) ** 2, 0);
  return all ? Math.sqrt(between / all) : 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varies(values: readonly number[]): boolean {
  return values.some((value) => value !== values[0]);
}

function shuffled(values: readonly number[], next: () => number): number[] {
  const dealt = [...values];
  for (let at = dealt.length - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    [dealt[at], dealt[other]] = [dealt[other] ?? 0, dealt[at] ?? 0];
  }
  return dealt;
}

/** Numbers by chance that are the same each time, so that nothing flickers. */
function dice(seed: number): () => number {
  let state = seed + 0x6d2b79f5;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
