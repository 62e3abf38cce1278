import type { Ink } from "./colours";
import { keyOf, type Line } from "./line";
import { type Pen, trace, traceBand } from "./trace";
import type { Plane } from "./view";

/** All that a picture of a chart says. Places are in pixels of the chart. */
export interface Picture {
  title: string;
  width: number;
  height: number;
  /** Where the plane of the lines lies. */
  left: number;
  top: number;
  plane: Plane;
  xTicks: [number, string][];
  yTicks: [number, string][];
  lines: readonly Line[];
  inkOf: (key: string) => Ink;
  ink: string;
  grid: string;
  ground: string;
}

const TITLE = 28;
const ROW = 20;

/** A chart as an SVG that stands on its own: its title, its axes, its curves and their names. */
export function svgOf(picture: Picture): string {
  const { width, height, left, top, plane, ink, grid, ground, inkOf } = picture;
  const perRow = Math.max(1, Math.floor((width - 16) / 180));
  const whole = TITLE + height + Math.ceil(picture.lines.length / perRow) * ROW + 12;
  const parts = [
    `<rect width="${width}" height="${whole}" fill="${ground}"/>`,
    `<text x="12" y="19" font-size="14" font-weight="600" fill="${ink}">${escaped(picture.title)}</text>`,
    `<clipPath id="plot"><rect width="${plane.width}" height="${plane.height}"/></clipPath>`,
    `<g transform="translate(0 ${TITLE})">`,
    ...picture.xTicks.map(([x, label]) => `<path d="M${round(x)} ${top}v${plane.height}" stroke="${grid}"/><text x="${round(x)}" y="${top + plane.height + 18}" text-anchor="middle" fill="${ink}">${escaped(label)}</text>`),
    ...picture.yTicks.map(([y, label]) => `<path d="M${left} ${round(y)}h${plane.width}" stroke="${grid}"/><text x="${left - 6}" y="${round(y + 4)}" text-anchor="end" fill="${ink}">${escaped(label)}</text>`),
    `<g transform="translate(${left} ${top})" clip-path="url(#plot)" fill="none" stroke-linejoin="round">`,
    ...picture.lines.map((line) => (line.low && line.high ? `<path d="${band(line, plane)}" fill="${inkOf(keyOf(line)).colour}" fill-opacity="0.15"/>` : "")),
    ...picture.lines.map((line) => `<path d="${path(line, plane)}" stroke="${inkOf(keyOf(line)).colour}" stroke-width="1.75"${dashed(inkOf(keyOf(line)))}/>`),
    "</g></g>",
    ...picture.lines.map((line, index) => {
      const x = 12 + (index % perRow) * 180;
      const y = TITLE + height + Math.floor(index / perRow) * ROW + 8;
      const name = line.name.length > 24 ? `${line.name.slice(0, 23)}…` : line.name;
      return `<path d="M${x} ${y + 2}h16" fill="none" stroke="${inkOf(keyOf(line)).colour}" stroke-width="3"${dashed(inkOf(keyOf(line)))}/><text x="${x + 22}" y="${y + 6}" fill="${ink}">${escaped(name)}</text>`;
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

/** A pen that writes what it draws as the text of a path. */
class Writer implements Pen {
  text = "";
  moveTo(x: number, y: number): void {
    this.text += `M${round(x)} ${round(y)}`;
  }
  lineTo(x: number, y: number): void {
    this.text += this.text ? `L${round(x)} ${round(y)}` : `M${round(x)} ${round(y)}`;
  }
}

function path(line: Line, plane: Plane): string {
  const pen = new Writer();
  trace(pen, line.x, line.y, plane);
  return pen.text;
}

function band(line: Line, plane: Plane): string {
  const pen = new Writer();
  traceBand(pen, line.x, line.low ?? [], line.high ?? [], plane);
  return `${pen.text}Z`;
}

function dashed(ink: Ink): string {
  return ink.dash.length ? ` stroke-dasharray="${ink.dash.join(" ")}"` : "";
}

function round(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
