import type { Curve } from "@/api/types";
import { count, time } from "@/components/format";
import type { Line } from "./line";

export const AXES = { iter: "step", timestamp: "time since the start", iso_time: "wall clock" } as const;
export type Axis = keyof typeof AXES;

/** How the server names what a curve is asked over; both times are milliseconds. */
export function keyFor(axis: Axis): "iter" | "timestamp" {
  return axis === "iter" ? "iter" : "timestamp";
}

/** A curve as the server gives it, over steps, over seconds since `zero` (in milliseconds), or over seconds of the clock. */
export function lineOf(curve: Curve, name: string, axis: Axis, zero: number): Line {
  const x = axis === "iter" ? curve.x : curve.x.map((at) => (axis === "iso_time" ? at / 1000 : (at - zero) / 1000));
  return { name, x, y: curve.y, ...(curve.y_min && curve.y_max ? { low: curve.y_min, high: curve.y_max } : {}) };
}

/** Where time begins for a run: when it started, or at its first point if that was before, as after a restart, or is not known. */
export function zeroOf(curve: { x: readonly number[] } | undefined, started: number | null): number {
  const first = curve?.x[0] ?? started ?? 0;
  return started !== null && started <= first ? started : first;
}

/** A part of the axis in the numbers that the server knows. */
export function betweenOf([from, to]: readonly [number, number], axis: Axis, zero: number): [number, number] {
  if (axis === "iter") return [from, to];
  return axis === "iso_time" ? [from * 1000, to * 1000] : [from * 1000 + zero, to * 1000 + zero];
}

/** When a run began, in milliseconds. */
export function startOf(started: string | null | undefined): number | null {
  const at = started ? new Date(started).getTime() : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** Seconds as an axis says them. */
export function span(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 120) return `${Number(seconds.toPrecision(4))} s`;
  if (size < 7_200) return `${Number((seconds / 60).toPrecision(3))} min`;
  return size < 172_800 ? `${Number((seconds / 3_600).toPrecision(3))} h` : `${Number((seconds / 86_400).toPrecision(3))} d`;
}

/** A place on the axis, in words. */
export function placeName(place: number, axis: Axis): string {
  if (axis === "iter") return `step ${count(Math.round(place))}`;
  return axis === "timestamp" ? span(place) : time(place * 1000);
}

/** Steps between two ticks of seconds that people count in. */
export const SECONDS = [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000, 31_536_000];

const UNITS: [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** What ticks are called that are `step` apart: thousands as k, M, G; powers of ten where zeros would hide the number. */
export function ticksOf(values: readonly (number | null)[], step: number): string[] {
  const most = values.reduce<number>((found, value) => Math.max(found, Math.abs(value ?? 0)), 0);
  return values.map((value) => (value === null ? "" : tick(value, step, most)));
}

/** Ticks of a logarithmic axis, of which each has a size of its own. */
export function logTicksOf(values: readonly (number | null)[]): string[] {
  return values.map((value) => (value === null ? "" : tick(value, Math.abs(value), Math.abs(value))));
}

/** Where a logarithmic axis has its ticks: at powers of ten, and between them where there are few. */
export function logSplits(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  const every = Math.max(1, Math.ceil((last - first) / 7));
  const times = last - first > 3 ? [1] : [1, 2, 5];
  const found: number[] = [];
  for (let power = first; power <= last; power++) {
    if (power % every) continue;
    for (const one of times) found.push(Number(`${one}e${power}`));
  }
  return found.filter((value) => value >= low && value <= high);
}

function tick(value: number, step: number, most: number): string {
  if (value === 0) return "0";
  if (most < 1e-3 || most >= 1e15) {
    const digits = Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9));
    return value.toExponential(Math.min(digits + 1, 12)).replace(/\.?0+e/, "e").replace("e+", "e");
  }
  const [size, unit] = most >= 1e4 ? (UNITS.find(([least]) => most >= least) ?? [1, ""]) : [1, ""];
  const decimals = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9) + 1));
  return `${Number((value / size).toFixed(decimals))}${unit}`;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Times of the clock as ticks, with the day below where it is another one. */
export function clockTicksOf(seconds: readonly (number | null)[], step: number): string[] {
  let before = "";
  return seconds.map((value) => {
    if (value === null) return "";
    const at = new Date(value * 1000);
    const today = day.format(at);
    if (step >= 86_400) return today;
    const said = (step < 60 ? exact : clock).format(at);
    const text = today === before ? said : `${said}\n${today}`;
    before = today;
    return text;
  });
}
