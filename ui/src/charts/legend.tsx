import { useState } from "react";
import { number } from "@/components/format";
import type { Line } from "./joined";

const FEW = 12;

interface LegendProps {
  lines: readonly Line[];
  colours: ReadonlyMap<string, string>;
  colourOf: (line: Line) => string;
  /** What each line is under the pointer; null while nothing is. */
  values: readonly (number | null | undefined)[] | null;
  hidden: ReadonlySet<string>;
  onToggle: (name: string, alone: boolean) => void;
  onPoint: (name: string | null) => void;
}

/** The names of curves, each with its value under the pointer, or its last one: there is always a value, so nothing moves. */
export function Legend({ lines, colours, colourOf, values, hidden, onToggle, onPoint }: LegendProps) {
  const [find, setFind] = useState("");
  const wanted = find.toLowerCase();
  const shown = lines.flatMap((line, index) => (line.name.toLowerCase().includes(wanted) ? [[line, index] as const] : []));
  const longest = lines.reduce((most, { name }) => Math.max(most, name.length), 0);
  return (
    <div className="legend">
      {lines.length > FEW ? (
        <input className="input quiet legend-find" type="search" aria-label="Find in the legend" placeholder={`Find among ${lines.length} curves`} value={find} onChange={(event) => setFind(event.target.value)} />
      ) : null}
      <ul className="legend-list" style={{ "--legend-column": `${Math.min(longest, 30) + 12}ch` } as React.CSSProperties} tabIndex={lines.length > 3 ? 0 : undefined} aria-label="Legend">
        {shown.map(([line, index]) => (
          <li key={line.name}>
            <button
              type="button"
              className="legend-item"
              aria-pressed={!hidden.has(line.name)}
              title={`${line.name}: click to hide or show it, click twice to see it alone`}
              onClick={() => onToggle(line.name, false)}
              onDoubleClick={() => onToggle(line.name, true)}
              onPointerEnter={() => onPoint(line.name)}
              onPointerLeave={() => onPoint(null)}
            >
              <span className="legend-mark" style={{ background: colours.get(colourOf(line)) }} aria-hidden />
              <span className="ellipsis">{line.name}</span>
              <span className="legend-value">{number(values?.[index] ?? lastOf(line))}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function lastOf(line: Line): number | null {
  for (let at = line.y.length - 1; at >= 0; at--) {
    const value = line.y[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
