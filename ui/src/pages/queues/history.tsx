import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { call } from "@/api/client";
import type { Queue } from "@/api/results";
import { useIsDark } from "@/app/theme";
import { Chart } from "@/charts/chart";
import { inksOf } from "@/charts/colours";
import type { Line } from "@/charts/line";
import { Found } from "@/components/states";
import { RangeChoice, useRange } from "./range";

/** How many waited, and how long, whenever a task was taken out of a queue. */
export function History({ queues }: { queues: readonly Queue[] }) {
  const { range, ask } = useRange();
  const dark = useIsDark();
  const found = useQuery({
    queryKey: ["queues", "history", range],
    queryFn: async ({ signal }) => {
      const asked = ask();
      return { ...(await call("queues.get_queue_metrics", asked, signal)), asked };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
  const names = useMemo(() => new Map(queues.map(({ id, name }) => [id, name])), [queues]);
  const inks = useMemo(() => inksOf(queues.map(({ id }) => id), dark), [queues, dark]);
  return (
    <section className="panel" aria-labelledby="queue-history">
      <div className="row wrap section-head">
        <h2 id="queue-history" className="grow">
          What was taken out
        </h2>
        <RangeChoice />
      </div>
      <Found query={found}>
        {({ queues: all, asked }) => {
          const having = all.filter(({ queue, dates }) => dates.length && names.has(queue));
          if (!having.length) return <p className="pad soft">No worker took a task out of a queue in this time.</p>;
          const line = (of: (one: (typeof all)[number]) => number[]): Line[] => having.map((one) => ({ key: one.queue, name: names.get(one.queue) ?? one.queue, x: one.dates, y: of(one) }));
          const span: [number, number] = [asked.from_date, asked.to_date];
          return (
            <div className="queue-charts">
              <figure>
                <figcaption className="small soft">Tasks that waited</figcaption>
                <Chart lines={line((one) => one.queue_lengths)} axis="iso_time" isFromZero height={170} range={span} group="queues" inks={inks} label="Tasks that waited, over time" />
              </figure>
              <figure>
                <figcaption className="small soft">Minutes until a task was taken</figcaption>
                <Chart lines={line((one) => one.avg_waiting_times.map((seconds) => seconds / 60))} axis="iso_time" isFromZero height={170} range={span} group="queues" inks={inks} label="Minutes until a task was taken, over time" />
              </figure>
            </div>
          );
        }}
      </Found>
    </section>
  );
}
