import type Plotly from "plotly.js-dist-min";

type Item = Record<string, unknown>;

/** What a client reported as a plot: a table, a figure of Plotly, or neither. */
export type Parsed = { kind: "table"; header: string[]; rows: string[][] } | { kind: "figure"; data: Plotly.Data[]; layout: Item } | { kind: "broken"; why: string };

const WRITTEN = 900;
/** As the curves have them, so that all charts of a page are of one kind. */
const COLOURS = {
  light: ["#0072b2", "#d55e00", "#007a5a", "#aa3377", "#8a6d00", "#4b2991", "#c1272d", "#00798c", "#6b6b6b", "#2e4a9e"],
  dark: ["#56b4e9", "#f08c3a", "#2fc498", "#e388c0", "#d8b63d", "#ad93f0", "#ff7d74", "#4cc9d8", "#b5b5b5", "#8ea8ff"],
};
const FONT = "ui-sans-serif, system-ui, sans-serif";

export function parsed(text: string): Parsed {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { kind: "broken", why: "what was reported is no JSON" };
  }
  if (!isItem(found)) return { kind: "broken", why: "what was reported is no figure" };
  const data = found.data ?? [];
  if (!Array.isArray(data) || !data.every(isItem)) return { kind: "broken", why: "its data is no list of traces" };
  const layout = isItem(found.layout) ? found.layout : {};
  const [first] = data;
  if (data.length === 1 && first?.type === "table") return tableOf(first);
  if (!data.length && !Array.isArray(layout.images) && !Array.isArray(layout.shapes)) return { kind: "broken", why: "there is nothing in it" };
  return { kind: "figure", data, layout };
}

/** The cells of a table, as texts, row by row. */
function tableOf(trace: Item): Parsed {
  const header = valuesOf(trace.header).map((name) => plain(Array.isArray(name) ? name.join(" ") : name));
  const columns = valuesOf(trace.cells).map((column) => (Array.isArray(column) ? column : [column]));
  const length = columns.reduce((most, column) => Math.max(most, column.length), 0);
  const rows = Array.from({ length }, (_, row) => columns.map((column) => plain(column[row])));
  return { kind: "table", header: columns.map((_, at) => header[at] ?? ""), rows };
}

function valuesOf(part: unknown): unknown[] {
  return isItem(part) && Array.isArray(part.values) ? part.values : [];
}

/** A cell as a text: Plotly's marks for bold and breaks are not part of it. */
function plain(value: unknown): string {
  if (value === null || value === undefined) return "";
  return String(value).replace(/<br\s*\/?>/gi, " ").replace(/<\/?(b|i|em|strong|sub|sup)>/gi, "");
}

/** From little to much, for matrices. */
export const SHADES: Record<"light" | "dark", [number, string][]> = {
  light: [[0, "#f6f4ee"], [0.5, "#8fbf98"], [1, "#1d5630"]],
  dark: [[0, "#262520"], [0.5, "#4c7d58"], [1, "#b4ebc0"]],
};

/** Matrices with few cells have their values written into them. Who chose no colours gets those of the page. */
export function tracesOf(data: readonly Plotly.Data[], layout: Item, dark: boolean): Plotly.Data[] {
  const isAnnotated = Array.isArray(layout.annotations) && layout.annotations.length > 1;
  return data.map((trace) => {
    if (trace.type === "surface") return { colorscale: "Viridis", ...trace, colorbar: { thickness: 12, outlinewidth: 0, ...part(trace.colorbar) } };
    if (trace.type !== "heatmap" || !Array.isArray(trace.z)) return trace;
    const cells = trace.z.reduce<number>((sum, row) => sum + (Array.isArray(row) ? row.length : 0), 0);
    const shades = trace.colorscale === undefined || trace.colorscale === "Blues" ? { colorscale: SHADES[dark ? "dark" : "light"], reversescale: false } : {};
    const written = trace.texttemplate || isAnnotated || cells > WRITTEN ? {} : { texttemplate: "%{z}" };
    return { xgap: cells > WRITTEN ? 0 : 2, ygap: cells > WRITTEN ? 0 : 2, ...trace, colorbar: { thickness: 12, outlinewidth: 0, ...part(trace.colorbar) }, ...shades, ...written };
  });
}

/** How high a figure is: matrices get about as high as they are wide. */
export function heightOf(data: readonly Plotly.Data[]): number {
  if (data.some(({ type }) => type === "heatmap")) return 380;
  return data.some(({ type }) => ["surface", "scatter3d", "mesh3d"].includes(String(type))) ? 400 : 320;
}

/** The layout of a figure in the colours and the type of the page; what was said of its axes and its legend stays. */
export function layoutOf(said: Item, dark: boolean, height: number): Item {
  const ink = dark ? "#d8d5cb" : "#3d3a33";
  const grid = dark ? "#34322b" : "#e5e1d7";
  const font = { color: ink, size: 12, family: FONT };
  const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true };
  const { width: _width, template: _template, title: _title, margin: _margin, ...layout } = said;
  for (const [name, value] of Object.entries(layout)) {
    if (/^[xyz]axis\d*$/.test(name)) layout[name] = axisOf(value, axis, font);
    if (/^scene\d*$/.test(name) && isItem(value)) layout[name] = sceneOf(value, grid, font);
  }
  const annotations = Array.isArray(layout.annotations) ? { annotations: layout.annotations.filter(isItem).map((one) => ({ ...one, font: { ...part(one.font), color: ink, family: FONT } })) } : {};
  return {
    ...layout,
    xaxis: axisOf(layout.xaxis, axis, font),
    yaxis: axisOf(layout.yaxis, axis, font),
    ...annotations,
    scene: sceneOf(part(layout.scene), grid, font),
    legend: { orientation: "h", y: -0.18, ...part(layout.legend), font, bgcolor: "transparent" },
    colorway: COLOURS[dark ? "dark" : "light"],
    hoverlabel: { bgcolor: dark ? "#282620" : "#ffffff", bordercolor: grid, font },
    modebar: { bgcolor: "transparent", color: dark ? "#a19c8e" : "#6d685d", activecolor: ink },
    autosize: true,
    margin: { l: 52, r: 18, t: 18, b: 44 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font,
    height,
  };
}

function axisOf(said: unknown, axis: Item, font: Item): Item {
  const own = part(said);
  const title = typeof own.title === "string" ? { text: own.title } : part(own.title);
  return { ...own, ...axis, title: { standoff: 12, ...title, font }, tickfont: { ...part(own.tickfont), color: font.color, family: FONT } };
}

function sceneOf(said: Item, grid: string, font: Item): Item {
  const axis = { gridcolor: grid, backgroundcolor: "rgba(0,0,0,0)", zerolinecolor: grid, color: font.color };
  return { ...said, bgcolor: "rgba(0,0,0,0)", ...Object.fromEntries(["xaxis", "yaxis", "zaxis"].map((name) => [name, { ...part(said[name]), ...axis }])) };
}

function part(value: unknown): Item {
  return isItem(value) ? value : {};
}

function isItem(value: unknown): value is Item {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
