import { call } from "@/api/client";
import { csv } from "@/components/save";
import type { Axis } from "./axes";

/** A curve of a run, and what a table calls it. */
export interface Wanted {
  task: string;
  metric: string;
  variant: string;
  name: string;
  /** Where its time begins, in milliseconds. */
  zero: number;
}

const PAGE = 100_000;
const HEADS: Record<Axis, string> = { iter: "step", timestamp: "seconds", iso_time: "time" };

/** Every point that was reported of some curves, as CSV. */
export async function everyPoint(wanted: readonly Wanted[], axis: Axis): Promise<string> {
  const rows: (string | number)[][] = [["curve", HEADS[axis], "value"]];
  for (const { task, metric, variant, name, zero } of wanted) {
    let scroll: string | null = null;
    for (;;) {
      const page: { variants: Record<string, { y: number[]; iter?: number[]; timestamp?: (number | string)[] }>; returned: number; scroll_id: string } = await call("events.scalar_metrics_iter_raw", {
        task,
        metric: { metric, variants: [variant] },
        key: axis,
        batch_size: PAGE,
        scroll_id: scroll,
      });
      const found = page.variants[variant];
      const x = found?.iter ?? found?.timestamp ?? [];
      x.forEach((at, index) => {
        const value = found?.y[index];
        if (value !== undefined && at !== SINGLE) rows.push([name, axis === "timestamp" ? (Number(at) - zero) / 1000 : at, value]);
      });
      if (page.returned < PAGE) break;
      scroll = page.scroll_id;
    }
  }
  return csv(rows);
}

/** The step of a value that belongs to none. */
const SINGLE = -(2 ** 31);
