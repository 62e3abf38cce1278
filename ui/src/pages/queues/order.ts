import type { Queue } from "@/api/results";

/** Where a task is to wait: in which queue, and after how many others. */
export interface Place {
  queue: string;
  at: number;
}

/** The queues as they will be when a task has been moved; as they are when it does not wait. */
export function moved(queues: readonly Queue[], task: string, to: Place): Queue[] {
  const entry = queues.flatMap(({ entries }) => entries ?? []).find((one) => one.task.id === task);
  if (entry === undefined) return [...queues];
  return queues.map((queue) => {
    const entries = (queue.entries ?? []).filter((one) => one.task.id !== task);
    return { ...queue, entries: queue.id === to.queue ? [...entries.slice(0, to.at), entry, ...entries.slice(to.at)] : entries };
  });
}

/** Where a task waits now. */
export function placeOf(queues: readonly Queue[], task: string): Place | null {
  for (const { id, entries } of queues) {
    const at = (entries ?? []).findIndex((one) => one.task.id === task);
    if (at >= 0) return { queue: id, at };
  }
  return null;
}

/** Where something is dropped among lines whose middles are at these heights. */
export function dropAt(middles: readonly number[], y: number): number {
  return middles.filter((middle) => middle < y).length;
}
