import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { lazy, Suspense } from "react";
import { call } from "@/api/client";
import { count } from "@/components/format";
import { Busy, Empty, Found } from "@/components/states";
import { useSeen } from "@/components/use-seen";
import type { PartProps } from "../compare";

const Figure = lazy(() => import("@/charts/figure"));

/** The last plots of each name, of all runs beside each other. */
export default function Plots({ runs, colours }: PartProps) {
  const ids = runs.map(({ id }) => id);
  const found = useQuery({
    queryKey: ["tasks", "plots", ids],
    queryFn: ({ signal }) => call("events.get_multi_task_plots", { tasks: ids, iters: 1, no_scroll: true }, signal),
  });
  return (
    <Found query={found}>
      {({ plots }) => {
        const names = Object.entries(plots).flatMap(([metric, variants]) => Object.entries(variants).map(([variant, byRun]) => ({ name: `${metric} / ${variant}`, byRun })));
        if (!names.length)
          return (
            <Empty title="No plots" icon={<ChartColumn size={24} aria-hidden />}>
              None of these runs reported a histogram, table, matrix or figure.
            </Empty>
          );
        return (
          <div className="stack">
            {names.map(({ name, byRun }) => (
              <section key={name} className="stack">
                <h2>{name}</h2>
                <div className="side-by-side">
                  {runs.flatMap((run) =>
                    Object.entries(byRun[run.id] ?? {}).flatMap(([step, { plots: all }]) =>
                      all.map((plot) => (
                        <article key={`${run.id} ${step}`} className="panel chart-panel">
                          <header>
                            <span className="swatch" style={{ background: colours.get(run.id) }} aria-hidden />
                            <h3 className="grow ellipsis" title={run.name}>
                              {run.name}
                            </h3>
                            <span className="faint small">step {count(Number(step))}</span>
                          </header>
                          <Late text={plot.plot_str} label={`${name} of ${run.name}`} />
                        </article>
                      )),
                    ),
                  )}
                </div>
              </section>
            ))}
          </div>
        );
      }}
    </Found>
  );
}

/** A figure that is drawn when it comes near the view. */
function Late({ text, label }: { text: string; label: string }) {
  const [place, seen] = useSeen<HTMLDivElement>();
  return (
    <div ref={place} style={{ minHeight: 320 }}>
      {seen ? (
        <Suspense fallback={<Busy />}>
          <Figure text={text} label={label} />
        </Suspense>
      ) : null}
    </div>
  );
}
