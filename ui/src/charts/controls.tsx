import { SlidersHorizontal } from "lucide-react";
import { Popover } from "radix-ui";
import type { ReactNode } from "react";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { AXES, type Axis, placeName } from "./axes";
import { SMOOTHINGS, type Smoothing } from "./smoothing";
import type { Span } from "./view";

/** How large charts are. */
export const SIZES = { small: "small", medium: "medium", large: "large", wide: "one in a row" } as const;
export type Size = keyof typeof SIZES;
export const HEIGHTS: Record<Size, number> = { small: 150, medium: 220, large: 320, wide: 380 };

/** How curves are drawn, as the address says it. */
export interface Look {
  axis: Axis;
  how: Smoothing;
  strength: number;
  isLogX: boolean;
  isLogY: boolean;
  isCalm: boolean;
  hasBands: boolean;
  size: Size;
}

export function lookOf(said: Search): Look {
  return {
    axis: pick(AXES, said.x, "iter"),
    strength: Math.min(0.99, Math.max(0, Number(said.smooth ?? 0) || 0)),
    how: pick(SMOOTHINGS, said.how, "exponential"),
    isLogX: said.logx === "1",
    isLogY: said.log === "1",
    isCalm: said.calm === "1",
    hasBands: said.bands !== "0",
    size: pick(SIZES, said.size, "medium"),
  };
}

function pick<Key extends string>(of: Record<Key, string>, said: string | undefined, otherwise: Key): Key {
  return said !== undefined && Object.hasOwn(of, said) ? (said as Key) : otherwise;
}

/** The part of the axis that all charts of the page show, as the address says it. */
export function rangeOf(said: Search): Span | null {
  if (!said.from || !said.to) return null;
  const [from, to] = [Number(said.from), Number(said.to)];
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : null;
}

export function sayRange(range: Span | null): Search {
  return { from: range ? String(Number(range[0].toPrecision(12))) : undefined, to: range ? String(Number(range[1].toPrecision(12))) : undefined };
}

/** The choices that every page with curves has; those of one page go first. */
export function ChartControls({ said, set, children, more }: { said: Search; set: (values: Search) => void; children?: ReactNode; more?: ReactNode }) {
  const { axis, strength, how, isLogX, isLogY, isCalm, hasBands, size } = lookOf(said);
  const range = rangeOf(said);
  const tick = (label: string, key: string, is: boolean, on: string | undefined, off: string | undefined) => (
    <label className="row small">
      <input type="checkbox" checked={is} onChange={(event) => set({ [key]: event.target.checked ? on : off })} /> {label}
    </label>
  );
  return (
    <div className="row wrap controls chart-controls">
      <input className="input quiet chart-find" type="search" placeholder="Find a curve" aria-label="Find a curve" value={said.find ?? ""} onChange={(event) => set({ find: event.target.value || undefined })} />
      {children}
      <label className="row small">
        <span className="soft">smooth</span>
        <input type="range" min={0} max={0.99} step={0.01} value={strength} aria-label="How smooth" onChange={(event) => set({ smooth: event.target.value === "0" ? undefined : event.target.value })} />
        <span className="mono">{strength.toFixed(2)}</span>
      </label>
      <select className="input quiet" aria-label="What is along the axis" value={axis} onChange={(event) => set({ x: event.target.value, ...sayRange(null) })}>
        {Object.entries(AXES).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      <Popover.Root>
        <Popover.Trigger asChild>
          <Button look="quiet" icon={<SlidersHorizontal />}>
            View
          </Button>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content className="menu chart-options" align="start" sideOffset={4} collisionPadding={8} aria-label="How charts look">
            <label className="stack tight small">
              <span className="soft">Made smooth by</span>
              <select className="input" aria-label="How curves are made smooth" value={how} onChange={(event) => set({ how: event.target.value })}>
                {Object.entries(SMOOTHINGS).map(([key, label]) => (
                  <option key={key} value={key}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
            <label className="stack tight small">
              <span className="soft">Size of charts</span>
              <select className="input" aria-label="Size of charts" value={size} onChange={(event) => set({ size: event.target.value })}>
                {Object.entries(SIZES).map(([key, label]) => (
                  <option key={key} value={key}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
            {more}
            {tick("logarithmic upwards", "log", isLogY, "1", undefined)}
            {axis === "iso_time" ? null : tick("logarithmic along", "logx", isLogX, "1", undefined)}
            {tick("ignore outliers", "calm", isCalm, "1", undefined)}
            {tick("bands from least to most", "bands", hasBands, undefined, "0")}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {range ? (
        <Button look="plain" className="zoomed" onClick={() => set(sayRange(null))} title="Show all of the axis again">
          {placeName(range[0], axis)} to {placeName(range[1], axis).replace(/^step /, "")} ×
        </Button>
      ) : null}
    </div>
  );
}
