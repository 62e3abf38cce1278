import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useIsDark } from "@/app/theme";
import { number } from "@/components/format";
import { coloursOf } from "./colours";
import { joined, type Line } from "./joined";
import "./chart.css";

const fallback = { light: { ink: "#5b574d", grid: "#e5e1d7" }, dark: { ink: "#b9b5a8", grid: "#34322b" } };

export interface ChartProps {
  lines: readonly Line[];
  /** The same curves before they were made smooth, drawn faintly behind. */
  behind?: readonly Line[];
  xIsTime?: boolean;
  logarithmic?: boolean;
  height?: number;
  /** Charts of one group show the same place under the pointer. */
  group?: string;
  /** What is called what, if a curve's name is not what people should read. */
  colourBy?: (name: string) => string;
  /** Somebody chose a part of the axis; nothing is the whole. */
  onZoom?: (range: [number, number] | null) => void;
  label: string;
}

/** Curves. Drag over a part to see it larger, click twice to see all of it again. */
export function Chart({ lines, behind, xIsTime = false, logarithmic = false, height = 240, group, colourBy, onZoom, label }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useIsDark();
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const colours = useMemo(() => coloursOf(lines.map((line) => colourBy?.(line.name) ?? line.name), dark), [lines, colourBy, dark]);

  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const { ink, grid } = fallback[dark ? "dark" : "light"];
    const all = [...(behind ?? []), ...lines];
    const faint = behind?.length ?? 0;
    const data = joined(all.map((line) => (logarithmic ? { ...line, y: line.y.map((value) => (value !== null && value > 0 ? value : null)) } : line)));
    const axis: uPlot.Axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px system-ui, sans-serif" };
    const options: uPlot.Options = {
      width: Math.max(host.clientWidth, 120),
      height,
      scales: { x: { time: xIsTime }, y: logarithmic ? { distr: 3 } : {} },
      axes: [axis, { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : number(tick))) }],
      legend: { show: true, live: true },
      cursor: { drag: { x: true, y: false }, points: { size: 7 }, focus: { prox: 24 }, ...(group ? { sync: { key: group } } : {}) },
      focus: { alpha: 0.35 },
      series: [
        { label: xIsTime ? "time" : "step", value: (_, value) => (value === null || value === undefined ? "–" : xIsTime ? new Date(value * 1000).toLocaleString() : number(value)) },
        ...all.map((line, index): uPlot.Series => {
          const colour = colours.get(colourBy?.(line.name) ?? line.name) ?? ink;
          return {
            label: line.name,
            stroke: index < faint ? `${colour}40` : colour,
            width: index < faint ? 1 : 1.75,
            spanGaps: true,
            points: { show: line.x.length <= 2, size: 6, fill: colour },
            value: (_, value) => number(value),
            ...(index < faint ? { class: "behind" } : {}),
          };
        }),
      ],
      hooks: {
        setSelect: [
          (chart) => {
            if (chart.select.width > 4) zoom.current?.([chart.posToVal(chart.select.left, "x"), chart.posToVal(chart.select.left + chart.select.width, "x")]);
          },
        ],
        ready: [(chart) => chart.over.addEventListener("dblclick", () => zoom.current?.(null))],
      },
    };
    const drawn = new uPlot(options, data as uPlot.AlignedData, host);
    const watch = new ResizeObserver(() => drawn.setSize({ width: Math.max(host.clientWidth, 120), height }));
    watch.observe(host);
    return () => {
      watch.disconnect();
      drawn.destroy();
    };
  }, [lines, behind, xIsTime, logarithmic, height, group, colours, colourBy, dark]);

  return <div ref={place} className="chart" role="img" aria-label={label} />;
}
