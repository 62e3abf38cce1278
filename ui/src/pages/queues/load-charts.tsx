import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { WorkerStats } from "@/api/results";
import { Chart } from "@/charts/chart";
import type { Line } from "@/charts/line";
import { Found } from "@/components/states";
import { type Range, useRange } from "./range";

type Shown = [title: string, lines: Line[]];

/** How busy one machine was; or, of all of them, how many there were and how many worked. */
export default function Load({ worker }: { worker?: string }) {
  const { range, ask } = useRange();
  return worker === undefined ? <Fleet range={range} ask={ask} /> : <One worker={worker} range={range} ask={ask} />;
}

type Asking = { range: Range; ask: ReturnType<typeof useRange>["ask"] };

function Fleet({ range, ask }: Asking) {
  const found = useQuery({
    queryKey: ["workers", "activity", range],
    queryFn: async ({ signal }) => {
      const asked = ask();
      return { ...(await call("workers.get_activity_report", asked, signal)), asked };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  return (
    <section className="panel pad" aria-label="Workers over time">
      <Found query={found}>
        {({ total, active, asked }) => (
          <Chart
            lines={[
              { name: "workers", x: total.dates, y: total.counts },
              { name: "with a task", x: active.dates, y: active.counts },
            ]}
            axis="iso_time"
            isFromZero
            height={150}
            range={[asked.from_date, asked.to_date]}
            group="workers"
            label="Workers, and those with a task, over time"
          />
        )}
      </Found>
    </section>
  );
}

const ITEMS = ["cpu_usage", "gpu_usage", "memory_used", "gpu_memory_used", "network_rx", "network_tx", "disk_read", "disk_write", "gpu_temperature"].map((key) => ({ key, category: "avg" }));

function One({ worker, range, ask }: { worker: string } & Asking) {
  const found = useQuery({
    queryKey: ["workers", "load", worker, range],
    queryFn: async ({ signal }) => {
      const asked = ask();
      const [all, byGpu] = await Promise.all([
        call("workers.get_stats", { ...asked, items: ITEMS, worker_ids: [worker] }, signal),
        call("workers.get_stats", { ...asked, items: ITEMS.slice(1, 2), worker_ids: [worker], split_by_variant: true }, signal),
      ]);
      return { charts: chartsOf(all.workers[0], byGpu.workers[0]), asked };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  return (
    <Found query={found}>
      {({ charts, asked }) =>
        charts.length ? (
          <div className="queue-charts">
            {charts.map(([title, lines]) => (
              <figure key={title}>
                <figcaption className="small soft">{title}</figcaption>
                <Chart lines={lines} axis="iso_time" isFromZero height={150} range={[asked.from_date, asked.to_date]} group={`load ${worker}`} label={`${title} of ${worker}, over time`} />
              </figure>
            ))}
          </div>
        ) : (
          <p className="pad soft">It reported nothing of its machine in this time.</p>
        )
      }
    </Found>
  );
}

/** The charts of a machine, of what it reported. Memory is told in MB and shown in GB. */
function chartsOf(all: WorkerStats | undefined, byGpu: WorkerStats | undefined): Shown[] {
  const line = (key: string, name: string, scale = 1): Line[] => {
    const found = all?.metrics.find(({ metric }) => metric === key);
    const values = found?.stats[0]?.values;
    return found && values?.length ? [{ name, x: found.dates, y: values.map((value) => value * scale) }] : [];
  };
  const gpus = byGpu?.metrics[0];
  const shown: Shown[] = [
    ["CPU, %", line("cpu_usage", "CPU")],
    ["GPU, %", gpus && gpus.stats.length > 1 ? gpus.stats.map(({ variant, values }) => ({ name: `GPU ${variant}`, x: gpus.dates, y: values })) : line("gpu_usage", "GPU")],
    ["Memory, GB", [...line("memory_used", "memory", 1 / 1024), ...line("gpu_memory_used", "memory of the GPU", 1 / 1024)]],
    ["Network, MB/s", [...line("network_rx", "in"), ...line("network_tx", "out")]],
    ["Disk, MB/s", [...line("disk_read", "read"), ...line("disk_write", "written")]],
    ["Temperature of the GPU, °C", line("gpu_temperature", "GPU")],
  ];
  return shown.filter(([, lines]) => lines.length);
}
