import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { call } from "@/api/client";
import { betweenOf, keyFor, lineOf, startOf, zeroOf } from "@/charts/axes";
import type { Ink } from "@/charts/colours";
import type { Look } from "@/charts/controls";
import type { ChartSpec } from "@/charts/grouping";
import { meanOf } from "@/charts/groups";
import type { Line } from "@/charts/line";
import { ChartPanel } from "@/charts/panel";
import { ChartPlace } from "@/charts/place";
import { everyPoint } from "@/charts/points";
import { useNear } from "@/charts/use-near";
import type { Span } from "@/charts/view";
import { saidOf, ToReport } from "../report/to-report";
import type { Run } from "./runs";

/** So many points in all on one chart: enough to see, and quick to draw. */
const POINTS = 50_000;
const CLOSE = 100_000;
const NEWS = 10_000;
/** With more runs than these, bands would hide each other. */
const BANDED = 12;

interface Props {
  chart: ChartSpec;
  runs: Run[];
  look: Look;
  groups: Map<string, Run[]> | null;
  inks: ReadonlyMap<string, Ink>;
  range: Span | null;
  onZoom: (range: Span | null) => void;
  /** Whether it stands in a report already. */
  isEmbedded?: boolean;
}

/** One metric of all runs, or the mean of each group of them. */
export function Overlaid({ chart, runs, look, groups, inks, range, onZoom, isEmbedded = false }: Props) {
  const [place, isNear, wasNear] = useNear<HTMLDivElement>();
  const { metric, variant } = chart.curves[0] ?? { metric: "", variant: "" };
  const key = keyFor(look.axis);
  const ids = useMemo(() => runs.map(({ id }) => id), [runs]);
  const samplesOf = (points: number) => Math.max(100, Math.min(1_000, Math.floor(points / runs.length)));
  // Not with each change of each of them: a hundred runs change all the time.
  const every = runs.some(({ task }) => task.status === "in_progress") ? NEWS : false;
  const asked = { tasks: ids, key, metrics: [{ metric, variants: [variant] }], bands: true };
  const whole = useQuery({
    queryKey: ["curves", ids, metric, variant, key],
    enabled: isNear,
    refetchInterval: every,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => call("events.multi_task_scalar_metrics_iter_histogram", { ...asked, samples: samplesOf(POINTS) }, signal),
  });
  const curves = whole.data?.[metric]?.[variant];
  const zeros = useMemo(() => new Map(runs.map(({ id, task }) => [id, zeroOf(curves?.[id], startOf(task.started))])), [runs, curves]);
  // Each run counts time from its own start, so the part that is wanted is another one for each: what is asked for holds all of them.
  const between = useMemo(() => {
    if (range === null) return null;
    const parts = runs.map(({ id }) => betweenOf(range, look.axis, zeros.get(id) ?? 0));
    return [Math.min(...parts.map(([from]) => from)), Math.max(...parts.map(([, to]) => to))];
  }, [range, runs, zeros, look.axis]);
  const part = useQuery({
    queryKey: ["curves", ids, metric, variant, key, between],
    enabled: isNear && between !== null && curves !== undefined && Object.values(curves).some(({ y_min }) => y_min),
    refetchInterval: every,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => call("events.multi_task_scalar_metrics_iter_histogram", { ...asked, samples: samplesOf(CLOSE), between }, signal),
  });
  const close = between ? part.data?.[metric]?.[variant] : undefined;
  const lines = useMemo(() => {
    const of = (run: Run): Line[] => {
      const curve = close?.[run.id] ?? curves?.[run.id];
      if (!curve) return [];
      const { low, high, ...line } = lineOf(curve, run.name, look.axis, zeros.get(run.id) ?? 0);
      return [{ ...line, key: run.id, ...(low && high && runs.length <= BANDED ? { low, high } : {}) }];
    };
    if (groups === null) return runs.flatMap(of);
    return [...groups].flatMap(([name, members]) => {
      const all = members.flatMap(of);
      return all.length ? [{ ...meanOf(`${name} (${all.length})`, all), key: name }] : [];
    });
  }, [curves, close, runs, groups, look.axis, zeros]);
  const onTable = useCallback(() => {
    const having = runs.filter(({ id }) => curves?.[id]);
    return everyPoint(having.map(({ id, name }) => ({ task: id, metric, variant, name, zero: zeros.get(id) ?? 0 })), look.axis);
  }, [runs, curves, metric, variant, zeros, look.axis]);
  return (
    <ChartPlace place={place} look={look} title={chart.title} query={whole}>
      {wasNear && curves ? (
        <ChartPanel title={chart.title} file={chart.title} lines={lines} look={look} group={`compare-${look.axis}`} inks={inks} range={range} onZoom={onZoom} onTable={onTable}>
          {isEmbedded ? null : <ToReport of={{ show: "scalars", runs: ids, metric, variants: [variant], ...saidOf(look) }} name={chart.title} />}
        </ChartPanel>
      ) : null}
    </ChartPlace>
  );
}
