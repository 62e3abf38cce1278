import { type Ref, useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useIsDark } from "@/app/theme";
import { type Axis, clockTicksOf, logSplits, logTicksOf, placeName, SECONDS, span, ticksOf } from "./axes";
import { type Ink, inksOf } from "./colours";
import { listen, pointAt } from "./cursors";
import { drawCursor, drawLines, drawStrong, prepare, type Spot } from "./draw";
import { Legend } from "./legend";
import { keyOf, type Line, nearestPoint } from "./line";
import type { Picture } from "./picture";
import { attach } from "./pointer";
import { Tip, type TipState } from "./tip";
import { fromZero, type Plane, pixels, type Span, valueAt, xSpan, ySpan } from "./view";
import "./chart.css";

const THEMES = { light: { ink: "#5b574d", grid: "#ece8de", line: "#8d8779", ground: "#ffffff" }, dark: { ink: "#b9b5a8", grid: "#2d2b25", line: "#8a8576", ground: "#1e1d19" } };
const NOTHING: Ink = { colour: "#888888", dash: [] };
const NONE: readonly Line[] = [];
/** With more lines than these, only the nearest is marked under the pointer. */
const FEW = 16;
const NEAR = 36;

const LOGARITHMIC: Pick<uPlot.Axis, "splits" | "filter"> = { splits: (_, __, low, high) => logSplits(low, high), filter: (_, splits) => splits };

export interface ChartProps {
  lines: readonly Line[];
  /** The same curves before they were made smooth, drawn faintly behind. */
  behind?: readonly Line[] | undefined;
  axis?: Axis;
  isLogX?: boolean;
  isLogY?: boolean;
  /** Show the range of most values, and not of the few that stand far out. */
  isCalm?: boolean;
  /** Begin at zero, for amounts of something. */
  isFromZero?: boolean;
  height?: number;
  /** Charts of one group show the same place under the pointer. */
  group?: string;
  /** Inks by key, where several charts share them. */
  inks?: ReadonlyMap<string, Ink> | undefined;
  /** The part of the axis that is shown, if not the whole. */
  range?: Span | null;
  /** Somebody chose a part of the axis; nothing is the whole. */
  onZoom?: (range: Span | null) => void;
  label: string;
  ref?: Ref<ChartHandle>;
}

/** What a picture of a chart is made from. */
export interface ChartHandle {
  picture: (title: string) => Picture | null;
}

/** What stands on the page of one chart: the axes, the lines over them, and what follows the pointer. */
interface Stage {
  axes: uPlot;
  lines: HTMLCanvasElement;
  pointer: HTMLCanvasElement;
  plane: Plane;
}

