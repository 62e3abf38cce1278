/** Which curves share a chart, and which charts stand together. */
export const GROUPINGS = { metric: "a chart for each metric", none: "a chart for each curve", prefix: "a chart for each prefix", name: "a chart for each last part" } as const;
export type Grouping = keyof typeof GROUPINGS;

export interface CurveName {
  metric: string;
  variant: string;
}

export interface ChartSpec {
  title: string;
  section: string;
  curves: (CurveName & { name: string })[];
}

export const MACHINE = ":monitor:";

/** The charts for some curves: machine load last, and else in the order of their names. */
export function chartsOf(names: readonly CurveName[], grouping: Grouping): ChartSpec[] {
  const found = new Map<string, ChartSpec>();
  for (const name of [...names].sort(inOrder)) {
    const { metric, variant } = name;
    const [title, said] = titleOf(metric, variant, grouping);
    const chart = found.get(title) ?? { title, section: grouping === "name" && !metric.startsWith(MACHINE) ? "" : sectionOf(metric), curves: [] };
    chart.curves.push({ ...name, name: said });
    found.set(title, chart);
  }
  return [...found.values()];
}

/** The variants, those that most metrics have first: what shares a chart stands together, `train` beside `val`. */
export function variantsByUse(names: readonly CurveName[]): string[] {
  const uses = new Map<string, number>();
  for (const { metric, variant } of names) if (!metric.startsWith(MACHINE)) uses.set(variant, (uses.get(variant) ?? 0) + 1);
  for (const { variant } of names) if (!uses.has(variant)) uses.set(variant, 0);
  return [...uses.keys()].sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || compare(a, b));
}

/** Charts by what their metrics begin with: `train/loss` and `train/accuracy` are in `train`. */
export function sectionsOf(charts: readonly ChartSpec[]): [string, ChartSpec[]][] {
  const found = new Map<string, ChartSpec[]>();
  for (const chart of charts) found.set(chart.section, [...(found.get(chart.section) ?? []), chart]);
  return [...found].sort(([a], [b]) => Number(a === MACHINE) - Number(b === MACHINE) || Number(a !== "") - Number(b !== "") || compare(a, b));
}

export function sectionOf(metric: string): string {
  if (metric.startsWith(MACHINE)) return MACHINE;
  const at = metric.indexOf("/");
  return at > 0 ? metric.slice(0, at) : "";
}

function titleOf(metric: string, variant: string, grouping: Grouping): [string, string] {
  if (grouping === "none") return [`${metric} / ${variant}`, variant];
  const slash = metric.startsWith(MACHINE) ? -1 : grouping === "prefix" ? metric.indexOf("/") : metric.lastIndexOf("/");
  if (grouping === "metric" || slash <= 0) return [metric, variant];
  const [before, after] = [metric.slice(0, slash), metric.slice(slash + 1)];
  return grouping === "prefix" ? [before, `${after} / ${variant}`] : [after, `${before} / ${variant}`];
}

function inOrder(a: CurveName, b: CurveName): number {
  return Number(a.metric.startsWith(MACHINE)) - Number(b.metric.startsWith(MACHINE)) || compare(a.metric, b.metric) || compare(a.variant, b.variant);
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true });
}
