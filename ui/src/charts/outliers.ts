const MOST = 20_000;

/** The range that a chart shows when what stands far out is ignored: the middle 98 % of all values, with some air. Null if there is nothing to leave out. */
export function innerRange(rows: readonly (readonly (number | null | undefined)[])[], isLog = false): [number, number] | null {
  const count = rows.reduce((sum, row) => sum + row.length, 0);
  const every = Math.max(1, Math.ceil(count / MOST));
  const found: number[] = [];
  for (const row of rows) {
    for (let at = 0; at < row.length; at += every) {
      const value = row[at];
      if (typeof value === "number" && Number.isFinite(value) && (!isLog || value > 0)) found.push(isLog ? Math.log10(value) : value);
    }
  }
  if (found.length < 20) return null;
  const all = Float64Array.from(found).sort();
  const low = all[Math.floor(all.length * 0.01)] ?? 0;
  const high = all[Math.ceil(all.length * 0.99) - 1] ?? 0;
  const air = (high - low || Math.abs(high) || 1) * 0.05;
  return isLog ? [10 ** (low - air), 10 ** (high + air)] : [low - air, high + air];
}
