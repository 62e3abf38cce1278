import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { call } from "@/api/client";
import type { Curve, Curves, Task } from "@/api/types";
import { betweenOf, keyFor, lineOf, startOf, zeroOf } from "@/charts/axes";
import type { Ink } from "@/charts/colours";
import type { Look } from "@/charts/controls";
import { type ChartSpec, MACHINE } from "@/charts/grouping";
import { ChartPanel } from "@/charts/panel";
import { ChartPlace } from "@/charts/place";
import { everyPoint } from "@/charts/points";
import { useNear } from "@/charts/use-near";
import type { Span } from "@/charts/view";
import { saidOf, ToReport } from "../report/to-report";

/** How many points one curve has, and all of a chart: many curves are coarser, and what their stretches reach is drawn around them. */
const SAMPLES = 800;
const TOGETHER = 20_000;
const CLOSE = 2_000;

interface Props {
  task: Task;
  chart: ChartSpec;
  look: Look;
  /** Inks by name, where the charts of a run share them. */
  inks?: ReadonlyMap<string, Ink> | undefined;
  range: Span | null;
  onZoom: (range: Span | null) => void;
  /** Whether it stands in a report already. */
  isEmbedded?: boolean;
}

/** One chart of a run. It is asked for when it comes near the view; a part of it that is looked at closely comes in full detail. */
export function ScalarChart({ task, chart, look, inks, range: shared, onZoom, isEmbedded = false }: Props) {
  const [place, isNear, wasNear] = useNear<HTMLDivElement>();
  // Machines count steps of their own.
  const isApart = look.axis === "iter" && chart.section === MACHINE;
  const [own, setOwn] = useState<Span | null>(null);
  const range = isApart ? own : shared;
  const key = keyFor(look.axis);
  const metrics = useMemo(() => metricsOf(chart), [chart]);
  const asked = { task: task.id, key, metrics, bands: true };
  const whole = useQuery({
    queryKey: ["task", task.id, "scalars", key, metrics],
    enabled: isNear,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => call("events.scalar_metrics_iter_histogram", { ...asked, samples: Math.max(100, Math.min(SAMPLES, Math.floor(TOGETHER / chart.curves.length))) }, signal),
  });
  const curves = useMemo(() => chart.curves.flatMap((one) => curveAt(whole.data, one.metric, one.variant, one.name)), [whole.data, chart]);
  const zero = zeroOf(earliest(curves.map(({ curve }) => curve)), startOf(task.started));
  const between = range && betweenOf(range, look.axis, zero);
  const part = useQuery({
    queryKey: ["task", task.id, "scalars", key, metrics, between],
    enabled: isNear && between !== null && curves.some(({ curve }) => curve.y_min),
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => call("events.scalar_metrics_iter_histogram", { ...asked, samples: CLOSE, between }, signal),
  });
  const close = between ? part.data : undefined;
  const lines = useMemo(
    () => curves.map(({ curve, metric, variant, name }) => lineOf(close?.[metric]?.[variant] ?? curve, name, look.axis, zero)),
    [curves, close, look.axis, zero],
  );
  const onTable = useCallback(() => everyPoint(chart.curves.map((one) => ({ ...one, task: task.id, zero })), look.axis), [chart, task.id, zero, look.axis]);
  return (
    <ChartPlace place={place} look={look} title={chart.title} query={whole}>
      {wasNear && whole.data ? (
        <ChartPanel title={chart.title} file={`${task.name} ${chart.title}`} lines={lines} look={look} inks={inks} group={`${task.id}-${look.axis}`} range={range} onZoom={isApart ? setOwn : onZoom} onTable={onTable}>
          {metrics.length === 1 && !isEmbedded ? <ToReport of={{ show: "scalars", runs: [task.id], metric: metrics[0]?.metric ?? "", variants: chart.title === metrics[0]?.metric ? [] : (metrics[0]?.variants ?? []), ...saidOf(look) }} name={chart.title} /> : null}
        </ChartPanel>
      ) : null}
    </ChartPlace>
  );
}

function metricsOf(chart: ChartSpec): { metric: string; variants: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { metric, variant } of chart.curves) found.set(metric, [...(found.get(metric) ?? []), variant]);
  return [...found].map(([metric, variants]) => ({ metric, variants }));
}

function curveAt(curves: Curves | undefined, metric: string, variant: string, name: string) {
  const curve = curves?.[metric]?.[variant];
  return curve ? [{ curve, metric, variant, name }] : [];
}

/** The curve that begins first. */
function earliest(curves: readonly Curve[]): Curve | undefined {
  return [...curves].sort((a, b) => (a.x[0] ?? 0) - (b.x[0] ?? 0))[0];
}
