import { ChartSpline } from "lucide-react";
import { useMemo, useState } from "react";
import { useSaid } from "@/app/use-said";
import { scaleOf } from "@/charts/scale";
import { number } from "@/components/format";
import { Empty } from "@/components/states";
import { useWidth } from "@/components/use-width";
import type { PartProps } from "../compare";
import { differs, traitsOf } from "./runs";

const HEIGHT = 440;
const EDGE = { side: 80, top: 44, bottom: 20 };
const LEAST = 120;
const FIRST = { parameter: 5, metric: 2 };

/** Each run as a line through what its parameters and metrics are. */
export default function Parallel({ runs, colours }: PartProps) {
  const [said, set] = useSaid();
  const [place, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<string | null>(null);
  const traits = useMemo(() => traitsOf(runs).filter((trait) => trait.kind !== "fact" && differs(trait) && !trait.name.startsWith(":monitor:")), [runs]);
  const chosen = useMemo(() => {
    if (said.axes) return new Set(said.axes.split("\n"));
    const first = (kind: "parameter" | "metric") => traits.filter((trait) => trait.kind === kind).slice(0, FIRST[kind]);
    return new Set([...first("parameter"), ...first("metric")].map(({ key }) => key));
  }, [said.axes, traits]);
  const axes = traits.filter(({ key }) => chosen.has(key)).map((trait) => ({ trait, scale: scaleOf(trait.values, number) }));
  if (traits.length < 2)
    return (
      <Empty title="Nothing to draw" icon={<ChartSpline size={24} aria-hidden />}>
        These runs differ in less than two parameters and metrics.
      </Empty>
    );
  const whole = Math.max(width - 20, EDGE.side * 2 + LEAST * (axes.length - 1));
  const left = (at: number) => EDGE.side + (axes.length > 1 ? (at * (whole - 2 * EDGE.side)) / (axes.length - 1) : 0);
  const top = (at: number) => EDGE.top + (1 - at) * (HEIGHT - EDGE.top - EDGE.bottom);
  return (
    <>
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
        <svg className="drawing" style={{ width: whole }} viewBox={`0 0 ${whole} ${HEIGHT}`} role="img" aria-label={`${runs.length} runs over ${axes.length} axes`}>
          {runs.map((run, index) => {
            const points = axes.flatMap(({ trait, scale }, at) => {
              const place = scale.at(trait.values[index]);
              return place === null ? [] : [[left(at), top(place)] as const];
            });
            return (
              <path
                key={run.id}
                className={`curve ${pointed !== null && pointed !== run.id ? "dim" : ""}`}
                d={bent(points)}
                stroke={colours.get(run.id)}
                strokeWidth={pointed === run.id ? 3 : 1.75}
                onPointerEnter={() => setPointed(run.id)}
                onPointerLeave={() => setPointed(null)}
              >
                <title>{run.name}</title>
              </path>
            );
          })}
          {axes.map(({ trait, scale }, at) => (
            <g key={trait.key}>
              <line className="axis" x1={left(at)} x2={left(at)} y1={EDGE.top} y2={HEIGHT - EDGE.bottom} />
              <text x={left(at)} y={at % 2 ? 14 : 30} textAnchor="middle" className="axis-name">
                {trait.name.length > 26 ? `${trait.name.slice(0, 25)}…` : trait.name}
              </text>
              {scale.ticks.map(({ label, at: height }) => (
                <text key={label} x={left(at) - 6} y={top(height) + 4} textAnchor="end" className="haloed">
                  {label.length > 12 ? `${label.slice(0, 11)}…` : label}
                </text>
              ))}
            </g>
          ))}
        </svg>
      </div>
      <p className="small soft" role="status">
        {runs.find(({ id }) => id === pointed)?.name ?? "Point at a line to see which run it is."}
      </p>
    </>
  );
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
