import { type Ref, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useIsDark } from "@/app/theme";
import { number } from "@/components/format";
import { type Axis, span } from "./axes";
import { coloursOf } from "./colours";
import { joined, type Line } from "./joined";
import { Legend } from "./legend";
import { innerRange } from "./outliers";
import type { Picture } from "./picture";
import "./chart.css";

const THEMES = { light: { ink: "#5b574d", grid: "#e5e1d7", ground: "#ffffff" }, dark: { ink: "#b9b5a8", grid: "#34322b", ground: "#1e1d19" } };

export interface ChartProps {
  lines: readonly Line[];
  /** The same curves before they were made smooth, drawn faintly behind. */
  behind?: readonly Line[] | undefined;
  axis?: Axis;
  logarithmic?: boolean;
  /** Show the range of most values, and not of the few that stand far out. */
  calm?: boolean;
  height?: number;
  /** Charts of one group show the same place under the pointer. */
  group?: string;
  /** Colours by key, where several charts share them. */
  colours?: ReadonlyMap<string, string>;
  /** The part of the axis that is shown, if not the whole. */
  range?: readonly [number, number] | null;
  /** Somebody chose a part of the axis; nothing is the whole. */
  onZoom?: (range: [number, number] | null) => void;
  label: string;
  ref?: Ref<ChartHandle>;
}

/** What a picture of a chart is made from. */
export interface ChartHandle {
  picture: (title: string) => Picture | null;
}

const colourOf = (line: Line) => line.key ?? line.name;

/** Curves. Drag over a part to see it larger, click twice to see all of it again. */
export function Chart({ lines, behind, axis: along = "iter", logarithmic = false, calm = false, height = 240, group, colours: given, range = null, onZoom, label, ref }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const dark = useIsDark();
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const own = useMemo(() => coloursOf(lines.map(colourOf), dark), [lines, dark]);
  const colours = given ?? own;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [values, setValues] = useState<readonly (number | null | undefined)[] | null>(null);
  const faint = behind?.length ?? 0;
  const [from, to] = range ?? [undefined, undefined];
  useImperativeHandle(
    ref,
    () => ({
      picture: (title) => {
        const theme = THEMES[dark ? "dark" : "light"];
        const shown = lines.filter((line) => !hidden.has(line.name));
        return drawn.current ? pictured(drawn.current, title, shown, (line) => colours.get(colourOf(line)) ?? theme.ink, theme) : null;
      },
    }),
    [lines, hidden, colours, dark],
  );

  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const { ink, grid } = THEMES[dark ? "dark" : "light"];
    const banded = lines.filter((line) => line.low && line.high);
    const edges = banded.flatMap((line): Line[] => [
      { ...line, y: line.low ?? [] },
      { ...line, y: line.high ?? [] },
    ]);
    const all = [...(behind ?? []), ...lines, ...edges];
    const data = joined(all.map((line) => (logarithmic ? { ...line, y: line.y.map((value) => (value !== null && value > 0 ? value : null)) } : line)));
    const inner = calm ? innerRange(lines.map(({ y }) => y)) : null;
    const axis: uPlot.Axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", gap: 6 };
    const isHidden = (line: Line) => hidden.has(line.name);
    const first = faint + lines.length;
    let frame = 0;
    const options: uPlot.Options = {
      width: Math.max(host.clientWidth, 120),
      height,
      padding: [10, 14, 0, 0],
      scales: {
        x: { time: along === "iso_time", ...(from !== undefined && to !== undefined ? { range: () => [from, to] as [number, number] } : {}) },
        y: { ...(logarithmic ? { distr: 3 } : {}), ...(inner && !logarithmic ? { range: () => inner } : {}) },
      },
      axes: [
        { ...axis, size: 30, ...(along === "iso_time" ? {} : { values: (_: uPlot, ticks: number[]) => ticks.map(along === "iter" ? number : span) }) },
        { ...axis, size: 54, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : number(tick))) },
      ],
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 }, focus: { prox: 24 }, ...(group ? { sync: { key: group } } : {}) },
      focus: { alpha: 0.3 },
      bands: banded.map((line, index) => ({
        series: [first + 2 * index + 2, first + 2 * index + 1] as [number, number],
        fill: `${colours.get(colourOf(line)) ?? ink}26`,
      })),
      series: [
        {},
        ...all.map((line, index): uPlot.Series => {
          const colour = colours.get(colourOf(line)) ?? ink;
          const isEdge = index >= first;
          return {
            label: line.name,
            stroke: isEdge ? "transparent" : index < faint ? `${colour}40` : colour,
            width: isEdge ? 0 : index < faint ? 1 : 1.75,
            spanGaps: true,
            show: !isHidden(line),
            points: { show: !isEdge && line.x.length <= 2, size: 6, fill: colour },
          };
        }),
      ],
      hooks: {
        setSelect: [
          (chart) => {
            if (chart.select.width > 4) {
              zoom.current?.([chart.posToVal(chart.select.left, "x"), chart.posToVal(chart.select.left + chart.select.width, "x")]);
              chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            }
          },
        ],
        setCursor: [
          (chart) => {
            cancelAnimationFrame(frame);
            const at = chart.cursor.idx;
            frame = requestAnimationFrame(() => setValues(at === null || at === undefined ? null : nearest(chart.data.slice(1 + faint, 1 + first) as (number | null | undefined)[][], at)));
          },
        ],
        ready: [(chart) => chart.over.addEventListener("dblclick", () => zoom.current?.(null))],
      },
    };
    const made = new uPlot(options, data as uPlot.AlignedData, host);
    drawn.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: Math.max(host.clientWidth, 120), height }));
    watch.observe(host);
    return () => {
      cancelAnimationFrame(frame);
      watch.disconnect();
      made.destroy();
      drawn.current = null;
    };
  }, [lines, behind, faint, along, logarithmic, calm, height, group, colours, hidden, from, to, dark]);

  function toggle(name: string, alone: boolean) {
    setHidden((before) => {
      if (alone) return before.size === lines.length - 1 && !before.has(name) ? new Set() : new Set(lines.map((line) => line.name).filter((one) => one !== name));
      const next = new Set(before);
      if (!next.delete(name)) next.add(name);
      return next;
    });
  }
  function point(name: string | null) {
    const at = name === null ? null : faint + lines.findIndex((line) => line.name === name) + 1;
    drawn.current?.setSeries(at as number, { focus: true }, false);
  }
  return (
    <>
      <div ref={place} className="chart" role="img" aria-label={label} style={{ minHeight: height }} />
      <Legend lines={lines} colours={colours} colourOf={colourOf} values={values} hidden={hidden} onToggle={toggle} onPoint={point} />
    </>
  );
}

