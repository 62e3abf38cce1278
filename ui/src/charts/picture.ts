import type { Line } from "./joined";

/** All that a picture of a chart says. Places are in pixels of the chart. */
export interface Picture {
  title: string;
  width: number;
  height: number;
  plot: { left: number; top: number; width: number; height: number };
  xTicks: [number, string][];
  yTicks: [number, string][];
  lines: readonly Line[];
  colourOf: (line: Line) => string;
  at: (x: number, y: number) => [number, number];
  ink: string;
  grid: string;
  ground: string;
}

const TITLE = 28;
const ROW = 20;

/** A chart as an SVG that stands on its own: its title, its axes, its curves and their names. */
export function svgOf(picture: Picture): string {
  const { width, height, plot, ink, grid, ground } = picture;
  const perRow = Math.max(1, Math.floor((width - 16) / 180));
  const whole = TITLE + height + Math.ceil(picture.lines.length / perRow) * ROW + 12;
  const parts = [
    `<rect width="${width}" height="${whole}" fill="${ground}"/>`,
    `<text x="12" y="19" font-size="14" font-weight="600" fill="${ink}">${escaped(picture.title)}</text>`,
    `<clipPath id="plot"><rect x="${plot.left}" y="${plot.top}" width="${plot.width}" height="${plot.height}"/></clipPath>`,
    `<g transform="translate(0 ${TITLE})">`,
    ...picture.xTicks.map(
      ([x, label]) =>
        `<path d="M${round(x)} ${plot.top}v${plot.height}" stroke="${grid}"/><text x="${round(x)}" y="${plot.top + plot.height + 18}" text-anchor="middle" fill="${ink}">${escaped(label)}</text>`,
    ),
    ...picture.yTicks.map(
      ([y, label]) =>
        `<path d="M${plot.left} ${round(y)}h${plot.width}" stroke="${grid}"/><text x="${plot.left - 6}" y="${round(y + 4)}" text-anchor="end" fill="${ink}">${escaped(label)}</text>`,
    ),
    `<g clip-path="url(#plot)" fill="none" stroke-linejoin="round">`,
    ...picture.lines.flatMap((line) => [
      ...(line.low && line.high ? [`<path d="${area(line, picture.at)}" fill="${picture.colourOf(line)}" fill-opacity="0.15"/>`] : []),
      `<path d="${path(line.x, line.y, picture.at)}" stroke="${picture.colourOf(line)}" stroke-width="1.75"/>`,
    ]),
    "</g></g>",
    ...picture.lines.map((line, index) => {
      const x = 12 + (index % perRow) * 180;
      const y = TITLE + height + Math.floor(index / perRow) * ROW + 8;
      const name = line.name.length > 24 ? `${line.name.slice(0, 23)}…` : line.name;
      return `<rect x="${x}" y="${y}" width="12" height="4" rx="2" fill="${picture.colourOf(line)}"/><text x="${x + 18}" y="${y + 6}" fill="${ink}">${escaped(name)}</text>`;
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" font-family="system-ui, sans-serif" font-size="12">${parts.join("")}</svg>`;
}

/** An SVG as a PNG of twice its size. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * 2;
  canvas.height = image.height * 2;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("this browser makes no picture")))));
}

function path(x: readonly number[], y: readonly (number | null)[], at: Picture["at"]): string {
  let isDown = false;
  let found = "";
  x.forEach((place, index) => {
    const value = y[index];
    if (value === null || value === undefined || !Number.isFinite(value)) return;
    const [left, top] = at(place, value);
    if (!Number.isFinite(left) || !Number.isFinite(top)) return;
    found += `${isDown ? "L" : "M"}${round(left)} ${round(top)}`;
    isDown = true;
  });
  return found;
}

function area(line: Line, at: Picture["at"]): string {
  const back = path([...line.x].reverse(), [...(line.low ?? [])].reverse(), at).replace(/^M/, "L");
  return `${path(line.x, line.high ?? [], at)}${back}Z`;
}

function round(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
