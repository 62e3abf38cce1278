import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ChartLine } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { call } from "@/api/client";
import { useIsDark } from "@/app/theme";
import { useSaid } from "@/app/use-said";
import { lineOf, startOf } from "@/charts/axes";
import { coloursInOrder } from "@/charts/colours";
import { ChartControls, type Look, lookOf } from "@/charts/controls";
import { meanOf } from "@/charts/groups";
import type { Line } from "@/charts/joined";
import { ChartPanel } from "@/charts/panel";
import { Empty, Failed } from "@/components/states";
import { useSeen } from "@/components/use-seen";
import type { PartProps } from "../compare";
import { differs, groupsOf, metricsOf, type Run, traitsOf } from "./runs";

/** So many points in all on one chart: enough to see, and quick to draw. */
const POINTS = 50_000;
const ALL = 20_000;

/** The curves of all runs over each other, one chart for each metric; or the means of groups of runs. */
export default function Scalars({ runs, colours }: PartProps) {
  const [said, set] = useSaid();
  const look = useMemo(() => lookOf(said), [said]);
  const group = said.group ?? "";
  const dark = useIsDark();
  const metrics = useMemo(() => {
    const all = new Map(runs.flatMap(({ task }) => metricsOf(task)).map((found) => [found.name, found]));
    return [...all.values()].sort((a, b) => Number(a.metric.startsWith(":monitor:")) - Number(b.metric.startsWith(":monitor:")) || a.name.localeCompare(b.name));
  }, [runs]);
  const parameters = useMemo(() => traitsOf(runs).filter((trait) => trait.kind === "parameter" && differs(trait)), [runs]);
  const groups = useMemo(() => (group ? groupsOf(runs, group) : null), [runs, group]);
  const groupColours = useMemo(() => (groups ? coloursInOrder([...groups.keys()], dark) : null), [groups, dark]);
  const shown = metrics.filter(({ name }) => name.toLowerCase().includes((said.find ?? "").toLowerCase()));
  return (
    <>
      <div className="row wrap controls">
        <select className="input quiet" aria-label="Group the runs" value={group} onChange={(event) => set({ group: event.target.value || undefined })}>
          <option value="">each run</option>
          <option value="tag">mean by tag</option>
          {parameters.map(({ name }) => (
            <option key={name} value={name}>
              mean by {name}
            </option>
          ))}
        </select>
        <ChartControls said={said} set={set} />
      </div>
      {shown.length ? (
        <div className="charts">
          {shown.map(({ name, metric, variant }) => (
            <Overlaid key={name} title={name} metric={metric} variant={variant} runs={runs} look={look} groups={groups} colours={groupColours ?? colours} />
          ))}
        </div>
      ) : (
        <Empty title={said.find ? "No such curve" : "No curves"} icon={<ChartLine size={24} aria-hidden />}>
          {said.find ? "None of the names holds what is asked for." : "None of these runs reported a scalar."}
        </Empty>
      )}
    </>
  );
}

interface OverlaidProps {
  title: string;
  metric: string;
  variant: string;
  runs: Run[];
  look: Look;
  groups: Map<string, Run[]> | null;
  colours: ReadonlyMap<string, string>;
}

function Overlaid({ title, metric, variant, runs, look, groups, colours }: OverlaidProps) {
  const [place, seen] = useSeen<HTMLDivElement>();
  const [isClose, setClose] = useState(false);
  const samples = isClose ? ALL : Math.max(100, Math.min(1_000, Math.floor(POINTS / runs.length)));
  const ids = runs.map(({ id }) => id);
  const found = useQuery({
    queryKey: ["tasks", "curves", ids, metric, variant, look.axis, samples],
    enabled: seen,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => call("events.multi_task_scalar_metrics_iter_histogram", { tasks: ids, samples, key: look.axis, metrics: [{ metric, variants: [variant] }] }, signal),
  });
  const curves = found.data?.[metric]?.[variant];
  const lines = useMemo(() => {
    const of = (run: Run): Line[] => {
      const curve = curves?.[run.id];
      return curve ? [{ ...lineOf(curve, run.name, look.axis, startOf(run.task.started)), key: run.id }] : [];
    };
    if (groups === null) return runs.flatMap(of);
    return [...groups].flatMap(([name, members]) => {
      const all = members.flatMap(of);
      return all.length ? [{ ...meanOf(`${name} (${all.length})`, all), key: name }] : [];
    });
  }, [curves, runs, groups, look.axis]);
  const onZoom = useCallback((range: [number, number] | null) => setClose(range !== null), []);
  if (found.data && !curves) return null; // a single value: it stands among the metrics
  return (
    <div ref={place} className="chart-place">
      {found.error ? (
        <section className="panel">
          <Failed error={found.error} onRetry={() => void found.refetch()} />
        </section>
      ) : curves ? (
        <ChartPanel title={title} file={title} lines={lines} look={look} group={`compare-${look.axis}`} colours={colours} onZoom={onZoom} />
      ) : (
        <section className="panel chart-panel">
          <header>
            <h3>{title}</h3>
          </header>
        </section>
      )}
    </div>
  );
}
