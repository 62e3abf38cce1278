import type { Curve } from "@/api/types";
import type { Line } from "./joined";

export const AXES = { iter: "step", timestamp: "time since the start", iso_time: "wall clock" } as const;
export type Axis = keyof typeof AXES;

/** A curve as the server gives it, over steps, over seconds since `start` (in milliseconds), or over seconds of the clock. */
export function lineOf(curve: { x: Curve["x"] | readonly string[]; y: Curve["y"] }, name: string, axis: Axis, start: number | null): Line {
  const x = [...curve.x].map((at) => (axis === "iso_time" ? new Date(at).getTime() / 1000 : Number(at)));
  if (axis !== "timestamp") return { name, x, y: curve.y };
  const zero = start !== null && start <= (x[0] ?? start) ? start : (x[0] ?? 0);
  return { name, x: x.map((at) => (at - zero) / 1000), y: curve.y };
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
