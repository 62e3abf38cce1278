/** How a part of a report says which curves, plots, samples, values or runs are shown in its place: a block of code in the language `tilth`. */

export const KINDS = ["scalars", "plot", "samples", "values", "table"] as const;
export type Kind = (typeof KINDS)[number];

export interface Embed {
  show: Kind;
  /** Ids of runs; or none, and then the last ones of a project. */
  runs: string[];
  project: string;
  tags: string[];
  /** How many of the last runs. */
  last: number;
  metric: string;
  variants: string[];
  /** Of a table: names of parameters and metrics. */
  columns: string[];
  title: string;
  /** What is along the axis, and how smooth curves are: as addresses of pages with curves say it. */
  x: string;
  smooth: string;
  log: boolean;
}

const NOTHING: Embed = { show: "scalars", runs: [], project: "", tags: [], last: 10, metric: "", variants: [], columns: [], title: "", x: "", smooth: "", log: false };
const MANY = { run: "runs", tag: "tags", variant: "variants", column: "columns" } as const;
const ONE = ["project", "metric", "title", "x", "smooth"] as const;
const MOST_RUNS = 100;

/** What a block asks for; or, as a text, why it can't be shown. */
export function readEmbed(text: string): Embed | string {
  const found: Embed = { ...NOTHING, runs: [], tags: [], variants: [], columns: [] };
  let isSaid = false;
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const at = line.indexOf(":");
    if (at < 0) return `“${line.trim()}” is no “name: value”`;
    const name = line.slice(0, at).trim();
    const value = unquoted(line.slice(at + 1).trim());
    if (name === "show") {
      if (!KINDS.includes(value as Kind)) return `“show: ${value}” is none of ${KINDS.join(", ")}`;
      found.show = value as Kind;
      isSaid = true;
    } else if (name === "last") found.last = Math.min(Math.max(Math.floor(Number(value)) || 10, 1), MOST_RUNS);
    else if (name === "log") found.log = value === "yes";
    else if (name in MANY) found[MANY[name as keyof typeof MANY]].push(value);
    else if ((ONE as readonly string[]).includes(name)) found[name as (typeof ONE)[number]] = value;
    else return `“${name}” is none of show, run, project, tag, last, metric, variant, column, title, x, smooth, log`;
  }
  if (!isSaid) return `it does not say what to show: “show: scalars”, or ${KINDS.slice(1).join(", ")}`;
  if (!found.runs.length && !found.project && !found.tags.length) return "it names no run, project or tag";
  if (found.runs.length > MOST_RUNS) return `it names ${found.runs.length} runs, of which ${MOST_RUNS} can be shown`;
  if (!found.metric && (found.show === "scalars" || found.show === "plot")) return "it names no metric";
  return found;
}

/** The block that asks for something. */
export function writeEmbed(embed: Partial<Embed> & { show: Kind }): string {
  const lines = [`show: ${embed.show}`];
  const put = (name: string, value: string | undefined) => (value ? lines.push(`${name}: ${quoted(value)}`) : null);
  put("title", embed.title);
  for (const run of embed.runs ?? []) put("run", run);
  put("project", embed.project);
  for (const tag of embed.tags ?? []) put("tag", tag);
  if (embed.last) put("last", String(embed.last));
  put("metric", embed.metric);
  for (const variant of embed.variants ?? []) put("variant", variant);
  for (const column of embed.columns ?? []) put("column", column);
  put("x", embed.x === "iter" ? "" : embed.x);
  put("smooth", embed.smooth === "0" ? "" : embed.smooth);
  if (embed.log) lines.push("log: yes");
  return `\`\`\`tilth\n${lines.join("\n")}\n\`\`\``;
}

const WIDGETS: Record<string, Kind> = { scalar: "scalars", plot: "plot", sample: "samples", single: "values" };

/** The same block for an embedded widget of ClearML's page, if its address says all that is needed. */
export function embedOfWidget(address: string): Embed | null {
  let url: URL;
  try {
    url = new URL(address, location.origin);
  } catch {
    return null;
  }
  if (!/\/widgets\/?$/.test(url.pathname)) return null;
  const all = (...names: string[]) => [...new Set(names.flatMap((name) => [...url.searchParams.getAll(name), ...url.searchParams.getAll(`${name}[]`)]).flatMap((value) => value.split(",")).filter(Boolean))];
  const show = WIDGETS[url.searchParams.get("type") ?? ""];
  const runs = all("objects", "tasks");
  const [metric = ""] = all("metrics");
  if (show === undefined || !runs.length || runs.length > MOST_RUNS || (url.searchParams.get("objectType") ?? "task") !== "task") return null;
  if (!metric && (show === "scalars" || show === "plot")) return null;
  const x = url.searchParams.get("xaxis") ?? "";
  return { ...NOTHING, show, runs, metric, variants: all("variants"), x: ["iter", "timestamp", "iso_time"].includes(x) ? x : "" };
}

/** The address that an embedded frame shows; null if the text is no such frame. */
export function sourceOfFrame(html: string): string | null {
  const found = /^\s*<iframe\s[^>]*?\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>\s*(?:<\/iframe>)?\s*$/i.exec(html);
  return found ? (found[1] ?? found[2] ?? "").trim().replaceAll("&amp;", "&") : null;
}

/** A value that a line can't hold as it is, as JSON writes it; and no fence of code ends in it. */
function quoted(value: string): string {
  return /[\n\r`]|^["\s]|\s$/.test(value) ? JSON.stringify(value).replaceAll("`", "\\u0060") : value;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const found: unknown = JSON.parse(value);
    return typeof found === "string" ? found : value;
  } catch {
    return value;
  }
}
