import type { MetricValue, Task } from "@/api/types";

/** A column that somebody asked for: a parameter, or the last, least or greatest value of a metric. */
export type Wanted = { kind: "param"; section: string; name: string } | { kind: "last" | "min" | "max"; name: string };

export interface Metric {
  metric: string;
  variant: string;
  metric_hash: string;
  variant_hash: string;
}

const FIELDS = { last: "value", min: "min_value", max: "max_value" } as const;

/** How the address writes a column: `loss/val` and `last:loss/val` are the same. */
export function written(wanted: Wanted): string {
  const text = wanted.kind === "param" ? `param:${wanted.section}/${wanted.name}` : wanted.kind === "last" ? wanted.name : `${wanted.kind}:${wanted.name}`;
  return text.replaceAll("%", "%25").replaceAll(",", "%2C");
}

export function read(text: string): Wanted {
  const whole = text.replaceAll("%2C", ",").replaceAll("%25", "%");
  const [, kind, name = whole] = /^(param|last|min|max):(.*)$/s.exec(whole) ?? [];
  if (kind !== "param") return { kind: (kind ?? "last") as "last" | "min" | "max", name };
  const [section = "", ...rest] = name.split("/");
  return { kind, section, name: rest.join("/") };
}

export function titleOf(wanted: Wanted): string {
  return wanted.kind === "param" ? wanted.name : wanted.kind === "last" ? wanted.name : `${wanted.name} (${wanted.kind})`;
}

/** What a run has there. */
export function valueOf(task: Task, wanted: Wanted): string | number | undefined {
  if (wanted.kind === "param") return Object.values(task.hyperparams?.[wanted.section] ?? {}).find(({ name }) => name === wanted.name)?.value;
  for (const variants of Object.values(task.last_metrics ?? {}))
    for (const found of Object.values(variants)) if (`${found.metric}/${found.variant}` === wanted.name) return found[FIELDS[wanted.kind] as keyof MetricValue];
  return undefined;
}

/** What the server sorts by for it; nothing if it can't: a name with dots is no path. */
export function sortOf(wanted: Wanted, metrics: readonly Metric[]): string | undefined {
  if (wanted.kind === "param") return `${wanted.section}${wanted.name}`.includes(".") ? undefined : `hyperparams.${wanted.section}.${wanted.name}`;
  const found = metrics.find(({ metric, variant }) => `${metric}/${variant}` === wanted.name);
  return found && `last_metrics.${found.metric_hash}.${found.variant_hash}.${FIELDS[wanted.kind]}`;
}
