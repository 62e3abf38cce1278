import { Download, Maximize, Minimize, ZoomOut } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { tell } from "@/app/toasts";
import { Button } from "@/components/button";
import { Menu } from "@/components/menu";
import { save } from "@/components/save";
import { Chart, type ChartHandle } from "./chart";
import type { Ink } from "./colours";
import { HEIGHTS, type Look } from "./controls";
import { bare, type Line } from "./line";
import { pngOf, svgOf } from "./picture";
import { smooth } from "./smoothing";
import type { Span } from "./view";

interface ChartPanelProps {
  title: string;
  /** What saved files are called, without their ending. */
  file: string;
  lines: readonly Line[];
  look: Look;
  group: string;
  inks?: ReadonlyMap<string, Ink> | undefined;
  range: Span | null;
  onZoom: (range: Span | null) => void;
  /** Every point of the curves as a table, not only those that are drawn. */
  onTable: () => Promise<string>;
  children?: ReactNode;
}

/** A chart with its name, and with what can be done with it. */
export function ChartPanel({ title, file, lines, look, group, inks, range, onZoom, onTable, children }: ChartPanelProps) {
  const frame = useRef<HTMLElement>(null);
  const chart = useRef<ChartHandle>(null);
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const onChange = () => setFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener("fullscreenchange", onChange);
    return () => document.removeEventListener("fullscreenchange", onChange);
  }, []);
  const plain = useMemo(() => (look.hasBands ? lines : lines.map(bare)), [lines, look.hasBands]);
  const drawn = useMemo(() => (look.strength ? plain.map((one) => ({ ...one, y: smooth(one.y, look.how, look.strength) })) : plain), [plain, look.how, look.strength]);
  const behind = useMemo(() => (look.strength && plain.length <= 12 ? plain.map(bare) : undefined), [plain, look.strength]);
  return (
    <section ref={frame} className={`panel chart-panel ${isFull ? "full-screen" : ""}`}>
      <header>
        <h3 className="grow ellipsis" title={title}>
          {title.replace(/^:monitor:/, "machine: ")}
        </h3>
        {children}
        {range ? <Button look="quiet" icon={<ZoomOut />} label="Show the whole axis" onClick={() => onZoom(null)} /> : null}
        <Menu
          button={<Button look="quiet" icon={<Download />} label={`Save ${title}`} />}
          container={isFull ? frame.current : null}
          choices={[
            { label: "Picture (PNG)", onChoose: () => void keep(chart.current, file, title, true) },
            { label: "Drawing (SVG)", onChoose: () => void keep(chart.current, file, title, false) },
            { label: "All points (CSV)", onChoose: () => void onTable().then((text) => save(`${file}.csv`, text), (error: unknown) => tell(`The points could not be read: ${error instanceof Error ? error.message : String(error)}`)) },
          ]}
        />
        <Button look="quiet" icon={isFull ? <Minimize /> : <Maximize />} label={isFull ? "Leave the full screen" : `Show ${title} on the full screen`} onClick={() => void (isFull ? document.exitFullscreen() : frame.current?.requestFullscreen())} />
      </header>
      <Chart
        ref={chart}
        lines={drawn}
        behind={behind}
        axis={look.axis}
        isLogX={look.isLogX}
        isLogY={look.isLogY}
        isCalm={look.isCalm}
        height={isFull ? Math.max(240, innerHeight - 190) : HEIGHTS[look.size]}
        group={group}
        inks={inks}
        range={range}
        onZoom={onZoom}
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
