import { useQuery } from "@tanstack/react-query";
import { ChartLine } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { call } from "@/api/client";
import type { Curve, Curves, Task } from "@/api/types";
import { useSaid } from "@/app/use-said";
import { lineOf, startOf } from "@/charts/axes";
import { ChartControls, type Look, lookOf } from "@/charts/controls";
import { ChartPanel } from "@/charts/panel";
import { number } from "@/components/format";
import { Empty, Found } from "@/components/states";

const SAMPLES = 1_000;
const ALL = 100_000;

/** Every curve of a run. How they are drawn stands in the address. */
export default function Scalars({ task }: { task: Task }) {
  const [said, set] = useSaid();
  const look = useMemo(() => lookOf(said), [said]);
  const isSplit = said.split === "1";
  const curves = useQuery({
    queryKey: ["task", task.id, "scalars", look.axis],
    queryFn: ({ signal }) => call("events.scalar_metrics_iter_histogram", { task: task.id, samples: SAMPLES, key: look.axis }, signal),
  });
  const single = useQuery({
    queryKey: ["task", task.id, "single"],
    queryFn: ({ signal }) => call("events.get_task_single_value_metrics", { tasks: [task.id] }, signal),
  });
  const values = single.data?.tasks[0]?.values ?? [];

  return (
    <>
      {values.length ? (
        <div className="values">
          {values.map(({ variant, value }) => (
            <div key={variant} className="panel value">
              <span className="soft small ellipsis">{variant}</span>
              <strong>{number(value)}</strong>
            </div>
          ))}
        </div>
      ) : null}
      <div className="row wrap controls">
        <ChartControls said={said} set={set} />
        <label className="row small soft">
          <input type="checkbox" checked={isSplit} onChange={(event) => set({ split: event.target.checked ? "1" : undefined })} /> one chart each
        </label>
      </div>
      <Found query={curves}>{(found) => <Charts task={task} curves={found} find={said.find ?? ""} look={look} isSplit={isSplit} />}</Found>
    </>
  );
}

interface Drawn {
  title: string;
  metric: string;
  curves: Curve[];
}

function Charts({ task, curves, find, look, isSplit }: { task: Task; curves: Curves; find: string; look: Look; isSplit: boolean }) {
  const drawn = useMemo(() => {
    const wanted = find.toLowerCase();
    const found: Drawn[] = [];
    const names = Object.keys(curves).sort((a, b) => Number(a.startsWith(":monitor:")) - Number(b.startsWith(":monitor:")) || a.localeCompare(b));
    for (const metric of names) {
      const all = Object.entries(curves[metric] ?? {})
        .map(([variant, curve]) => ({ ...curve, name: variant }))
        .filter((curve) => `${metric}/${curve.name}`.toLowerCase().includes(wanted));
      if (isSplit) for (const curve of all) found.push({ title: `${metric} / ${curve.name}`, metric, curves: [curve] });
      else if (all.length) found.push({ title: metric, metric, curves: all });
    }
    return found;
  }, [curves, find, isSplit]);
  if (!drawn.length)
    return (
      <Empty title={find ? "No such curve" : "No curves"} icon={<ChartLine size={24} aria-hidden />}>
        {find ? "None of the names holds what is asked for." : "They appear as soon as the run reports a scalar."}
      </Empty>
    );
  return (
    <div className="charts">
      {drawn.map((one) => (
        <OneChart key={one.title} task={task} drawn={one} look={look} />
      ))}
    </div>
  );
}

/** One chart. While a part of it is looked at closely, all points of its curves are asked for. */
function OneChart({ task, drawn, look }: { task: Task; drawn: Drawn; look: Look }) {
  const [isClose, setClose] = useState(false);
  const isThinned = drawn.curves.some(({ x }) => x.length >= SAMPLES / 2);
  const all = useQuery({
    queryKey: ["task", task.id, "scalars", look.axis, "all", drawn.metric, drawn.curves.map(({ name }) => name)],
    enabled: isClose && isThinned,
    queryFn: ({ signal }) =>
      call("events.scalar_metrics_iter_histogram", { task: task.id, samples: ALL, key: look.axis, metrics: [{ metric: drawn.metric, variants: drawn.curves.map(({ name }) => name) }] }, signal),
  });
  const close = isClose ? all.data?.[drawn.metric] : undefined;
  const lines = useMemo(() => drawn.curves.map((curve) => lineOf(close?.[curve.name] ?? curve, curve.name, look.axis, startOf(task.started))), [drawn.curves, close, look.axis, task.started]);
  const onZoom = useCallback((range: [number, number] | null) => setClose(range !== null), []);
  return <ChartPanel title={drawn.title} file={`${task.name} ${drawn.title}`} lines={lines} look={look} group={`${task.id}-${look.axis}`} onZoom={onZoom} />;
}
