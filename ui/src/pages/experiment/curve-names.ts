import type { Task } from "@/api/types";
import type { CurveName } from "@/charts/grouping";

/** The step of a value that belongs to none. */
const SINGLE = -(2 ** 31);

/** The curves that a run reported; what is only a single value is none. */
export function curveNamesOf(task: Task): CurveName[] {
  return Object.values(task.last_metrics ?? {}).flatMap((variants) =>
    Object.values(variants).flatMap((found) => (found.min_value_iteration === SINGLE && found.max_value_iteration === SINGLE ? [] : [{ metric: found.metric, variant: found.variant }])),
  );
}
