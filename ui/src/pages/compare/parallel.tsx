import { ChartSpline } from "lucide-react";
import { type PointerEvent, useMemo, useRef, useState } from "react";
import { useIsDark } from "@/app/theme";
import { useSaid } from "@/app/use-said";
import { type Scale, scaleOf } from "@/charts/scale";
import { Button } from "@/components/button";
import { count, number } from "@/components/format";
import { Empty } from "@/components/states";
import { useWidth } from "@/components/use-width";
import type { PartProps } from "../compare";
import { type Brush, brushesOf, isWithin, sayBrushes } from "./brush";
import { Chooser } from "./choosers";
import { asNumber, differs, isCommon, type Trait, traitsOf } from "./runs";
import { TintLegend } from "./tint-legend";
import { tintOf } from "./tinted";

const HEIGHT = 440;
const EDGE = { side: 80, top: 44, bottom: 20 };
const LEAST = 120;
const FIRST = { parameter: 5, metric: 2 };
const INNER = HEIGHT - EDGE.top - EDGE.bottom;

/** Each run as a line through what its parameters and metrics are. Dragging along an axis keeps the runs that pass there. */
export default function Parallel({ runs, colours }: PartProps) {
  const [said, set] = useSaid();
  const dark = useIsDark();
  const [place, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<string | null>(null);
  const traits = useMemo(() => traitsOf(runs).filter((trait) => trait.kind !== "fact" && differs(trait) && !trait.name.startsWith(":monitor:")), [runs]);
  const chosen = useMemo(() => {
    if (said.axes) return new Set(said.axes.split("\n"));
    const first = (kind: "parameter" | "metric") => traits.filter((trait) => trait.kind === kind && isCommon(trait)).slice(0, FIRST[kind]);
    return new Set([...first("parameter"), ...first("metric")].map(({ key }) => key));
  }, [said.axes, traits]);
  const axes = useMemo(() => traits.filter(({ key }) => chosen.has(key)).map((trait) => ({ trait, scale: scaleOf(trait.values, number, isWide(trait.values)) })), [traits, chosen]);
  const brushes = useMemo(() => brushesOf(said.brush), [said.brush]);
  const kept = useMemo(() => {
    const within = (index: number) => isWithin(new Map(axes.map(({ trait, scale }) => [trait.key, scale.at(trait.values[index])])), brushes);
    return new Set(runs.flatMap(({ id }, index) => (within(index) ? [id] : [])));
  }, [runs, axes, brushes]);
  const by = traits.find(({ key }) => key === said.by);
  const tint = useMemo(() => tintOf(runs, by, colours, dark), [runs, by, colours, dark]);
  if (traits.length < 2)
    return (
      <Empty title="Nothing to draw" icon={<ChartSpline size={24} aria-hidden />}>
        These runs differ in less than two parameters and metrics.
      </Empty>
    );
  const whole = Math.max(width - 20, EDGE.side * 2 + LEAST * (axes.length - 1));
  const left = (at: number) => EDGE.side + (axes.length > 1 ? (at * (whole - 2 * EDGE.side)) / (axes.length - 1) : 0);
  const brush = (key: string, part: Brush | null) => {
    const next = new Map(brushes);
    if (part) next.set(key, part);
    else next.delete(key);
    set({ brush: sayBrushes(next) });
  };
  // Those that are kept are drawn over the others, and the one that is pointed at over all.
  const order = runs.map((run, index) => ({ run, index })).sort((a, b) => Number(kept.has(a.run.id)) - Number(kept.has(b.run.id)) || Number(a.run.id === pointed) - Number(b.run.id === pointed));
  return (
    <>
      <div className="row wrap controls">
        <Chooser label="Colour by" traits={traits} value={by?.key ?? ""} none="run" onChange={(key) => set({ by: key || undefined })} />
        <span className="small soft grow" role="status">
          {pointed ? runs.find(({ id }) => id === pointed)?.name : kept.size < runs.length ? `${count(kept.size)} of ${count(runs.length)} runs pass there` : "Drag along an axis to keep the runs that pass there."}
        </span>
        {brushes.size ? <Button onClick={() => set({ brush: undefined })}>Keep all</Button> : null}
        {kept.size > 1 && kept.size < runs.length ? <Button onClick={() => set({ ids: runs.filter(({ id }) => kept.has(id)).map(({ id }) => id).join(","), brush: undefined })}>Compare these alone</Button> : null}
      </div>
      <fieldset className="controls choice-set">
        <legend className="visually-hidden">Axes</legend>
        <div className="axes-choice" tabIndex={0} role="group" aria-label="Axes">
          {traits.map(({ key, name }) => (
            <label key={key} className="row small">
              <input
                type="checkbox"
                checked={chosen.has(key)}
                onChange={(event) => set({ axes: traits.filter((one) => (one.key === key ? event.target.checked : chosen.has(one.key))).map((one) => one.key).join("\n") || undefined })}
              />
              {name}
            </label>
          ))}
        </div>
      </fieldset>
      <div ref={place} className="panel chart-panel sideways" tabIndex={0} role="group" aria-label="Parallel coordinates">
        <svg className="drawing" style={{ width: whole }} viewBox={`0 0 ${whole} ${HEIGHT}`} role="img" aria-label={`${kept.size} of ${runs.length} runs over ${axes.length} axes`}>
          {order.map(({ run, index }) => {
            const points = axes.flatMap(({ trait, scale }, at) => {
              const found = scale.at(trait.values[index]);
              return found === null ? [] : [[left(at), topOf(found)] as const];
            });
            const isOut = !kept.has(run.id);
            return (
              <path
                key={run.id}
                className={`curve ${isOut ? "out" : pointed !== null && pointed !== run.id ? "dim" : ""}`}
                d={bent(points)}
                stroke={isOut ? "var(--line-strong)" : tint.of(index)}
                strokeWidth={pointed === run.id ? 3 : runs.length > 40 ? 1.25 : 1.75}
                onPointerEnter={() => setPointed(run.id)}
                onPointerLeave={() => setPointed(null)}
              >
                <title>{run.name}</title>
              </path>
            );
          })}
          {axes.map(({ trait, scale }, at) => (
            <Axis key={trait.key} trait={trait} scale={scale} left={left(at)} isLow={at % 2 === 0} brush={brushes.get(trait.key)} onBrush={(part) => brush(trait.key, part)} />
          ))}
        </svg>
        {by ? <TintLegend tint={tint} name={by.name} /> : null}
      </div>
    </>
  );
}

interface AxisProps {
  trait: Trait;
  scale: Scale;
  left: number;
  isLow: boolean;
  brush: Brush | undefined;
  onBrush: (part: Brush | null) => void;
}

/** One axis. What is dragged over is chosen; a click without dragging gives up what was. */
function Axis({ trait, scale, left, isLow, brush, onBrush }: AxisProps) {
  const [drag, setDrag] = useState<Brush | null>(null);
  const from = useRef<number | null>(null);
  const shareAt = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, 1 - (event.clientY - box.top) / (box.height || 1)));
  };
  const shown = drag ?? brush;
  return (
    <g>
      <line className="axis" x1={left} x2={left} y1={EDGE.top} y2={HEIGHT - EDGE.bottom} />
      <text x={left} y={isLow ? 30 : 14} textAnchor="middle" className="axis-name">
        {trait.name.length > 26 ? `${trait.name.slice(0, 25)}…` : trait.name}
        <title>{trait.name}</title>
      </text>
      {scale.ticks.map(({ label, at: height }) => (
        <text key={label} x={left - 8} y={topOf(height) + 4} textAnchor="end" className="haloed">
          {label.length > 12 ? `${label.slice(0, 11)}…` : label}
        </text>
      ))}
      {shown ? <rect className="brush" x={left - 7} width={14} y={topOf(shown.high)} height={Math.max(2, topOf(shown.low) - topOf(shown.high))} rx={3} /> : null}
      <rect
        className="brush-place"
        data-axis={trait.name}
        x={left - 14}
        width={28}
        y={EDGE.top}
        height={INNER}
        onPointerDown={(event) => {
          from.current = shareAt(event);
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (from.current === null) return;
          const to = shareAt(event);
          setDrag(Math.abs(to - from.current) < 0.01 ? null : { low: Math.min(from.current, to), high: Math.max(from.current, to) });
        }}
        onPointerUp={() => {
          if (from.current !== null) onBrush(drag);
          from.current = null;
          setDrag(null);
        }}
        onPointerCancel={() => {
          from.current = null;
          setDrag(null);
        }}
      />
    </g>
  );
}

/** Whether positive numbers lie so far apart that only their size tells them apart. */
function isWide(values: Trait["values"]): boolean {
  const numbers = values.map(asNumber).filter((value) => value !== null);
  const least = Math.min(...numbers);
  return least > 0 && Math.max(...numbers) / least >= 100;
}

function topOf(share: number): number {
  return EDGE.top + (1 - share) * INNER;
}

/** A line that leaves and meets each axis level. */
function bent(points: readonly (readonly [number, number])[]): string {
  return points
    .map(([x, y], at) => {
      const before = points[at - 1];
      if (before === undefined) return `M${x} ${y}`;
      const middle = (before[0] + x) / 2;
      return `C${middle} ${before[1]} ${middle} ${y} ${x} ${y}`;
    })
    .join("");
}
