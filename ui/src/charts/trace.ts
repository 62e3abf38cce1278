import { lowerBound } from "./line";
import { type Plane, pixels } from "./view";

/** What takes a line: a canvas, or the text of a drawing. */
export interface Pen {
  moveTo: (x: number, y: number) => void;
  lineTo: (x: number, y: number) => void;
}

/**
 * Draw the part of a line that is in view. Where many points share a column of pixels, its first, lowest, highest and last are drawn: that looks the
 * same, and takes as long as the chart is wide. A line ends where it has no value, and begins again after it.
 */
export function trace(pen: Pen, x: readonly number[], y: readonly (number | null)[], plane: Plane, columns = 2): void {
  const { left, top } = pixels(plane);
  const from = Math.max(0, lowerBound(x, plane.x[0]) - 1);
  const to = Math.min(x.length, lowerBound(x, plane.x[1]) + 1);
  const isDense = to - from > plane.width * columns * 4;
  let isDown = false;
  let column = Number.NaN;
  let [first, low, high, last] = [0, 0, 0, 0];
  const point = (h: number, v: number) => {
    if (isDown) pen.lineTo(h, v);
    else pen.moveTo(h, v);
    isDown = true;
  };
  const flush = () => {
    if (Number.isNaN(column)) return;
    const h = column / columns;
    point(h, first);
    if (low !== first || high !== first) {
      pen.lineTo(h, low);
      pen.lineTo(h, high);
      pen.lineTo(h, last);
    }
    column = Number.NaN;
  };
  for (let at = from; at < to; at++) {
    const value = y[at];
    const place = x[at] ?? 0;
    const v = value === null || value === undefined || (plane.isLogY && value <= 0) ? Number.NaN : top(value);
    const h = plane.isLogX && place <= 0 ? Number.NaN : left(place);
    if (!Number.isFinite(v) || !Number.isFinite(h)) {
      flush();
      isDown = false;
      continue;
    }
    if (!isDense) {
      point(h, v);
      continue;
    }
    const here = Math.round(h * columns);
    if (here !== column) {
      flush();
      column = here;
      first = low = high = last = v;
      continue;
    }
    if (v < low) low = v;
    if (v > high) high = v;
    last = v;
  }
  flush();
}

/** Draw around a band, or its part from one point to before another: along its upper edge, and back along its lower one. */
export function traceBand(pen: Pen, x: readonly number[], low: readonly number[], high: readonly number[], plane: Plane, first = 0, end = x.length): void {
  const { left, top } = pixels(plane);
  const from = Math.max(0, first, lowerBound(x, plane.isLogX ? Math.max(plane.x[0], Number.MIN_VALUE) : plane.x[0]) - 1);
  const to = Math.min(end, x.length, lowerBound(x, plane.x[1]) + 1);
  const least = plane.y[0];
  const edge = (row: readonly number[], at: number) => top(plane.isLogY ? Math.max(row[at] ?? least, least) : (row[at] ?? least));
  let isDown = false;
  const point = (row: readonly number[], at: number) => {
    const place = x[at] ?? 0;
    if (plane.isLogX && place <= 0) return;
    if (isDown) pen.lineTo(left(place), edge(row, at));
    else pen.moveTo(left(place), edge(row, at));
    isDown = true;
  };
  for (let at = from; at < to; at++) point(high, at);
  for (let at = to - 1; at >= from; at--) point(low, at);
}
