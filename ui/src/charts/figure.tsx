import Plotly from "plotly.js-dist-min";
import { useEffect, useRef, useState } from "react";
import { useIsDark } from "@/app/theme";

/** A figure as ClearML's clients report it: Plotly's own JSON. What can't be drawn is told, and harms nothing else. */
export default function Figure({ text, label, height = 320 }: { text: string; label: string; height?: number }) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useIsDark();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    let figure: { data?: Plotly.Data[]; layout?: Partial<Plotly.Layout> };
    try {
      figure = JSON.parse(text) as typeof figure;
    } catch {
      setFailed(true);
      return;
    }
    const ink = dark ? "#b9b5a8" : "#5b574d";
    const grid = dark ? "#34322b" : "#e5e1d7";
    const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true };
    const layout = { ...figure.layout } as Record<string, unknown>;
    for (const name of Object.keys(layout)) if (/^[xy]axis\d*$/.test(name)) layout[name] = { ...axis, ...(layout[name] as object) };
    delete layout.width;
    delete layout.height;
    void Plotly.newPlot(
      host,
      figure.data ?? [],
      {
        ...layout,
        xaxis: { ...axis, ...(layout.xaxis as object) },
        yaxis: { ...axis, ...(layout.yaxis as object) },
        title: undefined,
        autosize: true,
        margin: { l: 48, r: 16, t: 16, b: 40 },
        paper_bgcolor: "transparent",
        plot_bgcolor: "transparent",
        font: { color: ink, size: 12, family: "system-ui, sans-serif" },
        height,
      } as Partial<Plotly.Layout>,
      { responsive: true, displaylogo: false, showTips: false, modeBarButtonsToRemove: ["sendDataToCloud"] as never[] },
    ).catch(() => setFailed(true));
    return () => Plotly.purge(host);
  }, [text, dark, height]);
  if (failed) return <p className="state soft">This figure can't be drawn: it is no figure of Plotly.</p>;
  return <div ref={place} role="group" aria-label={label} style={{ minHeight: height }} />;
}