/** What each row is at a place, or at the last place before it where it has a value. */
function nearest(rows: readonly (readonly (number | null | undefined)[])[], at: number): (number | null)[] {
  return rows.map((row) => {
    for (let place = at; place >= 0; place--) {
      const value = row[place];
      if (value !== null && value !== undefined) return value;
    }
    return null;
  });
}

function pictured(chart: uPlot, title: string, lines: readonly Line[], colour: (line: Line) => string, theme: { ink: string; grid: string; ground: string }): Picture {
  const [left, top] = [Number.parseFloat(chart.over.style.left), Number.parseFloat(chart.over.style.top)];
  const at = (x: number, y: number): [number, number] => [left + chart.valToPos(x, "x"), top + chart.valToPos(y, "y")];
  const ticks = (axis: number): [number, string][] => {
    const { _splits: splits, _values: values } = chart.axes[axis] as unknown as { _splits?: (number | null)[]; _values?: (string | null)[] };
    return (splits ?? []).flatMap((split, index): [number, string][] =>
      split === null ? [] : [[axis === 0 ? left + chart.valToPos(split, "x") : top + chart.valToPos(split, "y"), String(values?.[index] ?? "").replace("\n", " ")]],
    );
  };
  return {
    title,
    width: chart.width,
    height: chart.height,
    plot: { left, top, width: chart.over.clientWidth, height: chart.over.clientHeight },
    xTicks: ticks(0),
    yTicks: ticks(1),
    lines,
    colourOf: colour,
    at,
    ...theme,
  };
}
