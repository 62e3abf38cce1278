import type { WorkerStats } from "@/api/results";

/** What is asked for to say how busy a machine is now. */
export const LATEST = ["cpu_usage", "gpu_usage", "memory_used", "memory_free"].map((key) => ({ key, category: "avg" }));

/** How busy a machine is now: shares of 1, of what it reported. */
export interface Latest {
  cpu?: number;
  gpu?: number;
  memory?: number;
}

export function latestOf(workers: readonly WorkerStats[]): Map<string, Latest> {
  return new Map(workers.map(({ worker, metrics }) => [worker, sharesOf(new Map(metrics.map(({ metric, stats }) => [metric, stats[0]?.values.at(-1)])))]));
}

function sharesOf(last: ReadonlyMap<string, number | undefined>): Latest {
  const [cpu, gpu, used, free] = ["cpu_usage", "gpu_usage", "memory_used", "memory_free"].map((key) => last.get(key));
  return {
    ...(cpu === undefined ? {} : { cpu: cpu / 100 }),
    ...(gpu === undefined ? {} : { gpu: gpu / 100 }),
    ...(used === undefined || free === undefined || used + free <= 0 ? {} : { memory: used / (used + free) }),
  };
}
