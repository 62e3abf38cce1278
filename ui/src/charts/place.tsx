import type { ReactNode, RefObject } from "react";
import { Failed } from "@/components/states";
import { HEIGHTS, type Look } from "./controls";

interface PlaceProps {
  place: RefObject<HTMLDivElement | null>;
  look: Look;
  title: string;
  query: { error: unknown; refetch: () => unknown };
  /** The chart, as soon as it is near to what is seen and its curves are there. */
  children: ReactNode;
}

/** Where a chart is, as high as it will be: its name until it is drawn, and what went wrong. */
export function ChartPlace({ place, look, title, query, children }: PlaceProps) {
  return (
    <div ref={place} className="chart-place" style={{ minHeight: HEIGHTS[look.size] + 84 }}>
      {query.error ? (
        <section className="panel">
          <Failed error={query.error} onRetry={() => void query.refetch()} />
        </section>
      ) : (
        (children ?? (
          <section className="panel chart-panel">
            <header>
              <h3 className="ellipsis">{title.replace(/^:monitor:/, "machine: ")}</h3>
            </header>
          </section>
        ))
      )}
    </div>
  );
}
