import Plotly from "plotly.js-dist-min";
import { useEffect, useRef, useState } from "react";
import { useIsDark } from "@/app/theme";
import { Broken } from "./broken";
import { inked, inkedNotes, type Shading } from "./cells";
import { heightOf, layoutOf, tracesOf } from "./figures";

interface Resolved {
  type?: string;
  colorscale?: Shading["colours"];
  reversescale?: boolean;
  zmin?: number;
  zmax?: number;
  coloraxis?: string;
}

/** How the matrices of a figure that is drawn are shaded; null for all else, and where Plotly does not say. */
function shadingsOf(host: HTMLElement, count: number): (Shading | null)[] {
  const { _fullData: all = [], _fullLayout: layout = {} } = host as { _fullData?: Resolved[]; _fullLayout?: Record<string, unknown> };
  return Array.from({ length: count }, (_, at) => {
    const trace = all[at];
    if (trace?.type !== "heatmap") return null;
    const axis = trace.coloraxis ? (layout[trace.coloraxis] as { colorscale?: Shading["colours"]; reversescale?: boolean; cmin?: number; cmax?: number } | undefined) : undefined;
    const { colorscale, reversescale } = axis ?? trace;
    const [low, high] = axis ? [axis.cmin, axis.cmax] : [trace.zmin, trace.zmax];
    if (!Array.isArray(colorscale) || low === undefined || high === undefined) return null;
    return { low, high, colours: reversescale ? [...colorscale].reverse().map(([place, colour]) => [1 - place, colour] as const) : colorscale };
  });
}

/** The figure once more, with all that stands in cells in an ink that can be read there; null if nothing does. */
function readable(traces: Plotly.Data[], look: Record<string, unknown>, shadings: (Shading | null)[]): { traces: Plotly.Data[]; look: Record<string, unknown> } | null {
  const at = shadings.findIndex((shading) => shading !== null);
  const [first, shading] = [traces[at], shadings[at]];
  if (!first || !shading) return null;
  const written = traces.flatMap((trace, index) => inked(trace, shadings[index] ?? null));
  const notes = Array.isArray(look.annotations) ? (look.annotations as Record<string, unknown>[]) : [];
  if (!notes.length && written.every((trace, index) => trace === traces[index])) return null;
  return { traces: written, look: notes.length ? { ...look, annotations: inkedNotes(notes, first, shading) } : look };
}

/** A figure, drawn by Plotly. */
export default function Drawn({ data, layout, label, file }: { data: Plotly.Data[]; layout: Record<string, unknown>; label: string; file: string }) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useIsDark();
  const [failed, setFailed] = useState("");
  const height = heightOf(data);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    let isGone = false;
    setFailed("");
    const fail = (error: unknown) => (isGone ? undefined : setFailed(`Plotly says: ${error instanceof Error ? error.message : String(error)}`));
    try {
      // The same host again: a figure of another step takes the place of the one before without a jump.
      const traces = tracesOf(data, layout, dark);
      const look = layoutOf(layout, dark, height);
      const options = {
        responsive: true,
        displaylogo: false,
        showTips: false,
        displayModeBar: "hover",
        // Nothing leaves the page: its button to share a chart would send it to a service of Plotly's.
        showSendToCloud: false,
        modeBarButtonsToRemove: ["sendChartToCloud", "sendDataToCloud", "lasso2d", "select2d"],
        toImageButtonOptions: { filename: file.replace(/[/\\:]/g, "_"), scale: 2 },
      };
      Plotly.react(host, traces, look, options)
        .then(() => {
          // Only Plotly knows how it shades a matrix whose colours it was told by name; what is written there has to be read on them.
          const next = isGone ? null : readable(traces, look, shadingsOf(host, traces.length));
          return next ? Plotly.react(host, next.traces, next.look, options) : undefined;
        })
        .catch(fail);
    } catch (error) {
      fail(error);
    }
    return () => {
      isGone = true;
    };
  }, [data, layout, dark, height, file]);
  useEffect(() => {
    const host = place.current;
    return () => (host ? Plotly.purge(host) : undefined);
  }, []);
  return (
    <>
      {failed ? <Broken why={failed} /> : null}
      <div ref={place} role="group" aria-label={label} style={{ minHeight: height }} hidden={failed !== ""} />
    </>
  );
}
