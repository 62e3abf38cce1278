import { ChevronDown, ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import type { Search } from "@/app/router";
import { count } from "@/components/format";
import { type Size } from "./controls";
import { type ChartSpec, MACHINE, sectionsOf } from "./grouping";

/** Charts in sections that open and close. Which are closed stands in the address. */
export function Sections({ charts, said, set, size, children }: { charts: readonly ChartSpec[]; said: Search; set: (values: Search) => void; size: Size; children: (chart: ChartSpec) => ReactNode }) {
  const sections = sectionsOf(charts);
  const shut = new Set((said.shut ?? "").split("\n").filter(Boolean));
  const toggle = (name: string) => {
    const next = new Set(shut);
    if (!next.delete(name)) next.add(name);
    set({ shut: [...next].join("\n") || undefined });
  };
  return (
    <div className="stack">
      {sections.map(([name, all]) => {
        const key = name || "metrics";
        const isShut = shut.has(key);
        return (
          <section key={key} className="chart-section">
            {sections.length > 1 ? (
              <h2>
                <button type="button" className="section-toggle" aria-expanded={!isShut} onClick={() => toggle(key)}>
                  {isShut ? <ChevronRight size={16} aria-hidden /> : <ChevronDown size={16} aria-hidden />}
                  {name === MACHINE ? "Machine" : name || "Metrics"}
                  <span className="faint small">{count(all.length)}</span>
                </button>
              </h2>
            ) : null}
            {isShut ? null : <div className={`charts ${size}`}>{all.map(children)}</div>}
          </section>
        );
      })}
    </div>
  );
}
