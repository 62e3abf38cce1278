import { useMemo } from "react";
import { fetched } from "@/components/fetched";
import { Broken } from "./broken";
import { FigureTable } from "./figure-table";
import { parsed } from "./figures";

// Plotly is as large as the rest of the page: it is loaded for what only it can draw.
const Drawn = fetched(() => import("./drawn"));

/** A plot as ClearML's clients report it: Plotly's own JSON. What can't be drawn is told, and harms nothing else. */
export function Figure({ text, label, file = label }: { text: string; label: string; file?: string }) {
  const found = useMemo(() => parsed(text), [text]);
  if (found.kind === "broken") return <Broken why={found.why} />;
  if (found.kind === "table") return <FigureTable header={found.header} rows={found.rows} label={label} file={file} />;
  return (
    <Drawn data={found.data} layout={found.layout} label={label} file={file} />
  );
}