/** Curves. Drag over a part to see it larger, click twice to see all of it again. uPlot draws the axes; the lines are drawn by `draw.ts`, so that each has places of its own. */
export function Chart({ lines, behind = NONE, axis = "iter", isLogX = false, isLogY = false, isCalm = false, isFromZero = false, height = 240, group, inks: given, range = null, onZoom, label, ref }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage | null>(null);
  const dark = useIsDark();
  const theme = THEMES[dark ? "dark" : "light"];
  const own = useMemo(() => inksOf(lines.map(keyOf), dark), [lines, dark]);
  const inks = given ?? own;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [values, setValues] = useState<ReadonlyMap<string, number> | null>(null);
  const [tip, setTip] = useState<TipState | null>(null);
  const [pinched, setPinched] = useState<Span | null>(null);
  const shown = useMemo(() => lines.filter(({ name }) => !hidden.has(name)), [lines, hidden]);
  const isLogXHere = isLogX && axis !== "iso_time";
  const [from, to] = range ?? [undefined, undefined];
  const view = useMemo(() => {
    const started = performance.now();
    const x = pinched ?? (from !== undefined && to !== undefined ? ([from, to] as const) : null) ?? xSpan(shown, isLogXHere);
    const y = ySpan(shown, x, isLogY, isCalm);
    return { x, y: isFromZero ? fromZero(y) : y, started };
  }, [shown, from, to, pinched, isLogXHere, isLogY, isCalm, isFromZero]);
  const inkOf = useCallback((key: string) => inks.get(key) ?? NOTHING, [inks]);

  // What the listeners below read: they live as long as the axes, and what they draw changes under them.
  const now = useRef({ shown, behind, hidden, inkOf, view, axis, theme, group, onZoom });
  now.current = { shown, behind, hidden, inkOf, view, axis, theme, group, onZoom };

  const measured = useRef<unknown>(null);
  const pointed = useRef<[number | null, { left: number; top: number } | null, string | null] | null>(null);

  /** Show a place, in the values of the axis; `pointer` is where the mouse or the finger is, if it is over this very chart. */
  const point = useCallback((at: number | null, pointer: { left: number; top: number } | null, alone: string | null) => {
    const found = stage.current;
    if (found === null) return;
    pointed.current = at === null && alone === null ? null : [at, pointer, alone];
    const ctx = prepare(found.pointer, found.plane);
    const { shown: drawn, inkOf: ink, theme: colours, axis: along, view: seen } = now.current;
    if (ctx === null || ((at === null || at < seen.x[0] || at > seen.x[1]) && alone === null)) {
      found.lines.style.opacity = "1";
      setTip(null);
      setValues(null);
      return;
    }
    const { left, top } = pixels(found.plane);
    const rows = at === null ? [] : drawn.flatMap((line) => valueOf(line, at, left, top));
    const near = pointer === null ? undefined : [...rows].sort((a, b) => Math.abs(a.top - pointer.top) - Math.abs(b.top - pointer.top))[0];
    const strong = alone !== null ? drawn.find(({ name }) => name === alone) : near && drawn.length > 1 && Math.abs(near.top - (pointer?.top ?? 0)) < NEAR ? near.line : undefined;
    found.lines.style.opacity = strong ? "0.35" : "1";
    if (strong) drawStrong(ctx, found.plane, strong, ink(keyOf(strong)));
    if (at === null) return;
    const marked = drawn.length <= FEW ? rows : rows.filter((row) => row === near);
    const spots = marked.map((row): Spot => ({ left: row.left, top: row.top, colour: ink(keyOf(row.line)).colour, isNearest: row === near }));
    drawCursor(ctx, found.plane, left(at), spots, colours.line, colours.ground);
    setValues(drawn.length <= FEW ? new Map(rows.map((row) => [row.line.name, row.value])) : null);
    if (pointer === null) return setTip(null);
    const box = found.axes.over.getBoundingClientRect();
    setTip({
      title: placeName(near ? near.place : at, along),
      rows: rows.map((row) => ({ name: row.line.name, ink: ink(keyOf(row.line)), value: row.value, low: row.line.low?.[row.index], high: row.line.high?.[row.index], isNearest: row === near })),
      at: { x: box.left + pointer.left, y: box.top + pointer.top },
    });
  }, []);

  const paint = useCallback((axes: uPlot) => {
    const found = stage.current;
    if (found === null) return;
    const { shown: drawn, behind: faint, hidden: off, inkOf: ink, view: at } = now.current;
    found.plane = { width: axes.over.clientWidth, height: axes.over.clientHeight, x: at.x, y: at.y, isLogX: found.plane.isLogX, isLogY: found.plane.isLogY };
    const ctx = prepare(found.lines, found.plane);
    if (ctx) drawLines(ctx, found.plane, drawn, faint.filter(({ name }) => !off.has(name)), ink);
    prepare(found.pointer, found.plane);
    if (pointed.current) point(...pointed.current); // what is pointed at stays so when new points arrive
    if (drawn.length && measured.current !== at) measure(at.started, drawn);
    measured.current = at;
  }, [point]);

  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const colours = THEMES[dark ? "dark" : "light"];
    const drawn: uPlot.Axis = { stroke: colours.ink, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, font: "12px ui-sans-serif, system-ui, sans-serif", gap: 6 };
    const isClock = axis === "iso_time";
    const axes = new uPlot(
      {
        width: Math.max(host.clientWidth, 120),
        height: host.clientHeight || 200,
        padding: [10, 14, 0, 0],
        scales: {
          x: { time: isClock, distr: isLogXHere ? 3 : 1, range: () => [...now.current.view.x] as [number, number] },
          y: { distr: isLogY ? 3 : 1, range: () => [...now.current.view.y] as [number, number] },
        },
        axes: [
          {
            ...drawn,
            size: isClock ? 40 : 26,
            space: isClock ? 64 : 72,
            ...(isLogXHere ? LOGARITHMIC : axis === "timestamp" ? { incrs: SECONDS } : {}),
            values: (_, ticks, __, ___, step) => (isClock ? clockTicksOf(ticks, step) : axis === "timestamp" ? ticks.map((tick) => (tick === null ? "" : span(tick))) : isLogXHere ? logTicksOf(ticks) : ticksOf(ticks, step)),
          },
          { ...drawn, size: roomFor, space: 34, ...(isLogY ? LOGARITHMIC : {}), values: (_, ticks, __, ___, step) => (isLogY ? logTicksOf(ticks) : ticksOf(ticks, step)) },
        ],
        legend: { show: false },
        cursor: { show: false },
        series: [{}],
        hooks: { draw: [(chart) => paint(chart)] },
      },
      [[...now.current.view.x]],
      host,
    );
    const canvases = ["chart-lines", "chart-pointer"].map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = name;
      axes.over.append(canvas);
      return canvas;
    });
    const select = document.createElement("div");
    select.className = "chart-part";
    select.hidden = true;
    axes.over.append(select);
    stage.current = { axes, lines: canvases[0] as HTMLCanvasElement, pointer: canvases[1] as HTMLCanvasElement, plane: { width: 0, height: 0, x: [0, 1], y: [0, 1], isLogX: isLogXHere, isLogY } };
    const listener = (at: number | null) => point(at, null, null);
    const at = (left: number) => valueAt(left, stage.current?.plane ?? { width: 1, height: 1, x: [0, 1], y: [0, 1], isLogX: false, isLogY: false });
    let frame = 0;
    let pinch: Span | null = null;
    let before: Plane | null = null;
    const detach = attach(axes.over, {
      onPoint: (spot) => {
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => {
          const found = spot === null ? null : at(spot.left);
          point(found, spot, null);
          if (now.current.group) pointAt(now.current.group, found, listener);
        });
      },
      onDrag: (part) => {
        select.hidden = part === null;
        if (part) Object.assign(select.style, { left: `${part[0]}px`, width: `${part[1] - part[0]}px` });
      },
      onPart: ([from, to]) => now.current.onZoom?.([at(from), at(to)]),
      onPinch: ([a, b], [c, d]) => {
        before ??= stage.current?.plane ?? null;
        if (before === null || Math.abs(c - d) < 12 || Math.abs(a - b) < 12) return;
        const scale = (a - b) / (c - d);
        const left = a - c * scale;
        pinch = [valueAt(left, before), valueAt(left + before.width * scale, before)];
        if (pinch[0] < pinch[1]) setPinched(pinch);
      },
      onPinched: () => {
        if (pinch) now.current.onZoom?.(pinch);
        pinch = before = null;
        setPinched(null);
      },
      onWhole: () => now.current.onZoom?.(null),
    });
    const unheard = now.current.group ? listen(now.current.group, listener) : () => undefined;
    const watch = new ResizeObserver(() => {
      const [width, height] = [Math.max(host.clientWidth, 120), host.clientHeight];
      if (host.clientWidth && height && (width !== axes.width || height !== axes.height)) axes.setSize({ width, height });
    });
    watch.observe(host);
    return () => {
      cancelAnimationFrame(frame);
      detach();
      unheard();
      watch.disconnect();
      axes.destroy();
      stage.current = null;
    };
  }, [axis, isLogXHere, isLogY, dark, group, paint, point]);

  // After the one above: what is new is drawn on the axes that are there.
  useEffect(() => {
    stage.current?.axes.setData([[...view.x]]);
  }, [view, shown, behind, inks]);

  useImperativeHandle(
    ref,
    () => ({
      picture: (title) => (stage.current ? pictured(stage.current, title, shown, inkOf, theme) : null),
    }),
    [shown, inkOf, theme],
  );

  const toggle = useCallback(
    (name: string, isAlone: boolean) => {
      setHidden((was) => {
        if (isAlone) return was.size === lines.length - 1 && !was.has(name) ? new Set() : new Set(lines.map((line) => line.name).filter((one) => one !== name));
        const next = new Set(was);
        if (!next.delete(name)) next.add(name);
        return next;
      });
    },
    [lines],
  );
  const emphasise = useCallback((name: string | null) => point(null, null, name), [point]);
  const isBare = range !== null && shown.length > 0 && shown.every(({ x }) => (x[0] ?? 0) > view.x[1] || (x.at(-1) ?? 0) < view.x[0]);
  return (
    <>
      <div ref={place} className="chart" role="img" aria-label={label} style={{ height }}>
        {isBare ? <p className="chart-note">No points in this part</p> : null}
      </div>
      {tip ? <Tip {...tip} /> : null}
      <Legend lines={lines} inkOf={inkOf} values={values} hidden={hidden} onToggle={toggle} onPoint={emphasise} />
    </>
  );
}

