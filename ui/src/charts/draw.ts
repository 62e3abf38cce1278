import type { Ink } from "./colours";
import { keyOf, type Line, lowerBound } from "./line";
import { type Pen, trace, traceBand } from "./trace";
import { type Plane, pixels } from "./view";

const WIDTH = 1.75;
const DOTS = 14;
/** A path is drawn in pieces of so many points: without a graphics card, one of 800 noisy points takes six times as long as its pieces. */
const PIECE = 24;
/** Lines as thin as a pixel of the screen are drawn in another way, twenty times faster: so thin are they where there are very many. */
const MANY = 30;

/** Give a canvas the size of the plane in pixels of the screen, and empty it. */
export function prepare(canvas: HTMLCanvasElement, { width, height }: Plane): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio || 1;
  const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== tall) {
    canvas.width = wide;
    canvas.height = tall;
  }
  const ctx = canvas.getContext("2d");
  ctx?.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx?.clearRect(0, 0, width, height);
  return ctx;
}

/** Bands first, then what lies behind, then the lines. */
export function drawLines(ctx: CanvasRenderingContext2D, plane: Plane, lines: readonly Line[], behind: readonly Line[], inkOf: (key: string) => Ink): void {
  ctx.lineJoin = lines.length > 20 ? "bevel" : "round";
  // Very many bands lie over each other: together they are not to hide the lines.
  const [inside, edges] = lines.length > 4 ? [Math.min(0.1, 1 / lines.length), Math.min(0.18, 3 / lines.length)] : [0.16, 0.3];
  for (const [number, line] of lines.entries()) {
    if (!line.low || !line.high) continue;
    const { x, low, high } = line;
    ctx.fillStyle = ctx.strokeStyle = inkOf(keyOf(line)).colour;
    ctx.globalAlpha = inside;
    // The pieces of one band meet elsewhere than those of the next: where they do is seen a little.
    for (let at = -((number * 7) % PIECE); at < x.length - 1; at += PIECE) {
      ctx.beginPath();
      traceBand(ctx, x, low, high, plane, at, at + PIECE + 1);
      ctx.fill();
    }
    // Its edge keeps in sight what stands out of a single stretch.
    ctx.globalAlpha = edges;
    ctx.lineWidth = 0.75;
    for (const edge of [high, low]) inPieces(ctx, (pen) => trace(pen, x, edge, plane, devicePixelRatio || 1));
  }
  ctx.globalAlpha = 0.28;
  for (const line of behind) stroke(ctx, plane, line, inkOf(keyOf(line)), 1);
  ctx.globalAlpha = lines.length > 40 ? 0.8 : 1;
  for (const line of lines) stroke(ctx, plane, line, inkOf(keyOf(line)), lines.length > MANY ? 1 / (devicePixelRatio || 1) : WIDTH);
  ctx.globalAlpha = 1;
  for (const line of lines) dots(ctx, plane, line, inkOf(keyOf(line)));
}

/** One line that stands out of the others. */
export function drawStrong(ctx: CanvasRenderingContext2D, plane: Plane, line: Line, ink: Ink): void {
  ctx.lineJoin = "round";
  stroke(ctx, plane, line, ink, WIDTH + 1);
  dots(ctx, plane, line, ink);
}

function stroke(ctx: CanvasRenderingContext2D, plane: Plane, line: Line, ink: Ink, width: number): void {
  ctx.strokeStyle = ink.colour;
  ctx.lineWidth = width;
  ctx.setLineDash([...ink.dash]);
  inPieces(ctx, (pen) => trace(pen, line.x, line.y, plane, devicePixelRatio || 1));
  ctx.setLineDash([]);
}

/** Stroke what is traced in pieces that look like one line: where one piece ends, the next begins, and so does its pattern. */
function inPieces(ctx: CanvasRenderingContext2D, draw: (pen: Pen) => void): void {
  let [h, v, many, length] = [0, 0, 0, 0];
  ctx.lineCap = ctx.getLineDash().length ? "butt" : "round";
  ctx.beginPath();
  draw({
    moveTo: (x, y) => {
      ctx.moveTo(x, y);
      [h, v] = [x, y];
    },
    lineTo: (x, y) => {
      ctx.lineTo(x, y);
      length += Math.hypot(x - h, y - v);
      [h, v] = [x, y];
      if (++many % PIECE) return;
      ctx.stroke();
      ctx.lineDashOffset = length;
      ctx.beginPath();
      ctx.moveTo(x, y);
    },
  });
  ctx.stroke();
  ctx.lineCap = "butt";
  ctx.lineDashOffset = 0;
}

/** Points, where they are far enough from each other, or where there is only one. */
function dots(ctx: CanvasRenderingContext2D, plane: Plane, line: Line, ink: Ink): void {
  const from = lowerBound(line.x, plane.x[0]);
  const to = lowerBound(line.x, plane.x[1] + Number.EPSILON * Math.abs(plane.x[1]));
  if (line.x.length > 1 && (to - from) * DOTS > plane.width) return;
  const { left, top } = pixels(plane);
  ctx.fillStyle = ink.colour;
  for (let at = from; at < to || (line.x.length === 1 && at === 0); at++) {
    const value = line.y[at];
    const [h, v] = [left(line.x[at] ?? 0), value === null || value === undefined ? Number.NaN : top(value)];
    if (!Number.isFinite(h) || !Number.isFinite(v)) continue;
    ctx.beginPath();
    ctx.arc(h, v, line.x.length === 1 ? 3.5 : 2.5, 0, 7);
    ctx.fill();
  }
}

export interface Spot {
  left: number;
  top: number;
  colour: string;
  isNearest: boolean;
}

/** The place that is pointed at, and where each line is there. */
export function drawCursor(ctx: CanvasRenderingContext2D, plane: Plane, left: number, spots: readonly Spot[], ink: string, ground: string): void {
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1;
  ctx.setLineDash([3, 3]);
  ctx.beginPath();
  ctx.moveTo(Math.round(left) + 0.5, 0);
  ctx.lineTo(Math.round(left) + 0.5, plane.height);
  ctx.stroke();
  ctx.setLineDash([]);
  for (const spot of spots) {
    ctx.beginPath();
    ctx.arc(spot.left, spot.top, spot.isNearest ? 5 : 3.5, 0, 7);
    ctx.fillStyle = spot.colour;
    ctx.fill();
    ctx.lineWidth = 2;
    ctx.strokeStyle = ground;
    ctx.stroke();
  }
}
