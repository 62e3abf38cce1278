import type { Task } from "@/api/types";

/** A run among others: its name tells it from them. */
export interface Run {
  id: string;
  name: string;
  task: Task;
}

/** One thing that runs may differ in, and what it is in each. */
export interface Trait {
  key: string;
  kind: "parameter" | "metric" | "fact";
  name: string;
  values: (string | number | undefined)[];
}

/** The runs in the order of `ids`; names that several have get the beginning of the id. */
export function runsOf(ids: readonly string[], tasks: readonly Task[]): Run[] {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const count = new Map<string, number>();
  for (const task of tasks) count.set(task.name, (count.get(task.name) ?? 0) + 1);
  return ids.flatMap((id) => {
    const task = known.get(id);
    return task ? [{ id, task, name: (count.get(task.name) ?? 0) > 1 ? `${task.name} (${id.slice(0, 6)})` : task.name }] : [];
  });
}

/** Parameters and last metrics of all runs, in the order of their names. */
export function traitsOf(runs: readonly Run[]): Trait[] {
  const found = new Map<string, Trait>();
  const put = (kind: Trait["kind"], name: string, at: number, value: string | number | undefined) => {
    const key = `${kind} ${name}`;
    const trait = found.get(key) ?? { key, kind, name, values: Array.from<undefined>({ length: runs.length }) };
    trait.values[at] = value;
    found.set(key, trait);
  };
  runs.forEach(({ task }, at) => {
    put("fact", "state", at, task.status);
    put("fact", "step", at, task.last_iteration);
    put("fact", "tags", at, task.tags?.join(", "));
    for (const [section, items] of Object.entries(task.hyperparams ?? {})) for (const item of Object.values(items)) put("parameter", `${section}/${item.name}`, at, item.value);
    for (const metric of metricsOf(task)) put("metric", metric.name, at, metric.value);
  });
  const order = { fact: 0, parameter: 1, metric: 2 };
  return [...found.values()].sort((a, b) => order[a.kind] - order[b.kind] || Number(a.name.startsWith(":monitor:")) - Number(b.name.startsWith(":monitor:")) || a.name.localeCompare(b.name));
}

export function metricsOf(task: Task): { name: string; metric: string; variant: string; value: number }[] {
  return Object.values(task.last_metrics ?? {}).flatMap((variants) => Object.values(variants).map(({ metric, variant, value }) => ({ name: `${metric} / ${variant}`, metric, variant, value })));
}

/** Whether not all runs have the same. */
export function differs(trait: Trait): boolean {
  return trait.values.some((value) => value !== trait.values[0]);
}

/** Whether more than half of the runs have it. */
export function isCommon(trait: Trait): boolean {
  return trait.values.filter((value) => value !== undefined).length * 2 > trait.values.length;
}

/** A value as a number, if it is one. */
export function asNumber(value: string | number | undefined): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value === undefined || value.trim() === "") return null;
  const found = Number(value);
  return Number.isFinite(found) ? found : null;
}

/** Groups of runs by tag, or by what a parameter is. A run with several tags is in several groups. */
export function groupsOf(runs: readonly Run[], by: string): Map<string, Run[]> {
  const found = new Map<string, Run[]>();
  const put = (name: string, run: Run) => found.set(name, [...(found.get(name) ?? []), run]);
  for (const run of runs) {
    if (by === "tag") for (const tag of run.task.tags?.length ? run.task.tags : ["no tag"]) put(tag, run);
    else {
      const [section = "", ...rest] = by.split("/");
      const items = Object.values(run.task.hyperparams?.[section] ?? {});
      const value = items.find((item) => item.name === rest.join("/"))?.value;
      put(`${rest.join("/")} = ${value ?? "–"}`, run);
    }
  }
  return new Map([...found.entries()].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true })));
}
