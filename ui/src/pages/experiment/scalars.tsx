import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChartLine, Download, Maximize2, Minimize2 } from "lucide-react";
import { useMemo, useState } from "react";
import { call } from "@/api/client";
import type { Curve, Curves, Task } from "@/api/types";
import type { Search } from "@/app/router";
import { Chart } from "@/charts/chart";
import type { Line } from "@/charts/joined";
import { type Smoothing, smooth } from "@/charts/smoothing";
import { Button } from "@/components/button";
import { number } from "@/components/format";
import { Empty, Found } from "@/components/states";

const SAMPLES = 1_000;
const AXES = { iter: "step", timestamp: "time since the start", iso_time: "wall clock" } as const;
type Axis = keyof typeof AXES;

/** Every curve of a run. How they are drawn stands in the address. */
export default function Scalars({ task }: { task: Task }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = (values: Search) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace: true });
  const axis = (search.x && search.x in AXES ? search.x : "iter") as Axis;
  const strength = Math.min(0.99, Math.max(0, Number(search.smooth ?? 0) || 0));
  const how = (["exponential", "average", "median"].includes(search.how ?? "") ? search.how : "exponential") as Smoothing;
  const isSplit = search.split === "1";
  const isLog = search.log === "1";

  const curves = useQuery({
    queryKey: ["task", task.id, "scalars", axis],
    queryFn: ({ signal }) => call("events.scalar_metrics_iter_histogram", { task: task.id, samples: SAMPLES, key: axis }, signal),
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
        <input className="input quiet" type="search" placeholder="Find a curve" aria-label="Find a curve" value={search.find ?? ""} onChange={(event) => set({ find: event.target.value || undefined })} />
        <label className="row small">
          <span className="soft">smooth</span>
          <input type="range" min={0} max={0.99} step={0.01} value={strength} aria-label="How smooth" onChange={(event) => set({ smooth: event.target.value === "0" ? undefined : event.target.value })} />
          <span className="mono">{strength.toFixed(2)}</span>
        </label>
        <select className="input quiet" aria-label="How curves are made smooth" value={how} onChange={(event) => set({ how: event.target.value })}>
          <option value="exponential">exponential</option>
          <option value="average">average</option>
          <option value="median">median</option>
        </select>
        <select className="input quiet" aria-label="What is along the axis" value={axis} onChange={(event) => set({ x: event.target.value })}>
          {Object.entries(AXES).map(([key, label]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
        <label className="row small soft">
          <input type="checkbox" checked={isLog} onChange={(event) => set({ log: event.target.checked ? "1" : undefined })} /> logarithmic
        </label>
        <label className="row small soft">
          <input type="checkbox" checked={isSplit} onChange={(event) => set({ split: event.target.checked ? "1" : undefined })} /> one chart each
        </label>
      </div>
      <Found query={curves}>
        {(found) => <Charts task={task} curves={found} find={search.find ?? ""} axis={axis} how={how} strength={strength} isSplit={isSplit} isLog={isLog} />}
      </Found>
    </>
  );
}

interface Drawn {
  title: string;
  metric: string;
  curves: Curve[];
}

function Charts({ task, curves, find, axis, how, strength, isSplit, isLog }: { task: Task; curves: Curves; find: string; axis: Axis; how: Smoothing; strength: number; isSplit: boolean; isLog: boolean }) {
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
        <ChartPanel key={one.title} task={task} drawn={one} axis={axis} how={how} strength={strength} isLog={isLog} />
      ))}
    </div>
  );
}

function ChartPanel({ task, drawn, axis, how, strength, isLog }: { task: Task; drawn: Drawn; axis: Axis; how: Smoothing; strength: number; isLog: boolean }) {
  const [isWide, setWide] = useState(false);
  const lines = useMemo(() => drawn.curves.map((curve) => line(curve, axis)), [drawn.curves, axis]);
  const smoothed = useMemo(() => (strength ? lines.map((one) => ({ ...one, y: smooth(one.y, how, strength) })) : lines), [lines, how, strength]);
  return (
    <section className={`panel chart-panel ${isWide ? "wide" : ""}`}>
      <header>
        <h3 className="grow ellipsis" title={drawn.title}>
          {drawn.title.replace(/^:monitor:/, "machine: ")}
        </h3>
        <Button look="quiet" icon={<Download />} label={`Save the data of ${drawn.title}`} onClick={() => save(`${task.name} ${drawn.title}.csv`, lines)} />
        <Button look="quiet" icon={isWide ? <Minimize2 /> : <Maximize2 />} label={isWide ? "Smaller" : "Larger"} onClick={() => setWide(!isWide)} />
      </header>
      <Chart lines={smoothed} behind={strength ? lines : undefined} xIsTime={axis === "iso_time"} logarithmic={isLog} height={isWide ? 420 : 220} group={`${task.id}-${axis}`} label={drawn.title} />
    </section>
  );
}

function line(curve: Curve, axis: Axis): Line {
  const x = axis === "iso_time" ? curve.x.map((at) => (typeof at === "number" ? at / 1000 : new Date(at).getTime() / 1000)) : curve.x;
  return { name: curve.name, x, y: curve.y };
}

function save(name: string, lines: readonly Line[]): void {
  const rows = lines.flatMap((one) => one.x.map((x, at) => `${JSON.stringify(one.name)},${x},${one.y[at] ?? ""}`));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([["curve,x,y", ...rows].join("\n")], { type: "text/csv" }));
  link.download = name.replace(/[/\\:]/g, "_");
  link.click();
  URL.revokeObjectURL(link.href);
}
