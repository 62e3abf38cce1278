import type { Search } from "@/app/router";
import { AXES, type Axis } from "./axes";
import type { Smoothing } from "./smoothing";

/** How curves are drawn, as the address says it. */
export interface Look {
  axis: Axis;
  how: Smoothing;
  strength: number;
  isLog: boolean;
  isCalm: boolean;
}

export function lookOf(said: Search): Look {
  return {
    axis: (said.x && said.x in AXES ? said.x : "iter") as Axis,
    strength: Math.min(0.99, Math.max(0, Number(said.smooth ?? 0) || 0)),
    how: (["exponential", "average", "median"].includes(said.how ?? "") ? said.how : "exponential") as Smoothing,
    isLog: said.log === "1",
    isCalm: said.calm === "1",
  };
}

/** The choices that every page with curves has. */
export function ChartControls({ said, set }: { said: Search; set: (values: Search) => void }) {
  const { axis, strength, how, isLog, isCalm } = lookOf(said);
  return (
    <>
      <input className="input quiet" type="search" placeholder="Find a curve" aria-label="Find a curve" value={said.find ?? ""} onChange={(event) => set({ find: event.target.value || undefined })} />
      <label className="row small">
        <span className="soft">smooth</span>
        <input type="range" min={0} max={0.99} step={0.01} value={strength} aria-label="How smooth" onChange={(event) => set({ smooth: event.target.value === "0" ? undefined : event.target.value })} />
        <span className="mono">{strength.toFixed(2)}</span>
      </label>
      <select className="input quiet" aria-label="How curves are made smooth" value={how} onChange={(event) => set({ how: event.target.value })}>
        <option value="exponential">exponential</option>
        <option value="average">average</option>
        <option value="median">median</option>
      </select>
      <select className="input quiet" aria-label="What is along the axis" value={axis} onChange={(event) => set({ x: event.target.value })}>
        {Object.entries(AXES).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      <label className="row small soft">
        <input type="checkbox" checked={isLog} onChange={(event) => set({ log: event.target.checked ? "1" : undefined })} /> logarithmic
      </label>
      <label className="row small soft">
        <input type="checkbox" checked={isCalm} onChange={(event) => set({ calm: event.target.checked ? "1" : undefined })} /> ignore outliers
      </label>
    </>
  );
}
