import { ChartLine } from "lucide-react";
import { useMemo } from "react";
import { useIsDark } from "@/app/theme";
import { useSaid } from "@/app/use-said";
import { inksInOrder } from "@/charts/colours";
import { ChartControls, lookOf, rangeOf, sayRange } from "@/charts/controls";
import { chartsOf } from "@/charts/grouping";
import { Sections } from "@/charts/sections";
import type { Span } from "@/charts/view";
import { Empty } from "@/components/states";
import type { PartProps } from "../compare";
import { curveNamesOf } from "../experiment/curve-names";
import { Overlaid } from "./overlaid";
import { differs, groupsOf, traitsOf } from "./runs";

/** The curves of all runs over each other, one chart for each metric; or the means of groups of runs. */
export default function Scalars({ runs, inks }: PartProps) {
  const [said, set] = useSaid();
  const look = useMemo(() => lookOf(said), [said]);
  const range = useMemo(() => rangeOf(said), [said]);
  const zoom = useMemo(() => (next: Span | null) => set(sayRange(next)), [set]);
  const group = said.group ?? "";
  const dark = useIsDark();
  const find = (said.find ?? "").toLowerCase();
  const charts = useMemo(() => {
    const names = new Map(runs.flatMap(({ task }) => curveNamesOf(task)).map((name) => [JSON.stringify([name.metric, name.variant]), name]));
    return chartsOf([...names.values()].filter(({ metric, variant }) => `${metric} / ${variant}`.toLowerCase().includes(find)), "none");
  }, [runs, find]);
  const parameters = useMemo(() => traitsOf(runs).filter((trait) => trait.kind === "parameter" && differs(trait)), [runs]);
  const groups = useMemo(() => (group ? groupsOf(runs, group) : null), [runs, group]);
  const groupInks = useMemo(() => (groups ? inksInOrder([...groups.keys()], dark) : null), [groups, dark]);
  return (
    <>
      <ChartControls said={said} set={set}>
        <select className="input quiet" aria-label="Group the runs" value={group} onChange={(event) => set({ group: event.target.value || undefined })}>
          <option value="">each run</option>
          <option value="tag">mean by tag</option>
          {parameters.map(({ name }) => (
            <option key={name} value={name}>
              mean by {name}
            </option>
          ))}
        </select>
      </ChartControls>
      {charts.length ? (
        <Sections charts={charts} said={said} set={set} size={look.size}>
          {(chart) => <Overlaid key={chart.title} chart={chart} runs={runs} look={look} groups={groups} inks={groupInks ?? inks} range={range} onZoom={zoom} />}
        </Sections>
      ) : (
        <Empty title={find ? "No such curve" : "No curves"} icon={<ChartLine size={24} aria-hidden />}>
          {find ? "None of the names holds what is asked for." : "None of these runs reported a scalar."}
        </Empty>
      )}
    </>
  );
}
