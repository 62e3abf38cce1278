/** What the cells of a column look like: all whole numbers, numbers, yes and no, dates, or text. Empty cells say nothing. */
export function columnType(cells: string[]): string {
  const said = cells.map((cell) => cell.trim()).filter((cell) => cell !== "" && cell !== "null");
  if (said.length === 0) return "empty";
  return TYPES.find(([, fits]) => said.every((cell) => fits.test(cell)))?.[0] ?? "text";
}

const TYPES: [string, RegExp][] = [
  ["integer", /^[+-]?\d+$/],
  ["number", /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(nan|inf|infinity)$/i],
  ["boolean", /^(true|false)$/i],
  ["date", /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/],
];