interface Value {
  line: Line;
  index: number;
  place: number;
  value: number;
  left: number;
  top: number;
}

/** What a line is at a place, and where that is drawn; nothing before it begins and after it ends. */
function valueOf(line: Line, at: number, left: (x: number) => number, top: (y: number) => number): Value[] {
  const index = nearestPoint(line, at);
  const value = index === null ? null : line.y[index];
  if (index === null || value === null || value === undefined) return [];
  const found = { line, index, place: line.x[index] ?? 0, value, left: left(line.x[index] ?? 0), top: top(value) };
  const isBeyond = Math.abs(found.left - left(at)) > 24 && (at < (line.x[0] ?? 0) || at > (line.x.at(-1) ?? 0));
  return isBeyond ? [] : [found];
}

/** As wide as the longest number needs. */
function roomFor(chart: uPlot, values: string[] | null, axis: number, cycle: number): number {
  const before = (chart.axes[axis] as unknown as { _size?: number })._size;
  if (cycle > 1 && before) return before;
  return Math.max(34, (values ?? []).reduce((most, text) => Math.max(most, text.length), 0) * 6.8 + 14);
}

/** How long the last chart took, for who measures: from the data in memory to the last line on its canvas. */
function measure(start: number, lines: readonly Line[]): void {
  performance.clearMeasures("chart-draw");
  performance.measure("chart-draw", { start, end: performance.now(), detail: { lines: lines.length, points: lines.reduce((sum, { x }) => sum + x.length, 0) } });
}

function pictured({ axes, plane }: Stage, title: string, lines: readonly Line[], inkOf: (key: string) => Ink, theme: { ink: string; grid: string; ground: string }): Picture {
  const [left, top] = [Number.parseFloat(axes.over.style.left), Number.parseFloat(axes.over.style.top)];
  const to = pixels(plane);
  const ticks = (axis: number): [number, string][] => {
    const { _splits: splits, _values: values } = axes.axes[axis] as unknown as { _splits?: (number | null)[]; _values?: (string | null)[] };
    return (splits ?? []).flatMap((split, index): [number, string][] => (split === null ? [] : [[axis === 0 ? left + to.left(split) : top + to.top(split), String(values?.[index] ?? "").replace("\n", " ")]]));
  };
  return { title, width: axes.width, height: axes.height, left, top, plane, xTicks: ticks(0), yTicks: ticks(1), lines, inkOf, ink: theme.ink, grid: theme.grid, ground: theme.ground };
}
