import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { PlotEvent } from "@/api/types";
import { Figure } from "@/charts/figure";
import { Steps, stepBefore } from "@/charts/steps";
import { useNear } from "@/charts/use-near";
import { count } from "@/components/format";
import { Empty, Found } from "@/components/states";
import type { PartProps } from "../compare";
import { ToReport } from "../report/to-report";
import type { Run } from "./runs";

interface Having {
  run: Run;
  last: PlotEvent;
}

/** The plots of each name, of all runs beside each other. */
export default function Plots({ runs, colours }: PartProps) {
  const ids = runs.map(({ id }) => id);
  const found = useQuery({
    queryKey: ["tasks", "plots", ids],
    queryFn: ({ signal }) => call("events.get_multi_task_plots", { tasks: ids, iters: 1, no_scroll: true }, signal),
  });
  return (
    <Found query={found}>
      {({ plots }) => {
        const names = Object.entries(plots).flatMap(([metric, variants]) => Object.entries(variants).map(([variant, byRun]) => ({ metric, variant, byRun })));
        if (!names.length)
          return (
            <Empty title="No plots" icon={<ChartColumn size={24} aria-hidden />}>
              None of these runs reported a histogram, table, matrix or figure.
            </Empty>
          );
        return (
          <div className="stack">
            {names.map(({ metric, variant, byRun }) => {
              const having = runs.flatMap((run): Having[] => Object.values(byRun[run.id] ?? {}).flatMap(({ plots: all }) => all.map((last) => ({ run, last }))));
              return <Named key={`${metric}/${variant}`} metric={metric} variant={variant} having={having} colours={colours} />;
            })}
          </div>
        );
      }}
    </Found>
  );
}

/** One plot of several runs. The slider moves all of them: each shows the last that it had reported by that step. */
function Named({ metric, variant, having, colours }: { metric: string; variant: string; having: readonly Having[]; colours: ReadonlyMap<string, string> }) {
  const [place, isNear] = useNear<HTMLElement>();
  const [asked, setAsked] = useState<number | null>(null);
  const ids = having.map(({ run }) => run.id);
  const found = useQuery({
    queryKey: ["tasks", "plot-steps", ids, metric, variant],
    enabled: isNear,
    queryFn: ({ signal }) => call("events.iterations", { tasks: ids, metric, variant }, signal),
  });
  const byRun = new Map(found.data?.tasks.map(({ task, iterations }) => [task, iterations]));
  const steps = [...new Set([...byRun.values()].flat())].sort((a, b) => a - b);
  const newest = Math.max(...having.map(({ last }) => last.iter));
  const step = asked ?? newest;
  const name = variant ? `${metric} / ${variant}` : metric;
  return (
    <section ref={place} className="stack">
      <div className="row wrap">
        <h2 className="grow ellipsis">{name}</h2>
        <Steps steps={steps} value={step} onChange={setAsked} label={`Step of ${name}`} />
        <ToReport of={{ show: "plot", runs: ids, metric, variants: [variant] }} name={name} />
      </div>
      <div className="side-by-side">
        {having.map(({ run, last }) => (
          <One key={run.id} run={run} last={last} step={stepBefore(byRun.get(run.id) ?? [], step) ?? last.iter} colour={colours.get(run.id)} />
        ))}
      </div>
    </section>
  );
}

function One({ run, last, step, colour }: { run: Run; last: PlotEvent; step: number; colour: string | undefined }) {
  const [place, isNear, wasNear] = useNear<HTMLElement>();
  const { metric, variant } = last;
  const earlier = useQuery({
    queryKey: ["task", run.id, "plot", metric, variant, step],
    enabled: isNear && step !== last.iter,
    queryFn: ({ signal }) => call("events.get_plot_sample", { task: run.id, metric, iteration: step }, signal),
  });
  const shown = step === last.iter ? last : earlier.data?.events.find((event) => event.variant === variant);
  return (
    <article ref={place} className="panel chart-panel">
      <header>
        <span className="swatch" style={{ background: colour }} aria-hidden />
        <h3 className="grow ellipsis" title={run.name}>
          {run.name}
        </h3>
        <span className="faint small nowrap">step {count(step)}</span>
      </header>
      <div style={{ minHeight: 320 }}>
        {wasNear && shown ? <Figure text={shown.plot_str} label={`${metric} / ${variant} of ${run.name}`} /> : null}
      </div>
    </article>
  );
}
