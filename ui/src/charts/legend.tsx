import { memo, useState } from "react";
import { number } from "@/components/format";
import { type Ink, markOf } from "./colours";
import { keyOf, type Line, lastValue } from "./line";

const FEW = 12;

interface LegendProps {
  lines: readonly Line[];
  inkOf: (key: string) => Ink;
  /** What lines are under the pointer, by name; null while nothing is pointed at. */
  values: ReadonlyMap<string, number> | null;
  hidden: ReadonlySet<string>;
  onToggle: (name: string, alone: boolean) => void;
  onPoint: (name: string | null) => void;
}

/** The names of curves, each with its value under the pointer, or its last one: there is always a value, so nothing moves. */
export const Legend = memo(function Legend({ lines, inkOf, values, hidden, onToggle, onPoint }: LegendProps) {
  const [find, setFind] = useState("");
  const wanted = find.toLowerCase();
  const shown = lines.filter(({ name }) => name.toLowerCase().includes(wanted));
  const longest = lines.reduce((most, { name }) => Math.max(most, name.length), 0);
  return (
    <div className="legend">
      {lines.length > FEW ? (
        <input className="input quiet legend-find" type="search" aria-label="Find in the legend" placeholder={`Find among ${lines.length} curves`} value={find} onChange={(event) => setFind(event.target.value)} />
      ) : null}
      <ul className="legend-list" style={{ "--legend-column": `${Math.min(longest, 30) + 12}ch` } as React.CSSProperties} tabIndex={lines.length > 3 ? 0 : undefined} aria-label="Legend">
        {shown.map((line) => (
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
              <span className="legend-mark" style={{ background: markOf(inkOf(keyOf(line))) }} aria-hidden />
              <span className="ellipsis">{line.name}</span>
              <span className="legend-value">{number(values?.get(line.name) ?? lastValue(line))}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
});
