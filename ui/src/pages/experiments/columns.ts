import type { MetricValue, Task } from "@/api/types";

/** A column that somebody asked for: a parameter, or the last, least or greatest value of a metric. */
export type Wanted = { kind: "param"; section: string; name: string } | { kind: "last" | "min" | "max"; name: string };

export interface Metric {
  metric: string;
  variant: string;
  metric_hash: string;
  variant_hash: string;
}

export interface Known {
  title: string;
  width: number;
  /** The field of the protocol. */
  field: string;
  /** What the server sorts by. */
  sort?: string;
  filter: "choice" | "text" | "time" | "number";
}

/** What every run has. */
export const KNOWN = {
  "@name": { title: "Name", width: 240, field: "name", sort: "name", filter: "text" },
  "@status": { title: "State", width: 124, field: "status", sort: "status", filter: "choice" },
  "@project": { title: "Project", width: 170, field: "project.name", sort: "project.name", filter: "choice" },
  "@tags": { title: "Tags", width: 150, field: "tags", filter: "choice" },
  "@iteration": { title: "Step", width: 90, field: "last_iteration", sort: "last_iteration", filter: "number" },
  "@duration": { title: "Time", width: 110, field: "active_duration", sort: "active_duration", filter: "number" },
  "@user": { title: "By", width: 110, field: "user.name", sort: "user.name", filter: "choice" },
  "@changed": { title: "Changed", width: 120, field: "last_update", sort: "last_update", filter: "time" },
  "@started": { title: "Started", width: 120, field: "started", sort: "started", filter: "time" },
  "@created": { title: "Made", width: 120, field: "created", sort: "created", filter: "time" },
  "@type": { title: "Type", width: 120, field: "type", sort: "type", filter: "choice" },
  "@worker": { title: "Worker", width: 150, field: "last_worker", sort: "last_worker", filter: "text" },
} as const satisfies Record<string, Known>;

export type KnownKey = keyof typeof KNOWN;

export function known(key: string): Known | undefined {
  return Object.hasOwn(KNOWN, key) ? KNOWN[key as KnownKey] : undefined;
}

const FIRST = ["@name", "@status"];
const LATER = ["@project", "@tags", "@iteration", "@duration", "@user", "@changed"];
const WIDTH = 140;
export const NARROWEST = 60;
export const WIDEST = 900;

/** The columns that an address names, in their order. Names alone stand between the usual ones; with one that begins with `@` they are all. */
export function layoutOf(columns: string | undefined): string[] {
  const said = [...new Set((columns ?? "").split(",").filter(Boolean))];
  return said.some((key) => key.startsWith("@")) ? said.filter((key) => !key.startsWith("@") || known(key)) : [...FIRST, ...said, ...LATER];
}

/** How an address names them. */
export function saidOf(layout: readonly string[]): string | undefined {
  const own = layout.filter((key) => !key.startsWith("@"));
  const usual = [...FIRST, ...own, ...LATER];
  const isUsual = usual.length === layout.length && usual.every((key, at) => key === layout[at]);
  return (isUsual ? own : layout).join(",") || undefined;
}

/** How wide the columns are that have another width than usual: `name:120,...`. */
export function widthsOf(said: string | undefined): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of (said ?? "").split(",")) {
    const [, key, width] = /^(.+):(\d+)$/.exec(part) ?? [];
    if (key && width) found.set(key, Math.min(Math.max(Number(width), NARROWEST), WIDEST));
  }
  return found;
}

export function saidWidths(widths: ReadonlyMap<string, number>): string | undefined {
  return [...widths].map(([key, width]) => `${key}:${Math.round(width)}`).join(",") || undefined;
}

export function usualWidth(key: string): number {
  return known(key)?.width ?? WIDTH;
}

const FIELDS = { last: "value", min: "min_value", max: "max_value" } as const;

/** How the address writes a column: `loss/val` and `last:loss/val` are the same. */
export function written(wanted: Wanted): string {
  const text = wanted.kind === "param" ? `param:${wanted.section}/${wanted.name}` : wanted.kind === "last" ? wanted.name : `${wanted.kind}:${wanted.name}`;
  return text.replaceAll("%", "%25").replaceAll(",", "%2C").replace(/^@/, "%40");
}

export function read(text: string): Wanted {
  const whole = text.replaceAll("%40", "@").replaceAll("%2C", ",").replaceAll("%25", "%");
  const [, kind, name = whole] = /^(param|last|min|max):(.*)$/s.exec(whole) ?? [];
  if (kind !== "param") return { kind: (kind ?? "last") as "last" | "min" | "max", name };
  const [section = "", ...rest] = name.split("/");
  return { kind, section, name: rest.join("/") };
}

export function titleOf(wanted: Wanted): string {
  const name = wanted.name.replace(/^:monitor:/, "machine: ");
  return wanted.kind === "param" || wanted.kind === "last" ? name : `${name} (${wanted.kind})`;
}

/** What any column is called. */
export function titleAt(key: string): string {
  return known(key)?.title ?? titleOf(read(key));
}

/** What a run has there. */
export function valueOf(task: Task, wanted: Wanted): string | number | undefined {
  if (wanted.kind === "param") return Object.values(task.hyperparams?.[wanted.section] ?? {}).find(({ name }) => name === wanted.name)?.value;
  for (const variants of Object.values(task.last_metrics ?? {}))
    for (const found of Object.values(variants)) if (`${found.metric}/${found.variant}` === wanted.name) return found[FIELDS[wanted.kind] as keyof MetricValue];
  return undefined;
}

const escaped = (name: string) => name.replaceAll("%", "%25").replaceAll(".", "%2E").replaceAll("$", "%24");

/** The path of it that the server knows; nothing as long as the metric is unknown. */
export function pathOf(wanted: Wanted, metrics: readonly Metric[]): string | undefined {
  if (wanted.kind === "param") return `hyperparams.${escaped(wanted.section)}.${escaped(wanted.name)}.value`;
  const found = metrics.find(({ metric, variant }) => `${metric}/${variant}` === wanted.name);
  return found && `last_metrics.${found.metric_hash}.${found.variant_hash}.${FIELDS[wanted.kind]}`;
}

/** What the server sorts a column by, if it can. */
export function sortOf(key: string, metrics: readonly Metric[]): string | undefined {
  const one = known(key);
  return one ? one.sort : pathOf(read(key), metrics);
}

/** The fields that rows need for these columns. */
export function fieldsOf(layout: readonly string[], metrics: readonly Metric[]): string[] {
  const more = layout.flatMap((key) => known(key)?.field ?? pathOf(read(key), metrics)?.split(".").slice(0, 3).join(".") ?? []);
  return [...new Set(["id", "name", "status", "project.name", "tags", "last_update", ...more])];
}
