import { Link } from "@tanstack/react-router";
import { ChartScatter } from "lucide-react";
import { useMemo, useState } from "react";
import { useIsDark } from "@/app/theme";
import { useSaid } from "@/app/use-said";
import { relationOf } from "@/charts/relation";
import { scaleOf } from "@/charts/scale";
import { number } from "@/components/format";
import { Empty } from "@/components/states";
import { useWidth } from "@/components/use-width";
import type { PartProps } from "../compare";
import { Chooser } from "./choosers";
import { differs, isCommon, traitsOf } from "./runs";
import { TintLegend } from "./tint-legend";
import { tintOf } from "./tinted";

const HEIGHT = 460;
const EDGE = { left: 72, right: 24, top: 18, bottom: 44 };

/** Each run as a point: what a parameter was, and what became of a metric. */
export default function Scatter({ runs, colours }: PartProps) {
  const [said, set] = useSaid();
  const dark = useIsDark();
  const [place, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);
  const traits = useMemo(() => traitsOf(runs).filter(({ kind }) => kind !== "fact"), [runs]);
  const x = traits.find(({ key }) => key === said.px) ?? traits.find((trait) => trait.kind === "parameter" && differs(trait) && isCommon(trait)) ?? traits[0];
  const y = traits.find(({ key }) => key === said.py) ?? traits.find((trait) => trait.kind === "metric" && !trait.name.startsWith(":monitor:") && isCommon(trait));
  const by = traits.find(({ key }) => key === said.by);
  const tint = useMemo(() => tintOf(runs, by, colours, dark), [runs, by, colours, dark]);
  const relation = useMemo(() => (x && y ? relationOf(x.values, y.values) : null), [x, y]);
  if (x === undefined || y === undefined)
    return (
      <Empty title="Nothing to draw" icon={<ChartScatter size={24} aria-hidden />}>
        It takes a parameter or a metric of these runs for each axis.
      </Empty>
    );
  const across = scaleOf(x.values, number, said.plog === "1");
  const up = scaleOf(y.values, number, said.plogy === "1");
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
        <Chooser label="Colour by" traits={traits} value={by?.key ?? ""} none="run" onChange={(key) => set({ by: key || undefined })} />
        <label className="row small soft">
          <input type="checkbox" checked={said.plog === "1"} onChange={(event) => set({ plog: event.target.checked ? "1" : undefined })} /> logarithmic across
        </label>
        <label className="row small soft">
          <input type="checkbox" checked={said.plogy === "1"} onChange={(event) => set({ plogy: event.target.checked ? "1" : undefined })} /> logarithmic up
        </label>
      </div>
      <div ref={place} className="panel chart-panel scatter">
        <svg className="drawing" height={HEIGHT} viewBox={`0 0 ${Math.max(width - 20, 200)} ${HEIGHT}`} role="group" aria-label={`${y.name} over ${x.name}`}>
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
          <text x={EDGE.left + inner.width / 2} y={HEIGHT - 4} textAnchor="middle" className="axis-name">
            {x.name}
          </text>
          {points.map(({ run, index, x: h, y: v }) => (
            <Link key={run.id} to="/experiments/$id" params={{ id: run.id }} aria-label={`${run.name}: ${words(x.values[index])}, ${words(y.values[index])}`} onPointerEnter={() => setPointed(index)} onPointerLeave={() => setPointed(null)} onFocus={() => setPointed(index)} onBlur={() => setPointed(null)}>
              <circle className="point" cx={h} cy={v} r={pointed === index ? 9 : 6} fill={tint.of(index)} />
            </Link>
          ))}
        </svg>
        {by ? <TintLegend tint={tint} name={by.name} /> : null}
        {shown ? (
          <div className="chart-tip scatter-tip" style={{ top: Math.min(shown.y + 16, HEIGHT - 90), ...(shown.x > width / 2 ? { right: Math.max(8, width - shown.x + 8) } : { left: shown.x + 24 }) }} aria-hidden>
            <strong>{shown.run.name}</strong>
            {[x, y, ...(by && by !== x && by !== y ? [by] : [])].map((trait) => (
              <div key={trait.key} className="chart-tip-row">
                <span className="soft grow ellipsis">{trait.name}</span>
                <span className="chart-tip-value">{words(trait.values[shown.index])}</span>
              </div>
            ))}
          </div>
        ) : null}
      </div>
      <p className="small soft scatter-foot" role="status">
        {relation ? `Correlation of ranks over ${relation.count} runs: ${((relation.direction || 1) * relation.strength).toFixed(2)}. ` : ""}
        {points.length < runs.length ? `${runs.length - points.length} runs lack one of the two. ` : ""}
        Press a point to open its run.
      </p>
    </>
  );
}

function words(value: string | number | undefined): string {
  return typeof value === "number" ? number(value) : (value ?? "–");
}
