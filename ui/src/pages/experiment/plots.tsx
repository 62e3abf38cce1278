import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { lazy, Suspense } from "react";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { count } from "@/components/format";
import { Busy, Empty, Found } from "@/components/states";

const Figure = lazy(() => import("@/charts/figure"));

/** The last of each plot that a run reported. */
export default function Plots({ task }: { task: Task }) {
  const found = useQuery({
    queryKey: ["task", task.id, "plots"],
    queryFn: ({ signal }) => call("events.get_task_plots", { task: task.id, iters: 1 }, signal),
  });
  return (
    <Found query={found}>
      {({ plots }) =>
        plots.length ? (
          <div className="charts">
            {plots.map((plot) => (
              <section key={`${plot.metric}/${plot.variant}/${plot.iter}`} className="panel chart-panel">
                <header>
                  <h3 className="grow ellipsis">
                    {plot.metric} / {plot.variant}
                  </h3>
                  <span className="faint small">step {count(plot.iter)}</span>
                </header>
                <Suspense fallback={<Busy />}>
                  <Figure text={plot.plot_str} label={`${plot.metric} / ${plot.variant}`} />
                </Suspense>
              </section>
            ))}
          </div>
        ) : (
          <Empty title="No plots" icon={<ChartColumn size={24} aria-hidden />}>
            Histograms, tables, confusion matrices and figures of Matplotlib and Plotly appear here.
          </Empty>
        )
      }
    </Found>
  );
}
