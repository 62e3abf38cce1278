/** The range that a chart shows when what stands far out is ignored: the middle 98 % of all values, with some air. Null if there is nothing to leave out. */
export function innerRange(rows: readonly (readonly (number | null | undefined)[])[]): [number, number] | null {
  const all = rows.flatMap((row) => row.filter((value): value is number => typeof value === "number" && Number.isFinite(value))).sort((a, b) => a - b);
  if (all.length < 20) return null;
  const low = all[Math.floor(all.length * 0.01)] ?? 0;
  const high = all[Math.ceil(all.length * 0.99) - 1] ?? 0;
  const air = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - air, high + air];
}
