/** A way from values to places between 0 and 1, and the values that its axis names. */
export interface Scale {
  at: (value: string | number | undefined) => number | null;
  ticks: { label: string; at: number }[];
}

/** A scale for what runs have: of numbers if all of it is numbers, and else of the different texts. */
export function scaleOf(values: readonly (string | number | undefined)[], format: (value: number) => string, logarithmic = false): Scale {
  const said = values.filter((value) => value !== undefined && value !== "");
  const numbers = said.map(Number);
  if (said.length && numbers.every(Number.isFinite)) return ofNumbers(numbers, format, logarithmic && numbers.every((value) => value > 0));
  const words = [...new Set(said.map(String))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const place = (index: number) => (words.length > 1 ? index / (words.length - 1) : 0.5);
  const every = Math.ceil(words.length / 12);
  return {
    at: (value) => (value === undefined || value === "" ? null : place(words.indexOf(String(value)))),
    ticks: words.flatMap((label, index) => (index % every ? [] : [{ label, at: place(index) }])),
  };
}

function ofNumbers(numbers: readonly number[], format: (value: number) => string, isLog: boolean): Scale {
  const to = isLog ? Math.log10 : (value: number) => value;
  const lowest = to(Math.min(...numbers));
  const highest = to(Math.max(...numbers));
  const size = highest - lowest;
  const at = (value: string | number | undefined) => {
    if (value === undefined || value === "") return null;
    return size === 0 ? 0.5 : (to(Number(value)) - lowest) / size;
  };
  if (size === 0) return { at, ticks: [{ label: format(Number(numbers[0])), at: 0.5 }] };
  const step = stepOf(size, isLog);
  const first = Math.ceil(lowest / step - 1e-9);
  const last = Math.floor(highest / step + 1e-9);
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
  const named = ticks.length > 1 ? ticks : [lowest, highest];
  return { at, ticks: named.map((value) => ({ label: format(isLog ? 10 ** value : Number(value.toPrecision(12))), at: (value - lowest) / size })) };
}

function stepOf(size: number, isLog: boolean): number {
  const rough = size / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power;
  return isLog ? Math.max(1, Math.round(step)) : step;
}
