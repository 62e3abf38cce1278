import { number } from "@/components/format";
import { type Ink, markOf } from "./colours";

export interface TipRow {
  name: string;
  ink: Ink;
  value: number;
  low?: number | undefined;
  high?: number | undefined;
  isNearest: boolean;
}

export interface TipState {
  title: string;
  rows: readonly TipRow[];
  /** Where the pointer is in the window. */
  at: { x: number; y: number };
}

const MOST = 12;
const WIDE = 280;

/** What the curves are where the pointer is, the largest first. It stays in the window, beside the pointer. */
export function Tip({ title, rows, at }: TipState) {
  const sorted = [...rows].sort((a, b) => b.value - a.value);
  const nearest = sorted.findIndex(({ isNearest }) => isNearest);
  const near = sorted[nearest];
  const from = Math.max(0, Math.min(nearest - (MOST >> 1), sorted.length - MOST));
  const shown = sorted.slice(from, from + MOST);
  const isLeft = at.x + WIDE + 24 > innerWidth && at.x > innerWidth / 2;
  const tall = 72 + shown.length * 21;
  return (
    <div
      className="chart-tip"
      style={{ top: Math.max(8, Math.min(at.y + 14, innerHeight - tall - 12)), maxWidth: Math.min(WIDE, innerWidth - 24), ...(isLeft ? { right: innerWidth - at.x + 16 } : { left: Math.min(at.x + 16, innerWidth - 180) }) }}
      aria-hidden
    >
      <div className="chart-tip-title">{title}</div>
      {from > 0 ? <div className="faint">{from} above</div> : null}
      {shown.map((row) => (
        <div key={row.name} className={`chart-tip-row ${row.isNearest && rows.length > 1 ? "nearest" : ""}`}>
          <span className="legend-mark" style={{ background: markOf(row.ink) }} />
          <span className="ellipsis grow">{row.name}</span>
          <span className="chart-tip-value">{number(row.value)}</span>
        </div>
      ))}
      {from + shown.length < sorted.length ? <div className="faint">{sorted.length - from - shown.length} below</div> : null}
      {near?.low !== undefined && near.high !== undefined && near.low !== near.high ? (
        <div className="chart-tip-band">
          from {number(near.low)} to {number(near.high)}
        </div>
      ) : null}
    </div>
  );
}
