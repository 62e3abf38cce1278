import { useQuery } from "@tanstack/react-query";
import { ChartLine } from "lucide-react";
import { useMemo } from "react";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { useIsDark } from "@/app/theme";
import { useSaid } from "@/app/use-said";
import { inksInOrder } from "@/charts/colours";
import { ChartControls, lookOf, rangeOf, sayRange } from "@/charts/controls";
import { chartsOf, GROUPINGS, type Grouping, variantsByUse } from "@/charts/grouping";
import { Sections } from "@/charts/sections";
import { type Span } from "@/charts/view";
import { number } from "@/components/format";
import { Empty } from "@/components/states";
import { ToReport } from "../report/to-report";
import { ScalarChart } from "./scalar-chart";
import { curveNamesOf } from "./curve-names";

/** Every curve of a run. How they are drawn stands in the address. */
export default function Scalars({ task }: { task: Task }) {
  const [said, set] = useSaid();
  const look = useMemo(() => lookOf(said), [said]);
  const range = useMemo(() => rangeOf(said), [said]);
  const zoom = useMemo(() => (next: Span | null) => set(sayRange(next)), [set]);
  const grouping = (said.group && Object.hasOwn(GROUPINGS, said.group) ? said.group : "metric") as Grouping;
  const find = (said.find ?? "").toLowerCase();
  const names = useMemo(() => curveNamesOf(task), [task]);
  const dark = useIsDark();
  // A variant has one colour on all charts of the run; where several metrics share a chart, their curves are told apart instead.
  const inks = useMemo(() => (grouping === "metric" || grouping === "none" ? inksInOrder(variantsByUse(names), dark) : undefined), [names, grouping, dark]);
  const charts = useMemo(() => chartsOf(names.filter(({ metric, variant }) => `${metric}/${variant}`.toLowerCase().includes(find)), grouping), [names, find, grouping]);
  return (
    <>
      <Values task={task} />
      <ChartControls
        said={said}
        set={set}
        more={
          <label className="stack tight small">
            <span className="soft">On one chart</span>
            <select className="input" aria-label="Which curves share a chart" value={grouping} onChange={(event) => set({ group: event.target.value })}>
              {Object.entries(GROUPINGS).map(([key, label]) => (
                <option key={key} value={key}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        }
      />
      {charts.length ? (
        <Sections charts={charts} said={said} set={set} size={look.size}>
          {(chart) => <ScalarChart key={chart.title} task={task} chart={chart} look={look} inks={inks} range={range} onZoom={zoom} />}
        </Sections>
      ) : (
        <Empty title={find ? "No such curve" : "No curves"} icon={<ChartLine size={24} aria-hidden />}>
          {find ? "None of the names holds what is asked for." : "They appear as soon as the run reports a scalar."}
        </Empty>
      )}
    </>
  );
}

/** What belongs to the whole run, one tile each. */
function Values({ task }: { task: Task }) {
  const found = useQuery({
    queryKey: ["task", task.id, "single"],
    queryFn: ({ signal }) => call("events.get_task_single_value_metrics", { tasks: [task.id] }, signal),
  });
  const values = found.data?.tasks[0]?.values ?? [];
  if (!values.length) return null;
  return (
    <ul className="values" aria-label="Single values">
      {values.map(({ metric, variant, value }) => (
        <li key={`${metric}/${variant}`} className="panel value" title={`${metric ?? ""} / ${variant}: ${value}`}>
          <span className="soft small ellipsis">{variant}</span>
          <strong>{number(value)}</strong>
        </li>
      ))}
      <li className="row">
        <ToReport of={{ show: "values", runs: [task.id] }} name="the single values" />
      </li>
    </ul>
  );
}
