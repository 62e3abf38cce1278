/** Numbers, sizes and times as people read them, in the reader's own language and zone. */

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : plain.format(value);
}

/** A number with its word: `1 run`, `2 runs`. */
export function some(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? "" : "s"}`;
}

/** Four significant digits, and powers of ten where zeros would hide them. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return plain.format(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(3).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(5)));
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** Three significant digits where there is little room: `2.03M`. */
export function brief(value: number): string {
  const size = Math.abs(value);
  return size >= 1e4 && size < 1e15 ? compact.format(value) : number(Number(value.toPrecision(3)));
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || seconds < 0) return "–";
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function time(text: string | number | null | undefined): string {
  const at = text === null || text === undefined ? Number.NaN : new Date(text).getTime();
  return Number.isNaN(at) ? "–" : moment.format(at);
}

const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [7, "day"],
  [4.35, "week"],
  [12, "month"],
  [Number.POSITIVE_INFINITY, "year"],
];

export function timeAgo(text: string | null | undefined, now = Date.now()): string {
  const at = text ? new Date(text).getTime() : Number.NaN;
  if (Number.isNaN(at)) return "–";
  let value = (at - now) / 1000;
  if (Math.abs(value) < 10) return "just now";
  for (const [size, unit] of STEPS) {
    if (Math.abs(value) < size) return ago.format(Math.round(value), unit);
    value /= size;
  }
  return time(text);
}
