import { Download, Maximize, Minimize } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "@/components/button";
import { Menu } from "@/components/menu";
import { csv, save } from "@/components/save";
import { Chart, type ChartHandle } from "./chart";
import type { Look } from "./controls";
import type { Line } from "./joined";
import { smooth } from "./smoothing";
import { pngOf, svgOf } from "./picture";

interface ChartPanelProps {
  title: string;
  /** What saved files are called, without their ending. */
  file: string;
  lines: readonly Line[];
  look: Look;
  group: string;
  colours?: ReadonlyMap<string, string>;
  range?: readonly [number, number] | null;
  onZoom?: (range: [number, number] | null) => void;
  children?: ReactNode;
}

/** A chart with its name, and with what can be done with it. */
export function ChartPanel({ title, file, lines, look, group, colours, range, onZoom, children }: ChartPanelProps) {
  const frame = useRef<HTMLElement>(null);
  const chart = useRef<ChartHandle>(null);
  const [isFull, setFull] = useState(false);
  const [zoomed, setZoomed] = useState<[number, number] | null>(null);
  const zoom = useCallback((next: [number, number] | null) => (setZoomed(next), onZoom?.(next)), [onZoom]);
  useEffect(() => {
    const onChange = () => setFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener("fullscreenchange", onChange);
    return () => document.removeEventListener("fullscreenchange", onChange);
  }, []);
  const smoothed = useMemo(() => (look.strength ? lines.map((one) => ({ ...one, y: smooth(one.y, look.how, look.strength) })) : lines), [lines, look.how, look.strength]);
  const shown = range === undefined ? zoomed : range;
  return (
    <section ref={frame} className={`panel chart-panel ${isFull ? "full-screen" : ""}`}>
      <header>
        <h3 className="grow ellipsis" title={title}>
          {title.replace(/^:monitor:/, "machine: ")}
        </h3>
        {children}
        {shown ? (
          <Button look="quiet" onClick={() => zoom(null)}>
            Whole
          </Button>
        ) : null}
        <Menu
          button={<Button look="quiet" icon={<Download />} label={`Save ${title}`} />}
          container={isFull ? frame.current : null}
          choices={[
            { label: "Picture (PNG)", onChoose: () => void keep(chart.current, file, title, true) },
            { label: "Drawing (SVG)", onChoose: () => void keep(chart.current, file, title, false) },
            { label: "Data (CSV)", onChoose: () => save(`${file}.csv`, tableOf(lines)) },
          ]}
        />
        <Button look="quiet" icon={isFull ? <Minimize /> : <Maximize />} label={isFull ? "Leave the full screen" : `Show ${title} on the full screen`} onClick={() => void (isFull ? document.exitFullscreen() : frame.current?.requestFullscreen())} />
      </header>
      <Chart
        ref={chart}
        lines={smoothed}
        behind={look.strength && lines.length <= 12 ? lines : undefined}
        axis={look.axis}
        logarithmic={look.isLog}
        calm={look.isCalm}
        height={isFull ? Math.max(240, innerHeight - 190) : 220}
        group={group}
        {...(colours ? { colours } : {})}
        range={shown}
        onZoom={zoom}
        label={title}
      />
    </section>
  );
}

async function keep(chart: ChartHandle | null, file: string, title: string, isPicture: boolean): Promise<void> {
  const picture = chart?.picture(title);
  if (!picture) return;
  const svg = svgOf(picture);
  if (isPicture) save(`${file}.png`, await pngOf(svg));
  else save(`${file}.svg`, svg, "image/svg+xml");
}

function tableOf(lines: readonly Line[]): string {
  const hasBand = lines.some((line) => line.low);
  const rows = lines.flatMap((one) => one.x.map((x, at) => [one.name, x, one.y[at], ...(hasBand ? [one.low?.[at], one.high?.[at]] : [])]));
  return csv([["curve", "x", "y", ...(hasBand ? ["low", "high"] : [])], ...rows]);
}
