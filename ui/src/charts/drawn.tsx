import Plotly from "plotly.js-dist-min";
import { useEffect, useRef, useState } from "react";
import { useIsDark } from "@/app/theme";
import { Broken } from "./broken";
import { heightOf, layoutOf, tracesOf } from "./figures";

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
      void Plotly.react(host, tracesOf(data, layout, dark), layoutOf(layout, dark, height), {
        responsive: true,
        displaylogo: false,
        showTips: false,
        displayModeBar: "hover",
        // Nothing leaves the page: its button to share a chart would send it to a service of Plotly's.
        showSendToCloud: false,
        modeBarButtonsToRemove: ["sendChartToCloud", "sendDataToCloud", "lasso2d", "select2d"],
        toImageButtonOptions: { filename: file.replace(/[/\\:]/g, "_"), scale: 2 },
      }).catch(fail);
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
