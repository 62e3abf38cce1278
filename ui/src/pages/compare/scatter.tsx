import { ChartScatter } from "lucide-react";
import { useMemo, useState } from "react";
import { useSaid } from "@/app/use-said";
import { scaleOf } from "@/charts/scale";
import { number } from "@/components/format";
import { Empty } from "@/components/states";
import { useWidth } from "@/components/use-width";
import type { PartProps } from "../compare";
import { differs, type Trait, traitsOf } from "./runs";

const HEIGHT = 440;
const EDGE = { left: 72, right: 24, top: 18, bottom: 44 };

/** Each run as a point: what a parameter was, and what became of a metric. */
export default function Scatter({ runs, colours }: PartProps) {
  const [said, set] = useSaid();
  const [place, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);
  const traits = useMemo(() => traitsOf(runs).filter(({ kind }) => kind !== "fact"), [runs]);
  const x = traits.find(({ key }) => key === said.px) ?? traits.find((trait) => trait.kind === "parameter" && differs(trait)) ?? traits[0];
  const y = traits.find(({ key }) => key === said.py) ?? traits.find(({ kind }) => kind === "metric");
  const isLog = said.plog === "1";
  if (x === undefined || y === undefined)
    return (
      <Empty title="Nothing to draw" icon={<ChartScatter size={24} aria-hidden />}>
        It takes a parameter or a metric of these runs for each axis.
      </Empty>
    );
  const across = scaleOf(x.values, number, isLog);
  const up = scaleOf(y.values, number);
  const inner = { width: Math.max(80, width - EDGE.left - EDGE.right), height: HEIGHT - EDGE.top - EDGE.bottom };
  const left = (at: number) => EDGE.left + 14 + at * (inner.width - 28);
  const top = (at: number) => EDGE.top + 14 + (1 - at) * (inner.height - 28);
  const points = runs.flatMap((run, index) => {
    const [h, v] = [across.at(x.values[index]), up.at(y.values[index])];
    return h === null || v === null ? [] : [{ run, index, x: left(h), y: top(v) }];
  });
  const shown = points.find(({ index }) => index === pointed);
  return (
    <>
      <div className="row wrap controls">
        <Chooser label="Across" traits={traits} value={x.key} onChange={(px) => set({ px })} />
        <Chooser label="Up" traits={traits} value={y.key} onChange={(py) => set({ py })} />
        <label className="row small soft">
          <input type="checkbox" checked={isLog} onChange={(event) => set({ plog: event.target.checked ? "1" : undefined })} /> logarithmic across
        </label>
        <span className="small soft" role="status">
          {shown ? `${shown.run.name}: ${x.name} ${words(x.values[shown.index])}, ${y.name} ${words(y.values[shown.index])}` : points.length < runs.length ? `${runs.length - points.length} runs lack one of the two` : ""}
        </span>
      </div>
      <div ref={place} className="panel chart-panel">
        <svg className="drawing" height={HEIGHT} viewBox={`0 0 ${Math.max(width - 20, 200)} ${HEIGHT}`} role="img" aria-label={`${y.name} over ${x.name}`}>
          {up.ticks.map(({ label, at }) => (
            <g key={label}>
              <line className="grid" x1={EDGE.left} x2={EDGE.left + inner.width} y1={top(at)} y2={top(at)} />
              <text x={EDGE.left - 8} y={top(at) + 4} textAnchor="end">
                {label}
              </text>
            </g>
          ))}
          {across.ticks.map(({ label, at }) => (
            <g key={label}>
              <line className="grid" x1={left(at)} x2={left(at)} y1={EDGE.top} y2={EDGE.top + inner.height} />
              <text x={left(at)} y={EDGE.top + inner.height + 18} textAnchor="middle">
                {label}
              </text>
            </g>
          ))}
          <text x={EDGE.left + inner.width / 2} y={HEIGHT - 4} textAnchor="middle">
            {x.name}
          </text>
          {points.map(({ run, index, x: h, y: v }) => (
            <circle key={run.id} className="point" cx={h} cy={v} r={pointed === index ? 8 : 6} fill={colours.get(run.id)} onPointerEnter={() => setPointed(index)} onPointerLeave={() => setPointed(null)}>
              <title>{run.name}</title>
            </circle>
          ))}
        </svg>
      </div>
    </>
  );
}

function words(value: string | number | undefined): string {
  return typeof value === "number" ? number(value) : (value ?? "–");
}

function Chooser({ label, traits, value, onChange }: { label: string; traits: Trait[]; value: string; onChange: (key: string) => void }) {
  return (
    <label className="row small">
      <span className="soft nowrap">{label}</span>
      <select className="input quiet" value={value} onChange={(event) => onChange(event.target.value)}>
        {(["parameter", "metric"] as const).map((kind) => (
          <optgroup key={kind} label={kind === "parameter" ? "Parameters" : "Metrics"}>
            {traits
              .filter((trait) => trait.kind === kind)
              .map(({ key, name }) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
