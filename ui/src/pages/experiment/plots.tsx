import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { PlotEvent, Task } from "@/api/types";
import { useSaid } from "@/app/use-said";
import { Figure } from "@/charts/figure";
import { Steps } from "@/charts/steps";
import { useNear } from "@/charts/use-near";
import { Empty, Found } from "@/components/states";
import { ToReport } from "../report/to-report";

/** Each plot that a run reported: the last one, and those of the steps before. */
export default function Plots({ task }: { task: Task }) {
  const [said, set] = useSaid();
  const find = (said.find ?? "").toLowerCase();
  const found = useQuery({
    queryKey: ["task", task.id, "plots"],
    queryFn: ({ signal }) => call("events.get_task_plots", { task: task.id, iters: 1 }, signal),
  });
  return (
    <Found query={found}>
      {({ plots }) => {
        const shown = plots.filter(({ metric, variant }) => `${metric} / ${variant}`.toLowerCase().includes(find));
        return plots.length ? (
          <>
            {plots.length > 4 ? (
              <div className="row wrap controls">
                <input className="input quiet" type="search" placeholder="Find a plot" aria-label="Find a plot" value={said.find ?? ""} onChange={(event) => set({ find: event.target.value || undefined })} />
              </div>
            ) : null}
            {shown.length ? <div className="charts">{shown.map((plot) => <Plot key={`${plot.metric}/${plot.variant}`} task={task} last={plot} />)}</div> : <Empty title="No such plot">None of the names holds what is asked for.</Empty>}
          </>
        ) : (
          <Empty title="No plots" icon={<ChartColumn size={24} aria-hidden />}>
            Histograms, tables, confusion matrices and figures of Matplotlib and Plotly appear here.
          </Empty>
        );
      }}
    </Found>
  );
}

/** One plot, with a slider over the steps at which it was reported. */
function Plot({ task, last }: { task: Task; last: PlotEvent }) {
  const [place, isNear, wasNear] = useNear<HTMLElement>();
  const [asked, setAsked] = useState<number | null>(null);
  const { metric, variant } = last;
  const steps = useQuery({
    queryKey: ["task", task.id, "plot-steps", metric, variant],
    enabled: isNear,
    queryFn: ({ signal }) => call("events.iterations", { tasks: [task.id], metric, variant }, signal),
  });
  const step = asked ?? last.iter;
  const earlier = useQuery({
    queryKey: ["task", task.id, "plot", metric, variant, step],
    enabled: step !== last.iter,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => call("events.get_plot_sample", { task: task.id, metric, iteration: step }, signal),
  });
  const shown = step === last.iter ? last : (earlier.data?.events.find((event) => event.variant === variant) ?? last);
  const name = variant ? `${metric} / ${variant}` : metric;
  return (
    <section ref={place} className="panel chart-panel plot-panel">
      <header>
        <h3 className="grow ellipsis" title={name}>
          {name}
        </h3>
        <Steps steps={steps.data?.tasks[0]?.iterations ?? []} value={step} onChange={setAsked} label={`Step of ${name}`} />
        <ToReport of={{ show: "plot", runs: [task.id], metric, variants: [variant] }} name={name} />
      </header>
      {wasNear ? <Figure text={shown.plot_str} label={name} file={`${task.name} ${name} ${shown.iter}`} /> : null}
    </section>
  );
}
